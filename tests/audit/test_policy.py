"""Levels and strategies by app and model; what is never left out; values under a key."""

from __future__ import annotations

import json

import pytest

from audit import Desk, Ended, Found, Notice, Redactor, Rule, open_pseudonyms, open_trail
from audit.redact import TYPES
from audit.redact.detect import DETECTORS
from audit.redact.plugins import wrap


async def run(folder, call, app="bali-zero", text="mail bob@example.com", **settings):
    trail = open_trail(path=folder, key="k", **settings)
    await trail.start()
    await trail.received(call("s1", text=text, app=app))
    await trail.ended(Ended(stream_id="s1", outcome="done", answer=text))
    await trail.notice(Notice(event="flag.changed"))
    await trail.aclose()


RULES = [
    Rule(apps=("quiet",), level="none"),
    Rule(apps=("thin",), models=("default",), level="metadata"),
    Rule(apps=("thin",), level="sealed"),
    Rule(apps=("masked",), strategies={"EMAIL": "mask"}),
]


@pytest.mark.parametrize(("app", "level"), [("thin", "metadata"), ("other", "redacted")])
async def test_first_rule_that_matches_counts(tmp_path, call, records, app, level):
    await run(tmp_path, call, app, rules=RULES)

    assert [r["level"] for r in records(tmp_path, prefix="chat.received")] == [level]
    words = records(tmp_path, prefix="chat.content", content=True)
    assert bool(words) == (level != "metadata")


async def test_level_none_leaves_chats_out_and_nothing_else(tmp_path, call, records):
    await run(tmp_path, call, "quiet", rules=RULES)
    Desk(tmp_path, open_pseudonyms(tmp_path, "k")).erase("user:alice")

    assert records(tmp_path) == []
    assert len(records(tmp_path, prefix="flag.changed")) == 1
    assert len(records(tmp_path, prefix="subject.erasure.done")) == 1


async def test_strategies_of_a_rule_go_on_top_of_those_of_the_trail(tmp_path, call, records):
    text = "mail bob@example.com from 203.0.113.9"
    await run(tmp_path, call, "masked", text, rules=RULES, strategies={"IP": "placeholder"})

    words = json.dumps(records(tmp_path, prefix="chat.content", content=True), ensure_ascii=False)
    assert "[EMAIL •@example.com]" in words
    assert "[IP]" in words


async def test_encrypted_values_are_read_by_export_and_gone_after_erasure(tmp_path, call, records):
    await run(tmp_path, call, strategies={"EMAIL": "encrypt", "PASSWORD": "placeholder"})
    stored = json.dumps(records(tmp_path, prefix="chat.content", content=True))
    desk = Desk(tmp_path, open_pseudonyms(tmp_path, "k"))
    asked = agreed(tmp_path)

    assert "bob@example.com" not in stored
    assert "[EMAIL sealed:" in stored
    assert "bob@example.com" not in str(desk.export("user:alice").records)
    assert "bob@example.com" in str(desk.export("user:alice", unseal=asked).records)
    desk.erase("user:alice")
    assert "bob@example.com" not in str(desk.export("user:alice", unseal=asked).records)


def agreed(folder):
    """Let one person ask for what is sealed of alice, and another agree."""
    ann, ben = (Desk(folder, open_pseudonyms(folder, "k"), by=by) for by in ("ann", "ben"))
    asked = ann.ask_to_unseal("user:alice", "her own request")
    ben.approve(asked)
    return asked


async def test_sealed_chats_say_why_and_reading_them_is_on_record(tmp_path, call, records):
    await run(tmp_path, call, level="sealed", purpose="complaints")
    asked = agreed(tmp_path)
    ann = Desk(tmp_path, open_pseudonyms(tmp_path, "k"), by="ann")
    found = ann.export("user:alice", unseal=asked)

    assert [r["purpose"] for r in records(tmp_path, prefix="chat.received")] == ["complaints"]
    assert "bob@example.com" in str(found.records)
    read = records(tmp_path, prefix="subject.export.served")
    assert [(r["by"], r["opened"]) for r in read] == [("ann", 2)]


@pytest.mark.parametrize(
    "strategy", ["mask", "hash", "pseudonym", "encrypt", "placeholder", "keep"]
)
def test_no_strategy_leaves_a_trace_of_a_secret(strategy):
    redactor = Redactor(lambda kind, value: value, strategies={"*": strategy})

    assert redactor.redact("password: hunter2secret").text == "password: [PASSWORD]"


def find_members(text):
    at = text.find("MEMBER-")
    if at >= 0:
        yield Found(at, at + 11, "MEMBER")


def test_detector_of_another_package_is_asked_like_ours():
    redactor = Redactor(
        lambda kind, value: "x", detectors=(*DETECTORS, wrap("members", find_members))
    )

    done = redactor.redact("I am MEMBER-7712, mail a@example.com")

    assert done.text == "I am [MEMBER_x], mail [EMAIL_x]"


async def test_plugin_that_fails_withholds_words_and_stops_nothing(
    tmp_path, call, records, monkeypatch
):
    def broken(text):
        raise RuntimeError(text)

    monkeypatch.setattr(
        "audit.redact.plugins.load", lambda names, _: (wrap("broken", broken),) if names else ()
    )
    await run(tmp_path, call, detectors=("broken",))

    assert {r["content_withheld"] for r in records(tmp_path)} == {"redactor_failed"}
    assert "bob@" not in str(records(tmp_path, prefix="chat.content", content=True))


def test_plugin_that_is_not_installed_is_named(tmp_path):
    with pytest.raises(LookupError, match="absent"):
        open_trail(path=tmp_path, key="k", detectors=("absent",))


def test_list_of_types_is_complete():
    from bench.redaction import labelled

    redactor = Redactor(lambda kind, value: "x")
    found = {f.type for line, _ in labelled() for f in redactor.redact(line).findings}

    assert found <= TYPES
