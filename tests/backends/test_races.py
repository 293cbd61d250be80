"""Hedging, latency-aware choice and announced continuation."""

from __future__ import annotations

import asyncio
import json

import pytest

from backends import (
    NOTICE,
    BackendError,
    BackendTruncated,
    Capabilities,
    Finished,
    Other,
    Plan,
    Router,
    Started,
    Target,
    Text,
    Timeouts,
    ToolCall,
    Usage,
)
from backends.contract import ask, assert_valid_stream, collect, text_of
from backends.routes import AttemptRoute, Budget, ContinuedRoute, FastestRoute, HedgeRoute


class Voice:
    """A backend that waits, then says its name, or fails."""

    capabilities = Capabilities()
    timeouts = Timeouts()

    def __init__(self, name: str, wait_s: float = 0.0, *steps: object) -> None:
        self.name = name
        self.wait_s = wait_s
        self.steps = steps or (Text(name), Finished("stop"))
        self.requests: list = []
        self.open = 0

    async def stream(self, request):
        self.requests.append(request)
        self.open += 1
        try:
            yield Started(self.name)
            await asyncio.sleep(self.wait_s)
            for step in self.steps:
                if isinstance(step, BackendError):
                    raise step
                yield step
        finally:
            self.open -= 1

    async def aclose(self) -> None:
        pass


def hedge(*voices: Voice, after_s: float = 0.05, **options) -> HedgeRoute:
    return HedgeRoute("m", [AttemptRoute(v) for v in voices], after_s, **options)


async def test_a_quick_first_target_is_not_hedged():
    first, second = Voice("a"), Voice("b")

    assert text_of(await collect(hedge(first, second).stream(ask("x")))) == "a"
    assert second.requests == []


async def test_a_slow_first_target_loses_and_is_let_go():
    first, second = Voice("a", 30.0), Voice("b", 0.01)

    events = await collect(hedge(first, second).stream(ask("x")))

    assert_valid_stream(events)
    assert text_of(events) == "b"
    assert first.open == second.open == 0
    assert [(a.backend, a.outcome) for a in events[0].attempts] == [
        ("a", "cancelled"),
        ("b", "served"),
    ]


async def test_a_failure_of_one_leaves_the_other():
    first, second = Voice("a", 0.1, BackendError("no")), Voice("b", 0.2)
    events = await collect(hedge(first, second).stream(ask("x")))

    assert text_of(events) == "b"
    assert [a.outcome for a in events[0].attempts] == ["upstream_error", "served"]


async def test_a_failure_before_the_hedge_asks_the_next_at_once():
    first, second = Voice("a", 0.0, BackendError("no")), Voice("b")

    assert text_of(await collect(hedge(first, second, after_s=30).stream(ask("x")))) == "b"


async def test_when_all_fail_the_last_failure_tells_all_attempts():
    voices = [Voice(n, 0.0, BackendError(n)) for n in "ab"]

    with pytest.raises(BackendError, match="b") as caught:
        await collect(hedge(*voices).stream(ask("x")))
    assert [a.backend for a in caught.value.attempts] == ["a", "b"]


async def test_without_budget_nothing_is_doubled():
    first, second = Voice("a", 0.15), Voice("b")
    route = hedge(first, second, budget=Budget(share=0.0, burst=0.0))

    assert text_of(await collect(route.stream(ask("x")))) == "a"
    assert second.requests == []


async def test_cancelling_a_race_lets_everybody_go():
    first, second = Voice("a", 30.0), Voice("b", 30.0)
    task = asyncio.create_task(collect(hedge(first, second, after_s=0.01).stream(ask("x"))))
    while not second.open:  # noqa: ASYNC110 - until both run
        await asyncio.sleep(0.005)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    assert first.open == second.open == 0


async def test_the_fastest_target_is_preferred_after_each_was_tried():
    slow, quick = Voice("slow", 0.03), Voice("quick")
    routes = [AttemptRoute(slow), AttemptRoute(quick)]
    route = FastestRoute("m", routes, chance=lambda: 0.99)

    said = [text_of(await collect(route.stream(ask("x")))) for _ in range(6)]

    assert said[0] == "slow"
    assert said[2:] == ["quick"] * 4


