"""What running streams have used so far, told so that another worker could settle them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from backends import ChatRequest, Message, Started, Text, TextPart, Usage
from gateway.config.schema import Config
from gateway.limits.metered import Metered
from gateway.limits.price import Prices
from gateway.stream.transcript import Transcript
from ratelimit import Charge, Decision, Health, Limit

REQUEST = ChatRequest(model="m", messages=(Message("user", (TextPart("x" * 40),)),))
PRICES = Prices(msgspec.yaml.decode("prices: {m: {input: 1, output: 10}}", type=Config))
TOKENS = Limit("tokens", "tokens", 9000, 60.0)
SPEND = Limit("spend", "money", 9000, 60.0)
FEW = Limit("few", "requests", 5, 60.0)


class Store:
    """Stands for a limiter: remembers what it was told."""

    def __init__(self, *, is_shared: bool = True) -> None:
        self.told: list[dict[str, int]] = []
        self._is_shared = is_shared

    def health(self) -> Health:
        return Health(is_shared=self._is_shared)

    def progress(self, decision: Decision, so_far: dict[str, int]) -> None:
        self.told.append(dict(so_far))


def stream(*limits: Limit) -> tuple[Any, Decision]:
    transcript = Transcript("m", 0.0)
    charges = tuple(Charge(limit, "s", 1000) for limit in limits)
    running = SimpleNamespace(id="a", request=REQUEST, transcript=transcript)
    return running, Decision(True, "a", charges)


@pytest.fixture
def store() -> Store:
    """A shared limiter."""
    return Store()


def test_a_stream_tells_what_it_has_said_until_it_is_settled(store):
    metered = Metered(store)
    running, decision = stream(TOKENS, SPEND, FEW)
    metered.watch(running, decision, PRICES)

    metered.tick()
    running.transcript.observe(Started("m", "demo/m"), 0.0)
    running.transcript.observe(Text("y" * 80), 0.0)
    metered.tick()
    running.transcript.observe(Usage(input_tokens=12, output_tokens=30), 0.0)
    metered.tick()
    metered.forget("a")
    metered.tick()

    assert store.told == [
        {"tokens": 0, "spend": 0},
        {"tokens": 30, "spend": 210},
        {"tokens": 42, "spend": 312},
    ]


def test_calls_that_cost_one_whatever_they_say_are_not_followed(store):
    metered = Metered(store)
    metered.watch(*stream(FEW), PRICES)

    metered.tick()

    assert store.told == []


def test_nothing_is_told_where_nobody_would_settle_in_our_place():
    alone = Store(is_shared=False)
    metered = Metered(alone)
    metered.watch(*stream(TOKENS), PRICES)

    metered.tick()

    assert alone.told == []
