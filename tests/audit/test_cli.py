"""`gateway audit` as people use it: exit 0 yes, 1 no, 2 wrong use, and JSON where asked."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from audit import Ended, open_trail
from gateway.cli.audit import app

RUNNER = CliRunner()
CLUB = """
from audit import Found

def create():
    return lambda text: [Found(0, 11, "MEMBER")] if text.startswith("MEMBER-") else []

def bad():
    raise RuntimeError
"""


@pytest.fixture
async def folder(tmp_path, call, monkeypatch):
    monkeypatch.setenv("GATEWAY_AUDIT_KEY", "k")
    trail = open_trail(path=tmp_path / "audit", key="k")
    await trail.start()
    await trail.received(call(text="hello bob@example.com"))
    await trail.ended(Ended(stream_id="s1", outcome="done", backend="demo"))
    await trail.aclose()
    return tmp_path / "audit"


def run(*words):
    return RUNNER.invoke(app, [str(word) for word in words])


def test_verify_says_good_and_then_names_the_changed_record(folder):
    assert run("verify", "--path", folder).exit_code == 0
    path = next(p for p in folder.glob("*.jsonl") if "content" not in p.name)
    path.write_bytes(path.read_bytes().replace(b'"outcome":"done"', b'"outcome":"lost"'))

    done = run("verify", "--path", folder, "--json")

    assert done.exit_code == 1
    report = json.loads(done.stdout)
    assert report["ok"] is False
    assert report["report"]["problems"][0]["file"] == path.name


def test_folder_that_is_no_trail_is_wrong_use(tmp_path):
    assert run("verify", "--path", tmp_path / "nothing").exit_code == 2


def test_export_erase_and_export_again(folder):
    first = run("export", "user:alice", "--path", folder, "--json")
    erased = run("erase", "user:alice", "--yes", "--path", folder, "--json")
    again = run("export", "user:alice", "--path", folder, "--json")

    assert "hello [EMAIL_" in first.stdout
    assert json.loads(first.stdout)["export"]["recipients"] == ["demo"]
    assert json.loads(erased.stdout)["receipt"]["contents"] == 1
    events = [record["event"] for record in json.loads(again.stdout)["export"]["records"]]
    assert events == ["subject.erasure.done"]
    assert run("verify", "--path", folder).exit_code == 0


def test_erasure_of_nobody_is_no(folder):
    assert run("erase", "user:nobody", "--yes", "--path", folder).exit_code == 1


def test_show_search_and_reconcile(folder):
    shown = run("show", "--path", folder, "--event", "chat.", "--json")
    found = run("search", "--path", folder, "--outcome", "done")

    assert len(json.loads(shown.stdout)["records"]) == 2
    assert "chat.completed" in found.stdout
    assert run("search", "--path", folder, "--outcome", "lost").exit_code == 1
    assert run("reconcile", "--path", folder).exit_code == 0
    assert run("reconcile", "--path", folder, "--streams", "7").exit_code == 1


def test_redact_from_standard_input(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    done = RUNNER.invoke(app, ["redact", "--strategy", "placeholder"], input="mail a@example.com\n")
    told = RUNNER.invoke(app, ["redact", "--json"], input="mail a@example.com")

    assert done.stdout == "mail [EMAIL]\n"
    assert json.loads(told.stdout)["findings"][0]["type"] == "EMAIL"
    assert RUNNER.invoke(app, ["redact", "--strategy", "x"], input="").exit_code == 2


def test_a_log_can_be_piped_through_redact(tmp_path):
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    command = [sys.executable, "-m", "gateway", "audit", "redact", "--strategy", "placeholder"]
    with subprocess.Popen(command, cwd=tmp_path, **pipes) as child:
        child.stdin.write("mail a@example.com\nand b@exam")
        child.stdin.flush()
        first = child.stdout.readline()
        rest, _ = child.communicate("ple.com")

    assert first == "mail [EMAIL]\n"
    assert rest == "and [EMAIL]"


def test_redact_with_the_detectors_and_strategies_of_the_configuration(tmp_path, monkeypatch):
    info = tmp_path / "clubs-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: clubs\nVersion: 1.0\n")
    points = "[sluicegate.detectors]\nclub = club_detector:create\nbad = club_detector:bad\n"
    (info / "entry_points.txt").write_text(points)
    (tmp_path / "club_detector.py").write_text(CLUB)
    monkeypatch.syspath_prepend(str(tmp_path))
    file = tmp_path / "gateway.yaml"
    text = "MEMBER-7712, a@example.com, 0812-3456-7890\n"

    def redact(*words, detectors):
        strategies = "{EMAIL: mask, PHONE: drop, MEMBER: placeholder}"
        file.write_text(f"audit: {{detectors: [{detectors}], strategies: {strategies}}}\n")
        return RUNNER.invoke(app, ["redact", *words, "-c", str(file)], input=text)

    here = redact(detectors="club")
    apart = redact("--strategy", "placeholder", detectors="'process:club'")
    failed = redact(detectors="'process:bad'")
    monkeypatch.setenv("GATEWAY_CONFIG", str(file))
    named = RUNNER.invoke(app, ["redact"], input=text)

    assert here.stdout == "[MEMBER], [EMAIL •@example.com], \n"
    assert apart.stdout == "[MEMBER], [EMAIL], [PHONE]\n"
    for one in (failed, named):
        assert (one.exit_code, one.stdout) == (1, "")
        assert "process:bad" in one.stderr or "detector bad" in one.stderr


def test_erasure_says_first_what_would_go(folder):
    plan = run("erase", "user:alice", "--dry-run", "--path", folder)
    data = json.loads(run("erase", "user:alice", "--dry-run", "--json", "--path", folder).stdout)
    refused = RUNNER.invoke(app, ["erase", "user:alice", "--path", str(folder)], input="n\n")
    nobody = run("erase", "user:nobody", "--dry-run", "--path", folder)

    assert "To erase: texts 1, links to the name 1" in plan.output
    assert data["contents"] == 1
    assert "To erase: texts 1" in refused.output
    assert [plan.exit_code, refused.exit_code, nobody.exit_code] == [0, 1, 1]
    assert "hello [EMAIL_" in run("export", "user:alice", "--path", folder).stdout


def test_erasure_under_a_hold_names_the_command_that_ends_it(folder):
    run("hold", "user:alice", "--path", folder)

    done = run("erase", "user:alice", "--yes", "--path", folder)

    assert done.exit_code == 1
    assert "audit hold NAME --clear" in done.output


def test_whoever_reads_is_on_record(folder):
    run("show", "--content", "--by", "officer", "--path", folder)

    shown = json.loads(run("show", "--event", "audit.read", "--json", "--path", folder).stdout)

    assert [r["by"] for r in shown["records"]] == ["officer"]
    assert shown["records"][0]["with_words"] is True


def test_folder_that_is_not_there_is_named_as_it_was_looked_for(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    done = run("report")

    assert done.exit_code == 2
    assert f"{tmp_path}/var/audit" in done.output
    assert "from where the command runs" in done.output


@pytest.mark.parametrize("time", ["yesterday", "2026-13", "24.11.2026"])
def test_time_that_is_none_is_wrong_use(folder, time):
    done = run("search", "--since", time, "--path", folder)

    assert (done.exit_code == 2) == (time != "2026-13")


def test_file_that_is_damaged_is_named_and_not_a_traceback(folder):
    (link,) = folder.glob("subjects/*/*.json")
    link.write_bytes(link.read_bytes().replace(b"id", b"ie"))

    done = run("export", "user:alice", "--path", folder)

    assert done.exit_code == 1
    assert "audit verify" in done.output
    assert "Traceback" not in done.output


@pytest.fixture
def as_another_user():
    if os.getuid() != 0:
        pytest.skip("only root can become another user")
    yield 65_534
    os.seteuid(0)
    os.setegid(0)


@pytest.fixture
def reachable(folder):
    """The trail where every user can walk to; pytest's own folders are closed to others."""
    with tempfile.TemporaryDirectory() as way:
        os.chmod(way, 0o755)
        yield shutil.copytree(folder, Path(way) / "audit")