async def test_a_failing_target_is_the_slowest():
    bad, good = Voice("bad", 0.0, BackendError("no")), Voice("good", 0.01)
    route = FastestRoute("m", [AttemptRoute(bad), AttemptRoute(good)], chance=lambda: 0.99)

    for _ in range(4):
        assert text_of(await collect(route.stream(ask("x")))) == "good"
    assert len(bad.requests) == 1


async def test_an_explorer_asks_another_target():
    routes = [AttemptRoute(Voice("a")), AttemptRoute(Voice("b"))]
    route = FastestRoute("m", routes, chance=lambda: 0.01)

    assert [r.name for r in route.ranking()] == ["b", "a"]


BROKEN = (Text("one "), Text("two "), BackendTruncated("cut"))


async def test_a_broken_text_goes_on_elsewhere_and_says_so():
    first = Voice("a", 0.0, *BROKEN)
    usage = Usage(input_tokens=3, output_tokens=4)
    second = Voice("b", 0.0, Text("three"), usage, Finished("stop"))
    plan = Plan("fallback", [Target("a", "ma"), Target("b", "mb")], continues=True)
    router = Router({"m": plan}, {"a": first, "b": second})

    events = await collect(router.stream(ask("x", model="m")))

    assert_valid_stream(events)
    assert text_of(events) == "one two three"
    notice = next(e for e in events if isinstance(e, Other) and e.wire)
    assert notice.wire.dialect == NOTICE
    told = json.loads(notice.wire.data)
    assert (told["continued_by"], told["after"]) == ("b/mb", "upstream_truncated")
    tries = [(attempt["backend"], attempt["outcome"]) for attempt in told["attempts"]]
    assert tries == [("a", "upstream_truncated"), ("b", "served")]
    assert next(e for e in events if isinstance(e, Usage)).estimated
    sent = second.requests[0].messages
    assert [m.role for m in sent] == ["user", "assistant", "user"]
    assert sent[1].parts[0].text == "one two "
    assert first.open == second.open == 0


@pytest.mark.parametrize(
    "steps",
    [
        (Text("one "), ToolCall(0, "{", id="i", name="f"), BackendTruncated("cut")),
        (Text("hm", channel="reasoning"), BackendTruncated("cut")),
    ],
)
async def test_half_a_tool_call_or_bare_reasoning_is_not_continued(until_failure, steps):
    second = Voice("b")
    route = ContinuedRoute(AttemptRoute(Voice("a", 0.0, *steps)), AttemptRoute(second))

    _, failure = await until_failure(route.stream(ask("x")))

    assert isinstance(failure, BackendTruncated)
    assert second.requests == []


async def test_if_nobody_can_go_on_the_first_failure_is_told(until_failure):
    spare = AttemptRoute(Voice("b", 0.0, BackendError("also")))
    route = ContinuedRoute(AttemptRoute(Voice("a", 0.0, *BROKEN)), spare)

    events, failure = await until_failure(route.stream(ask("x")))

    assert text_of(events) == "one two "
    assert isinstance(failure, BackendTruncated)
    tries = [(attempt.backend, attempt.outcome) for attempt in failure.attempts]
    assert tries == [("a", "upstream_truncated"), ("b", "upstream_error")]


async def test_if_the_second_half_breaks_off_too_both_tries_are_told(until_failure):
    spare = AttemptRoute(Voice("b", 0.0, Text("three"), BackendError("also")))
    route = ContinuedRoute(AttemptRoute(Voice("a", 0.0, *BROKEN)), spare)

    events, failure = await until_failure(route.stream(ask("x")))

    assert text_of(events) == "one two three"
    tries = [(attempt.backend, attempt.outcome) for attempt in failure.attempts]
    assert tries == [("a", "upstream_truncated"), ("b", "upstream_error")]


async def test_without_the_setting_nothing_is_continued(until_failure):
    second = Voice("b")
    router = Router(
        {"m": Plan("fallback", [Target("a"), Target("b")])},
        {"a": Voice("a", 0.0, *BROKEN), "b": second},
    )

    _, failure = await until_failure(router.stream(ask("x", model="m")))

    assert isinstance(failure, BackendTruncated)
    assert second.requests == []
