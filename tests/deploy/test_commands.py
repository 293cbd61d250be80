"""Every command of the guides is run against a gateway: none is wrong use, none breaks."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.cli.main import root
from tests.deploy.test_documents import commands, resolved
from tests.e2e.processes import Gateway

ADMIN = "the-admin-key-of-this-test"
ELSEWHERE = {
    "gateway serve": "it is what every test here starts",
    "gateway report --prometheus": "tests/gateway/rollout",
    "gateway compat": "tests/e2e/test_compat.py",
    "gateway checklist run --all": "its rows: tests/gateway/checklist",
}
"""Beginnings of commands that cannot run here, and where they are run."""
SHORTER = (
    (r" > \S+$", ""),
    (r"--duration 20", "--duration 1"), (r"--idle 70", "--idle 1"), (r"--streams 150", ""),
    (r"(bench|checklist run)", r"\1 --streams 5"), (r"https://[a-z.]+", "URL"),
)  # fmt: skip
CONFIG = {
    "backends": {"demo": {"kind": "script"}},
    "models": {"default": {"targets": [{"backend": "demo"}]}},
    "apps": {"bali-zero": {"limits": ["wide"]}},
    "limits": {"wide": {"per": ["user"], "requests": 5000, "window_s": 60}},
    "breaker": False,
}


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with Gateway(tmp_path_factory.mktemp("var"), CONFIG, GATEWAY_ADMIN_KEY=ADMIN) as running:
        yield running


def words_of(line: str, url: str) -> list[str]:
    """Return the words of a command, pointed at the gateway and made shorter."""
    for pattern, shorter in SHORTER:
        line = re.sub(pattern, shorter, line)
    words = [url if word == "URL" else word for word in shlex.split(line)[1:]]
    command, _ = resolved(list(words))
    takes_url = any("--url" in parameter.opts for parameter in command.params)
    return [*words, "--url", url] if takes_url and "--url" not in words else words


def distinct() -> list[str]:
    """Return the commands, one of those that differ in their reason only."""
    found = {re.sub(r"--reason .*", "", line): line for line in commands()}
    return sorted(line for line in found.values() if not line.startswith(tuple(ELSEWHERE)))


@pytest.mark.timeout(90)
@pytest.mark.parametrize("line", distinct())
def test_a_command_of_a_guide_runs(
    line: str, gateway: Gateway, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    runner, environ = CliRunner(), {"GATEWAY_ADMIN_KEY": ADMIN}
    report = runner.invoke(root, ["report", "--json", "--url", gateway.wire.url], env=environ)
    (tmp_path / "before.json").write_text(report.stdout)
    (tmp_path / "gateway.yaml").write_text("apps: {bali-zero: {model: default}}\n")
    (tmp_path / "var").symlink_to(gateway.folder)
    monkeypatch.chdir(tmp_path)

    done = runner.invoke(root, words_of(line, gateway.wire.url), env=environ)

    assert done.exit_code in (0, 1), done.output
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    assert "The gateway refused" not in done.output
