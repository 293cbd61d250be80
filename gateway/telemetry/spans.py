"""OpenTelemetry spans: one for each generation, made when it has ended. The extra `otel`.

Off unless `otel_endpoint` is configured; then nothing is done for each token, and no text of a
person is told.
"""

from __future__ import annotations

import asyncio
import time
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import msgspec

from gateway.version import VERSION

from . import genai
from .context import Trace

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter

HINT = "pip install 'sluicegate[otel]'"
Value = str | bool | int | float | list[str]


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What is told of one generation."""

    trace: Trace
    model: str
    duration_ms: int
    error: str | None
    attributes: dict[str, Value | None]


class Spans:
    """Makes spans and hands them to an exporter, in batches beside the event loop."""

    def __init__(self, exporter: SpanExporter) -> None:
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        about = {"service.name": "sluicegate", "service.version": VERSION}
        self._ids = _ids()
        self._provider: TracerProvider = TracerProvider(
            resource=Resource.create(about), id_generator=self._ids, shutdown_on_exit=False
        )
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("sluicegate", VERSION)

    def tell(self, told: Told) -> None:
        """Make the span of a generation that ends now."""
        from opentelemetry.trace import SpanKind, StatusCode

        self._ids.next_trace = int(told.trace.id, 16)
        ended = time.time_ns()
        attributes = {name: v for name, v in told.attributes.items() if v not in (None, "", [])}
        span = self._tracer.start_span(
            f"{genai.OPERATION} {told.model}",
            context=_parent(told.trace),
            kind=SpanKind.CLIENT,
            attributes=attributes,
            start_time=ended - told.duration_ms * 1_000_000,
        )
        if told.error is not None:
            span.set_attribute(genai.ERROR, told.error)
            span.set_status(StatusCode.ERROR)
        span.end(ended)

    async def aclose(self) -> None:
        """Send what is left; off the event loop, because exporters block."""
        await asyncio.to_thread(self._provider.shutdown)


def open_spans(endpoint: str | None) -> Spans | None:
    """Return what sends spans to an OTLP address over HTTP; nothing where none is configured."""
    if not endpoint:
        return None
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    return Spans(OTLPSpanExporter(endpoint=endpoint.rstrip("/") + "/v1/traces", timeout=5))


def is_installed() -> bool:
    """Whether the packages of the extra `otel` are here."""
    try:
        return find_spec("opentelemetry.exporter.otlp.proto.http") is not None
    except ModuleNotFoundError:
        return False


def _parent(trace: Trace) -> Context:
    from opentelemetry.context import Context
    from opentelemetry.trace import (
        NonRecordingSpan,
        SpanContext,
        TraceFlags,
        set_span_in_context,
    )

    if not trace.parent:
        return Context()
    flags = TraceFlags(TraceFlags.SAMPLED if trace.is_sampled else TraceFlags.DEFAULT)
    caller = SpanContext(
        int(trace.id, 16), int(trace.parent, 16), is_remote=True, trace_flags=flags
    )
    return set_span_in_context(NonRecordingSpan(caller), Context())


def _ids() -> Any:
    """Return a generator of ids that gives a trace of ours the id which the client was told."""
    from opentelemetry.sdk.trace.id_generator import RandomIdGenerator

    class Ids(RandomIdGenerator):
        next_trace = 0

        def generate_trace_id(self) -> int:
            return self.next_trace or super().generate_trace_id()

    return Ids()
