"""A file on disk, judged; problems are found by their path."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.config import Loaded, Problem, examine

Judge = Callable[..., Loaded]


@pytest.fixture
def judge(tmp_path: Path) -> Judge:
    """Return a function that judges the text of a file with an environment."""

    def run(text: str, **environ: str) -> Loaded:
        file = tmp_path / "gateway.yaml"
        file.write_text(text, encoding="utf-8")
        return examine(str(file), environ)

    return run


@pytest.fixture
def problem(judge: Judge) -> Callable[..., Problem]:
    """Return a function that judges a text which must have exactly one problem."""

    def run(text: str, **environ: str) -> Problem:
        problems = judge(text, **environ).problems
        assert len(problems) == 1, problems
        assert problems[0].remedy
        return problems[0]

    return run
