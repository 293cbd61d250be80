"""What is sealed is read by two people, who say why, for a day, and it is on record."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from audit import Desk, NotApproved, open_pseudonyms, open_trail, verify_trail
from gateway.cli.audit import app

DAY = 86_400


@pytest.fixture
async def folder(tmp_path, call):
    trail = open_trail(path=tmp_path, key="k", level="sealed")
    await trail.start()
    for who in ("alice", "bob"):
        await trail.received(call(who, text=f"mail {who}@example.com", identity=who))
    await trail.aclose()
    return tmp_path


def desk(folder, by, **options):
    return Desk(folder, open_pseudonyms(folder, "k"), by=by, **options)


def test_nobody_opens_alone_or_without_a_name(folder):
    request = desk(folder, "ann").ask_to_unseal("user:alice", "complaint")

    for by, about in (("ann", "another person"), ("ANN ", "another person"), ("cli", "who acts")):
        with pytest.raises(NotApproved, match=about):
            desk(folder, by).approve(request)
    with pytest.raises(NotApproved, match="who acts"):
        desk(folder, "cli").ask_to_unseal("user:alice", "complaint")
    with pytest.raises(NotApproved, match="nobody has agreed"):
        desk(folder, "ann").export("user:alice", unseal=request)
    with pytest.raises(NotApproved, match="no request"):
        desk(folder, "ben").approve("000000000000")


def test_approval_is_for_one_person_and_for_a_day(folder):
    request = desk(folder, "ann").ask_to_unseal("user:alice", "complaint")
    desk(folder, "ben").approve(request)

    opened = str(desk(folder, "ann").export("user:alice", unseal=request).records)
    with pytest.raises(NotApproved, match="somebody else"):
        desk(folder, "ann").export("user:bob", unseal=request)
    late = desk(folder, "ann", clock=lambda: 4e9)
    with pytest.raises(NotApproved, match="24 hours"):
        late.export("user:alice", unseal=request)

    assert "alice@example.com" in opened
    assert verify_trail(folder).problems == []


def test_commands_lead_from_request_to_words_and_leave_a_trace(folder, monkeypatch):
    monkeypatch.setenv("GATEWAY_AUDIT_KEY", "k")

    def run(*words):
        return CliRunner().invoke(app, [*words, "--path", str(folder), "--json"])

    asked = run("unseal", "request", "user:alice", "--by", "ann", "--reason", "asked by a@b.com")
    request = json.loads(asked.stdout)["request"]
    alone = run("unseal", "approve", request, "--by", "ann")
    agreed = run("unseal", "approve", request, "--by", "ben")
    closed = run("export", "user:alice", "--by", "ann")
    opened = run("export", "user:alice", "--by", "ann", "--unseal", request)
    shown = json.loads(run("show", "--event", "reident.").stdout)["records"]

    assert [alone.exit_code, agreed.exit_code] == [1, 0]
    assert "alice@example.com" not in closed.stdout
    assert "audit unseal" in closed.stdout
    assert "alice@example.com" in opened.stdout
    acts = [(record["event"], record["by"]) for record in shown]
    assert acts == [
        ("reident.requested", "ann"), ("reident.approved", "ben"), ("reident.served", "ann"),
    ]  # fmt: skip
    assert shown[0]["reason"].startswith("asked by [EMAIL_")