def test_root_acts_as_the_owner_of_the_trail(reachable, as_another_user):
    for path in (reachable, *reachable.rglob("*")):
        os.chown(path, as_another_user, as_another_user)

    done = run("export", "user:alice", "--path", reachable)
    os.seteuid(0)

    assert done.exit_code == 0, done.output
    assert {path.stat().st_uid for path in reachable.rglob("*")} == {as_another_user}


def test_keys_are_shown_with_the_one_to_note_down(folder):
    shown = json.loads(run("keys", "show", "--json", "--path", folder).stdout)

    (key,) = shown["signing"]
    assert run("verify", "--root", key["key"], "--path", folder).exit_code == 0
    assert key["key"] in run("keys", "show", "--path", folder).output


async def test_search_finds_a_person_by_the_mail_address(tmp_path, call, monkeypatch):
    monkeypatch.setenv("GATEWAY_AUDIT_KEY", "k")
    trail = open_trail(path=tmp_path, key="k")
    await trail.start()
    await trail.received(call(user_email="ann@example.com"))
    await trail.received(call("s2", user_email="bob@example.com"))
    await trail.aclose()

    done = run("search", "--subject", "email:Ann@example.com", "--json", "--path", tmp_path)

    assert {r["stream_id"] for r in json.loads(done.stdout)["records"]} == {"s1"}


def test_auditor_verifies_a_copy_that_he_may_only_read(reachable, as_another_user):
    for path in reachable.rglob("*"):
        path.chmod(0o555 if path.is_dir() else 0o444)
    reachable.chmod(0o555)
    for path in reachable.glob("keys/checkpoint-*.key"):
        path.chmod(0o400)
    os.seteuid(as_another_user)

    done = run("verify", "--path", reachable)
    os.seteuid(0)

    assert done.exit_code == 0, done.output
    assert "may not read it" in done.output
