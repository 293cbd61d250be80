"""`gateway audit` as people use it: exit 0 yes, 1 no, 2 wrong use, and JSON where asked."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from audit import Ended, open_trail
from gateway.cli.audit import app

RUNNER = CliRunner()


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
