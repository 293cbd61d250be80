"""What is measured of a generation at its end, and of a request when it is answered."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator

from backends import Batch, ChatRequest, Timeouts
from gateway.stream.end import End
from gateway.stream.generation import Generation
from gateway.stream.source import Source

from .metrics import Metrics, observe_many

NO_ERRORS = frozenset({"done", "cancelled", "client_gone", "upstream_refused"})
"""Outcomes that are nobody's failure but the client's wish or mistake."""
RETRIES = frozenset({"0", "1", "2", "3"})
"""What SDKs say of how often they tried, as far as it is a label of its own."""
STREAM_ROUTES = frozenset({
    "chat_stream", "chat_stream_post", "create", "follow", "openai_chat", "anthropic_messages",
    "openai_responses", "ai_sdk_chat", "ai_sdk_stream", "agui",
})  # fmt: skip
"""Names of routes whose answers are streams, or may be."""
STARTING_ROUTES = STREAM_ROUTES - {"follow"}
"""Names of routes that start a generation."""


class Asked:
    """The source of a generation, with the moment at which it was asked; free per event."""

    def __init__(self, source: Source, received_at: float) -> None:
        self._source = source
        self.received_at = received_at
        self.created_at = self.asked_at = time.perf_counter()

    def batches(self, request: ChatRequest) -> AsyncGenerator[Batch, None]:
        """Ask the source."""
        self.asked_at = time.perf_counter()
        return self._source.batches(request)

    def timeouts_of(self, served_by: str) -> Timeouts:
        """Return the clocks of the backend that serves."""
        return self._source.timeouts_of(served_by)


def measure_generation(
    metrics: Metrics, generation: Generation, end: End, app: str, dialect: str, asked: Asked
) -> None:
    """Count a generation that has ended, and its times."""
    metrics.active.dec()
    metrics.streams.labels(app, dialect, end.outcome).inc()
    if end.outcome not in NO_ERRORS:
        metrics.errors.labels(end.code, "stream").inc()
    metrics.duration.labels(app).observe(end.duration_ms / 1000)
    for attempt in end.attempts:
        metrics.attempts.labels(attempt.backend, attempt.outcome).inc()
    estimated = "true" if end.usage.estimated else "false"
    metrics.tokens.labels("input", estimated).inc(end.usage.input_tokens)
    metrics.tokens.labels("output", estimated).inc(end.usage.output_tokens)
    _measure_times(metrics, generation, end, app, asked)


def _measure_times(
    metrics: Metrics, generation: Generation, end: End, app: str, asked: Asked
) -> None:
    seen = generation.transcript
    if seen.first_at is None:
        return
    since_created_s = seen.first_at - seen.started_at
    overhead_s = asked.asked_at - asked.received_at
    metrics.first_token.labels(app).observe(since_created_s + asked.created_at - asked.received_at)
    metrics.first_token_overhead.labels(app).observe(overhead_s)
    wait_s = max(0.0, since_created_s - (asked.asked_at - asked.created_at))
    metrics.backend_wait.labels(end.backend).observe(wait_s)
    if seen.outputs > 1:
        gaps = metrics.inter_token.labels(app)
        observe_many(gaps, seen.last_at - seen.first_at, seen.outputs - 1)
        metrics.longest_gap.labels(app).observe(seen.longest_gap_s)


def measure_request(
    metrics: Metrics,
    name: str | None,
    route: str,
    method: str,
    status: int,
    seconds: float,
    retry: str = "",
) -> None:
    """Count an answered request; a stream's connection by whether it began."""
    metrics.requests.labels(route, method, str(status)).inc()
    if status == 429:
        metrics.limit_retries.labels(retry if retry in RETRIES else "unknown").inc()
    if name not in STREAM_ROUTES:
        metrics.request_seconds.labels(route).observe(seconds)
    elif status < 300:
        metrics.connections.labels(route, "opened").inc()
    elif status >= 500:
        metrics.connections.labels(route, "failed").inc()
