"""The exit codes that the deployment guide promises: 0 yes, 1 no, 2 wrong use."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.cli.main import main

NOBODY = "http://127.0.0.1:9"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["config", "check"], 0),
        (["checklist", "list"], 0),
        (["compat", "--url", NOBODY], 1),
        (["report", "--url", NOBODY], 1),
        (["flags", "show", "--url", NOBODY], 1),
        (["report", "--nonsense"], 2),
        (["checklist", "run"], 2),
        (["bench", "--url", "nowhere"], 2),
        (["nonsense"], 2),
    ],
)
def test_a_command_ends_with_the_code_of_the_guide(
    words: list[str], code: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.chdir(tmp_path)

    with pytest.raises(SystemExit) as ended:
        main(words)

    assert ended.value.code == code


def test_the_guide_holds_the_table():
    text = (Path(__file__).parents[3] / "docs" / "deployment.md").read_text()

    assert all(f"\n| {code} | " in text for code in (0, 1, 2))
