"""The command line in a process of its own, with nothing of ours in its environment."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
Run = Callable[..., subprocess.CompletedProcess[str]]
OURS = ("GATEWAY", "OPENAI", "ANTHROPIC", "REDIS", "ENABLE_SSE")


@pytest.fixture
def clean_environ() -> dict[str, str]:
    """Return the environment without variables of the gateway."""
    return {name: value for name, value in os.environ.items() if not name.startswith(OURS)}


@pytest.fixture
def run(clean_environ: dict[str, str]) -> Run:
    """Return a function that runs `python -m gateway` with words and variables."""

    def start(*words: str, **environ: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "gateway", *words],
            cwd=ROOT,
            env={**clean_environ, **environ},
            capture_output=True,
            text=True,
            timeout=15,
            check=False,
        )

    return start
