"""The security gate: what fails, what could not look, and that the two are never a pass."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from deploy.security import advisories, probes, sources
from deploy.security.check import Check, document, holds, lines_of


def test_what_could_not_look_fails_unless_it_is_allowed_by_name() -> None:
    checks = [Check("lock", "ok", "3"), Check("advisories", "NOT CHECKED", "0 of 3")]

    assert not holds(checks, set())
    assert holds(checks, {"advisories"})
    assert not holds([Check("code", "FAILED", "1")], {"code"})
    assert any("NOT CHECKED (allowed)" in line for line in lines_of(checks, {"advisories"}))
    assert json.loads(document(checks, set()))["ok"] is False


def test_every_pin_carries_hashes() -> None:
    assert sources.lock_hashes().state == "ok"


def test_an_entry_without_hash_or_exact_version_is_found(tmp_path: Path) -> None:
    (tmp_path / "x.lock").write_text(
        f"one==1.0 \\\n    --hash=sha256:{'a' * 64}\ntwo==2.0\nthree>=3\n"
    )

    found = sources.lock_hashes(("x.lock",), tmp_path)

    assert found.state == "FAILED"
    assert found.details == ("x.lock: `three>=3` is not pinned", "x.lock: two==2.0 has no hash")


@pytest.mark.parametrize(
    ("answers", "state"),
    [
        ([{"name": "a", "version": "1", "vulns": []}, {"name": "b", "version": "2", "vulns": []}],
         "ok"),
        ([{"name": "a", "version": "1", "vulns": []}] * 2, "NOT CHECKED"),
        ([{"name": "a", "skip_reason": "not found"}] * 2, "NOT CHECKED"),
        ([], "NOT CHECKED"),
        ([{"name": "a", "version": "1", "vulns": [{"id": "CVE-1"}]}], "FAILED"),
    ],
)  # fmt: skip
def test_only_packages_that_were_looked_up_count(
    answers: list[dict[str, object]], state: str
) -> None:
    pins = {("a", "1"), ("b", "2")}

    assert advisories.judge(pins, *advisories.looked_up(answers)).state == state


def test_an_advisory_service_that_cannot_be_asked_is_no_pass(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    silent = subprocess.CompletedProcess([], 0, '{"dependencies": []}', "")
    monkeypatch.setattr(advisories, "tool", lambda *_: silent)

    assert advisories.ask_service().state == "NOT CHECKED"


def test_every_mark_that_silences_a_finding_says_why() -> None:
    count, bare = sources.reasoned_marks()

    assert count > 0
    assert bare == []


def test_an_image_that_runs_as_root_or_installs_without_hashes_is_found(tmp_path: Path) -> None:
    recipe = tmp_path / "Dockerfile"
    recipe.write_text("FROM python:3.13-slim\nRUN pip install aiohttp\n")

    assert sources.image().state == "ok"
    assert len(sources.image(recipe).details) == 3


def test_a_started_gateway_passes_every_probe() -> None:
    wrong = {c.name: (c.state, c.details) for c in probes.probe_all() if c.state != "ok"}

    assert wrong == {}


def test_words_in_the_log_turn_the_redaction_probe_red(tmp_path: Path) -> None:
    (tmp_path / "audit").mkdir()
    (tmp_path / "out").write_text("")
    (tmp_path / "log").write_text(f'{{"event":"request_finished","path":"/x?query={probes.WORD}"}}')

    assert probes.redaction(tmp_path).state == "NOT CHECKED"

    (tmp_path / "audit" / "trail.jsonl").write_text(f'{{"event":"chat.received"}}{probes.MAIL}')

    assert len(probes.redaction(tmp_path).details) == 2


def test_tools_that_are_missing_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources.importlib.util, "find_spec", lambda _name: None)

    assert sources.missing_tools() == ["pip-audit", "bandit", "detect-secrets"]
