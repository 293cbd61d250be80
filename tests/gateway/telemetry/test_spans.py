"""Spans: one for each generation, in the caller's trace, without a word of a person."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from gateway.config import ConfigInvalid, load, rules
from gateway.telemetry import genai
from gateway.telemetry.spans import Spans, open_spans
from tests.gateway.conftest import Inside, Running

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
WORD = "mona.lisa@example.org"


async def ask(running: Running, query: str, *headers: str) -> str:
    body = json.dumps({"query": query})
    lines = [
        "POST /api/v2/bali-zero/chat-stream HTTP/1.1", "Host: localhost", "Connection: close",
        "Content-Type: application/json", f"Content-Length: {len(body)}", *headers,
    ]  # fmt: skip
    return (await running.exchange(("\r\n".join(lines) + "\r\n\r\n" + body).encode(), 10)).decode()


async def told(running: Running, query: str, *headers: str) -> tuple[str, list[ReadableSpan]]:
    exporter = InMemorySpanExporter()
    running.rooms.spans = Spans(exporter)
    answer = await ask(running, query, *headers)
    await running.rooms.spans.aclose()
    running.rooms.spans = None
    return answer, list(exporter.get_finished_spans())


def kept(folder: Path) -> str:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return "".join(path.read_bytes().decode("utf-8", "replace") for path in files)


def ids_of(span: ReadableSpan) -> tuple[str, str | None]:
    assert span.context is not None
    return f"{span.context.trace_id:032x}", f"{span.parent.span_id:016x}" if span.parent else None


async def test_a_generation_is_one_span_in_the_trace_of_the_caller(inside: Inside):
    running = await inside()

    answer, spans = await told(running, f"[[n=3]] {WORD}", f"traceparent: 00-{TRACE}-{SPAN}-01")

    assert f"x-trace-id: {TRACE}" in answer
    assert [ids_of(span) for span in spans] == [(TRACE, SPAN)]
    assert spans[0].name == "chat default"


async def test_a_trace_that_begins_here_has_the_id_that_the_client_was_told(inside: Inside):
    running = await inside()

    answer, spans = await told(running, "[[n=3]]")

    (found,) = [ids_of(span) for span in spans]
    assert f"x-trace-id: {found[0]}" in answer
    assert found[1] is None


async def test_a_span_tells_names_and_numbers_and_no_text(inside: Inside):
    running = await inside()

    _, spans = await told(running, f"[[n=3]] {WORD}")

    attributes: dict[str, Any] = dict(spans[0].attributes or {})
    assert attributes[genai.OPERATION_NAME] == "chat"
    assert attributes[genai.PROVIDER] == "script"
    assert attributes[genai.OUTPUT_TOKENS] > 0
    assert attributes[genai.FINISH_REASONS] == ("stop",)
    assert WORD not in spans[0].to_json()


async def test_a_failed_generation_tells_its_code(inside: Inside):
    running = await inside()

    _, spans = await told(running, "[[n=3]] [[fault=503]]")

    assert (spans[0].attributes or {}).get(genai.ERROR)
    assert not spans[0].status.is_ok


async def test_what_the_caller_does_not_sample_is_not_told(inside: Inside):
    running = await inside()

    _, spans = await told(running, "[[n=3]]", f"traceparent: 00-{TRACE}-{SPAN}-00")

    assert spans == []


async def test_the_trace_is_in_the_audit_record(inside: Inside, tmp_path: Path):
    running = await inside()

    await ask(running, "[[n=1]]", f"traceparent: 00-{TRACE}-{SPAN}-01")

    assert f'"trace_id":"{TRACE}"' in kept(tmp_path)


def test_without_an_address_nothing_is_imported_or_made():
    assert open_spans(None) is open_spans("") is None
    assert load(None, {}).otel_endpoint is None


def test_the_standard_variable_switches_it_on():
    config = load(None, {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"})

    assert config.otel_endpoint == "http://127.0.0.1:4318"


def test_a_missing_package_is_an_error_at_the_start_that_names_the_extra(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(rules, "is_installed", lambda: False)

    with pytest.raises(ConfigInvalid) as caught:
        load(None, {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"})

    assert "sluicegate[otel]" in caught.value.problems[0].remedy


def test_an_address_that_is_none_is_refused():
    with pytest.raises(ConfigInvalid):
        load(None, {"OTEL_EXPORTER_OTLP_ENDPOINT": "collector:4318"})
