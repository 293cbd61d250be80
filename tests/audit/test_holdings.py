"""What `audit report` counts, and the page about processing."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from audit import Desk, Ended, open_pseudonyms, open_trail, take_stock
from gateway.cli.audit import app


@pytest.fixture
async def folder(tmp_path, call, monkeypatch):
    monkeypatch.setenv("GATEWAY_AUDIT_KEY", "k")
    folder = tmp_path / "audit"
    trail = open_trail(path=folder, key="k")
    await trail.start()
    for name, who in (("a", "alice"), ("b", "bob")):
        await trail.received(call(name, text="mail x@example.com or 10.1.2.3", identity=who))
        await trail.ended(Ended(stream_id=name, outcome="done", answer="x@example.com"))
    await trail.received(call("c", text="hello", identity="bob"))
    await trail.aclose()
    Desk(folder, open_pseudonyms(folder, "k")).erase("user:alice")
    return folder


def test_counts_agree_with_what_happened(folder):
    held = take_stock(folder)

    assert held.events["chat.received"] == 3
    assert held.outcomes == {"done": 2, "shutdown": 1}
    assert held.levels == {"redacted": 3}
    assert held.found["EMAIL"] == 4
    assert held.rights == {"erasures": 1}
    assert (held.with_words, held.erased, held.people) == (3, 2, 1)
    assert held.gaps == []
    assert held.open == 0


def test_a_missing_segment_is_a_gap(folder):
    first = min(p for p in folder.glob("*.jsonl") if "content" not in p.name)
    lines = first.read_bytes().splitlines(keepends=True)
    first.write_bytes(b"".join(lines[:2] + lines[4:]))

    gaps = take_stock(folder).gaps

    assert [gap.what for gap in gaps] == ["2 records before it are not here"]


def test_report_is_for_people_and_for_programs(folder):
    text = CliRunner().invoke(app, ["report", "--path", str(folder)])
    data = CliRunner().invoke(app, ["report", "--path", str(folder), "--json"])

    assert text.exit_code == 0
    assert "words 30 days, records 190 days" in text.output
    assert "gaps: none" in text.output
    assert json.loads(data.output)["holdings"]["records"] == take_stock(folder).records


def test_page_about_processing_names_recipients_and_no_secret(tmp_path):
    file = tmp_path / "gateway.yaml"
    file.write_text(
        "backends: {openai: {kind: openai_chat, base_url: 'https://api.example.net/v1',"
        " api_key: sk-canary}}\n"
        "apps: {clinic: {redact: outbound}}\n"
        "audit: {key: canary-key, purpose: complaints, rotation_days: 30,"
        " rules: [{apps: [clinic], models: [default], level: metadata},"
        " {apps: [clinic], level: sealed}], sinks: [{kind: jsonl, path: a},"
        " {kind: postgres, url: 'postgresql://u:canary@db.example.org/d'}]}"
    )

    page = CliRunner().invoke(app, ["processing", "-c", str(file)])

    assert page.exit_code == 0, page.output
    assert "canary" not in page.output
    for words in ("api.example.net", "db.example.org", "every 30 days", "complaints"):
        assert words in page.output
    assert "| `clinic` | default | sealed | default: metadata | placeholders" in page.output
