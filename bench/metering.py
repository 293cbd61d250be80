"""What metrics and the rollup cost: at the end of an answer, once a minute, and so a token.

Run: python -m bench.metering; with PROMETHEUS_MULTIPROC_DIR=FOLDER as several workers do it.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from typing import cast

import msgspec

from backends import Attempt, Text, Usage
from bench.rows import Row, render
from gateway.report import take
from gateway.stream.end import End
from gateway.stream.generation import Generation
from gateway.stream.source import Source
from gateway.stream.transcript import Transcript
from gateway.telemetry.measure import Asked, measure_generation, measure_request
from gateway.telemetry.metrics import Metrics

ROUNDS, TIMES = 7, 2_000
TOKENS = 100
"""Tokens of an answer; shorter ones cost more a token."""
A_SECOND = 1_000
"""Tokens a second of a worker that takes its snapshot once a minute."""
LIMIT_US = 3.0


class Answer:
    """As much of a generation as is measured at its end."""

    def __init__(self, tokens: int) -> None:
        now = time.perf_counter()
        self.transcript = Transcript("default", now)
        for _ in range(tokens):
            self.transcript.observe(Text("word "), time.perf_counter())


def cost_us(work: Callable[[], object], times: int = TIMES) -> float:
    """Return what one call takes of the processor, the best of a few rounds."""
    found = []
    for _ in range(ROUNDS):
        began = time.process_time()
        for _ in range(times):
            work()
        found.append((time.process_time() - began) / times * 1e6)
    return min(found)


def rows() -> list[Row]:
    """Return the costs."""
    metrics = Metrics(os.environ.get("PROMETHEUS_MULTIPROC_DIR"))
    generation = cast(Generation, Answer(TOKENS))
    asked = Asked(cast(Source, None), time.perf_counter())
    end = End(
        outcome="done", usage=Usage(9, TOKENS), model="default", finish_reason="stop",
        backend="demo", attempts=(Attempt("demo", "default", "served", 900),), duration_ms=900,
    )  # fmt: skip

    def answer() -> None:
        measure_generation(metrics, generation, end, "bali-zero", "widget", asked)
        measure_request(metrics, "chat_stream", "/api/v2/{app}/chat-stream", "GET", 200, 0.9)

    def snapshot() -> bytes:
        return msgspec.json.encode(take(metrics.collect(), time.time(), "boot"))

    one, kept = cost_us(answer), cost_us(snapshot, 20)
    token = one / TOKENS + kept / 60 / A_SECOND
    return [
        Row("metrics of an answer at its end, us", one),
        Row("a snapshot for the rollup, once a minute, us", kept),
        Row(
            f"both a token, answers of {TOKENS}, {A_SECOND:,} tokens a second, us", token, LIMIT_US
        ),
    ]


def main() -> int:
    """Print the costs; return 1 where a token costs too much."""
    found = rows()
    print(render(found))
    return int(any(row.is_missed for row in found))


if __name__ == "__main__":
    sys.exit(main())
