"""What the audit section may say: a journal first, sinks that can work, each once."""

from __future__ import annotations

import pytest

from audit.sinks import PostgresSink, RedisSink, SqliteSink
from gateway.app import build_rooms
from gateway.config import load
from gateway.process import Process

JOURNAL = "{kind: jsonl, path: x}"


def sinks(*more):
    return f"audit: {{sinks: [{', '.join((JOURNAL, *more))}]}}"


def test_all_kinds_together_are_fine(judge):
    more = (
        "{kind: sqlite, path: y.db}",
        "{kind: stdout}",
        "{kind: redis, url: 'redis://a:1/0', name: audit}",
        "{kind: postgres, url: 'postgresql://u:secret@h/d', name: audit}",
    )

    assert not judge(sinks(*more)).problems


def test_the_first_sink_is_the_journal(problem):
    found = problem("audit: {sinks: [{kind: sqlite, path: y.db}]}")

    assert found.path == "audit.sinks[0].kind"


@pytest.mark.parametrize(
    ("sink", "path"),
    [
        ("{kind: sqlite}", "audit.sinks[1]"),
        ("{kind: redis}", "audit.sinks[1].url"),
        ("{kind: redis, url: 'http://a'}", "audit.sinks[1].url"),
        ("{kind: postgres, url: 'redis://a'}", "audit.sinks[1].url"),
        ("{kind: postgres, url: 'postgresql://h/d', name: 'a; drop'}", "audit.sinks[1].name"),
        ("{kind: jsonl, path: z}", "audit.sinks[1].kind"),
        ("{kind: kafka}", "audit.sinks[1].kind"),
    ],
)
def test_a_sink_that_cannot_work_is_named(problem, sink, path):
    assert problem(sinks(sink)).path == path


def test_a_missing_package_is_told_with_its_extra(problem, monkeypatch):
    monkeypatch.setattr("gateway.config.audit.find_spec", lambda name: None)

    found = problem(sinks("{kind: postgres, url: 'postgresql://h/d'}"))

    assert "sluicegate[postgres]" in found.remedy


def test_rules_strategies_and_bounds_are_fine(judge):
    assert not judge(
        "audit: {strategies: {EMAIL: mask, '*': placeholder}, rotation_days: 30,"
        " max_bytes: 10000000000, purpose: complaints,"
        " rules: [{apps: [bali-zero], models: [default], level: sealed,"
        " strategies: {CARD: encrypt}}]}"
    ).problems


@pytest.mark.parametrize(
    ("section", "path"),
    [
        ("rules: [{apps: [nowhere]}]", "audit.rules[0].apps[0]"),
        ("rules: [{models: [nothing]}]", "audit.rules[0].models[0]"),
        ("rules: [{level: secret}]", "audit.rules[0].level"),
        ("rules: [{level: sealed}]", "audit.purpose"),
        ("level: sealed", "audit.purpose"),
        ("strategies: {EMIAL: mask}", "audit.strategies.EMIAL"),
        ("strategies: {EMAIL: blur}", "audit.strategies.EMAIL"),
        ("strategies: {PASSWORD: keep}", "audit.strategies.PASSWORD"),
        ("rules: [{strategies: {JWT: hash}}]", "audit.rules[0].strategies.JWT"),
        ("detectors: [absent]", "audit.detectors[0]"),
        ("max_bytes: 5", "audit.max_bytes"),
        ("rotation_days: -1", "audit.rotation_days"),
        ("published: var/audit/second", "audit.published"),
    ],
)
def test_settings_that_cannot_work_are_named(problem, section, path):
    assert problem(f"audit: {{{section}}}").path == path


async def test_the_gateway_opens_what_the_file_lists(tmp_path):
    file = tmp_path / "gateway.yaml"
    file.write_text(
        f"audit: {{sinks: [{{kind: jsonl, path: {tmp_path}/a}}, {{kind: sqlite, path: y.db}},"
        " {kind: redis, url: 'redis://127.0.0.1:1/0'},"
        " {kind: postgres, url: 'postgresql://127.0.0.1:1/d'}]}"
    )

    rooms = build_rooms(load(str(file), {}), Process())

    followers = rooms.trail._followers._all
    kinds = [type(one.sink) for one in followers]
    assert kinds == [SqliteSink, RedisSink, PostgresSink]
    for one in followers:
        await one.aclose()
