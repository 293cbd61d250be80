"""Routes: nothing is tried again after the first real output, everything tried is told."""

from __future__ import annotations

import asyncio

import pytest

from backends import (
    BackendError,
    BackendLimited,
    BackendOptions,
    BackendRefused,
    BackendTimeout,
    Capabilities,
    Finished,
    Other,
    Router,
    Started,
    Target,
    Text,
    Timeouts,
    load_backend,
)
from backends.contract import BackendContract, ask, assert_valid_stream, collect, text_of
from backends.routes import (
    AttemptRoute,
    Breaker,
    BreakerOpen,
    BreakerRoute,
    FallbackRoute,
    RetryRoute,
    WeightedRoute,
)


class Puppet:
    """A backend that plays a list of steps for each call: events, errors, seconds to wait."""

    capabilities = Capabilities()

    def __init__(self, name: str, *calls: list, timeouts: Timeouts | None = None) -> None:
        self.name = name
        self.timeouts = timeouts or Timeouts()
        self.calls = list(calls)
        self.asked: list[str] = []
        self.open = 0

    async def stream(self, request):
        self.asked.append(request.model)
        steps = self.calls.pop(0) if len(self.calls) > 1 else self.calls[0]
        self.open += 1
        try:
            for step in steps:
                if isinstance(step, BackendError):
                    raise step
                if isinstance(step, float):
                    await asyncio.sleep(step)
                else:
                    yield step
        finally:
            self.open -= 1

    async def aclose(self) -> None:
        pass


def good(word: str = "ok") -> list:
    return [Started("real"), Other(), Text(""), Text(word), Finished("stop")]


def bad(error: BackendError | None = None) -> list:
    return [Started("real"), Text(""), error or BackendError("no")]


async def no_sleep(seconds: float) -> None:
    await asyncio.sleep(0)


def script():
    return load_backend("demo", BackendOptions(kind="script"))


class TestRouterContract(BackendContract):
    prompt = "[[n=4]]"
    long_prompt = "[[n=1000]][[delay=0.02]]"
    tool_prompt = "[[tool=lookup]]"
    model = "default"

    @pytest.fixture
    def backend(self):
        targets = [Target("bad"), Target("demo", "d")]
        backends = {"bad": Puppet("bad", bad()), "demo": script()}
        return Router({"default": ("fallback", targets)}, backends)


class TestWeightedContract(BackendContract):
    prompt = "[[n=4]]"
    long_prompt = "[[n=1000]][[delay=0.02]]"

    @pytest.fixture
    def backend(self):
        return WeightedRoute("w", [(AttemptRoute(script()), 1.0), (AttemptRoute(script()), 9.0)])


class TestRetryOverBreakerContract(BackendContract):
    prompt = "[[n=4]]"
    long_prompt = "[[n=1000]][[delay=0.02]]"

    @pytest.fixture
    def backend(self):
        return RetryRoute(BreakerRoute(AttemptRoute(script()), Breaker()))


async def test_preamble_is_held_back_and_fallback_is_invisible():
    """Commit on output only (maximhq/bifrost#5395); tell who served (BerriAI/litellm#31722)."""
    first, second = Puppet("a", bad()), Puppet("b", good())
    router = Router(
        {"m": ("fallback", [Target("a", "ma"), Target("b", "mb")])}, {"a": first, "b": second}
    )

    events = await collect(router.stream(ask("x", model="m")))

    assert_valid_stream(events)
    assert events[0].served_by == "b/mb"
    assert [(a.backend, a.model, a.outcome) for a in events[0].attempts] == [
        ("a", "ma", "upstream_error"),
        ("b", "mb", "served"),
    ]
    assert (first.asked, second.asked) == (["ma"], ["mb"])
    assert (first.open, second.open) == (0, 0)


async def test_nothing_is_tried_after_the_first_output(until_failure):
    """No second beginning after the first words (BerriAI/litellm#32835)."""
    broken = Puppet("a", [Started("real"), Text("one"), BackendError("no")])
    spare = Puppet("b", good())
    router = Router({"m": ("fallback", [Target("a"), Target("b")])}, {"a": broken, "b": spare})

    events, failure = await until_failure(router.stream(ask("x", model="m")))

    assert text_of(events) == "one"
    assert spare.asked == []
    assert failure.backend == "a"
    assert [a.outcome for a in failure.attempts] == ["upstream_error"]


async def test_a_wrong_request_is_not_sent_elsewhere():
    spare = Puppet("b", good())
    routes = [AttemptRoute(Puppet("a", bad(BackendRefused("no")))), AttemptRoute(spare)]

    with pytest.raises(BackendRefused):
        await collect(FallbackRoute("m", routes).stream(ask("x")))

    assert spare.asked == []


@pytest.mark.parametrize(
    "reason", ["unsupported_field", "model_not_found", "context_length_exceeded"]
)
async def test_a_target_that_cannot_carry_the_request_is_skipped(reason: str):
    """Targets are asked only what they speak (BerriAI/litellm#41385)."""
    refusal = BackendRefused("no", reason=reason)
    routes = [AttemptRoute(Puppet("a", bad(refusal))), AttemptRoute(Puppet("b", good("here")))]

    assert text_of(await collect(FallbackRoute("m", routes).stream(ask("x")))) == "here"


async def test_a_failure_counts_more_than_a_refusal_of_the_target():
    refusal = BackendRefused("no", reason="unsupported_field")
    limited = BackendLimited("later", retry_after_s=3)
    for order in ([refusal, limited], [limited, refusal]):
        routes = [AttemptRoute(Puppet(str(i), bad(e))) for i, e in enumerate(order)]
        with pytest.raises(BackendLimited) as caught:
            await collect(FallbackRoute("m", routes).stream(ask("x")))
        assert len(caught.value.attempts) == 2


async def test_a_first_token_too_late_is_a_timeout_and_the_call_is_let_go():
    """A hung provider blocks nobody (vllm-project/production-stack#749)."""
    slow = Puppet("a", [Started("real"), 5.0, Text("late")], timeouts=Timeouts(first_s=0.05))

    with pytest.raises(BackendTimeout) as caught:
        await collect(AttemptRoute(slow).stream(ask("x")))

    assert caught.value.code == "timeout_first"
    assert slow.open == 0


async def test_a_slow_second_token_is_not_the_routers_business():
    late = [Started("real"), Text("a"), 0.1, Text("b"), Finished("stop")]
    backend = Puppet("a", late, timeouts=Timeouts(first_s=0.05))

    assert text_of(await collect(AttemptRoute(backend).stream(ask("x")))) == "ab"


async def test_cancelling_while_the_first_token_is_awaited_lets_go():
    """A client that leaves before the first token is noticed (BerriAI/litellm#31499)."""
    slow = Puppet("a", [Started("real"), 60.0])
    router = Router({"m": ("fallback", [Target("a")])}, {"a": slow})
    task = asyncio.create_task(collect(router.stream(ask("x", model="m"))))
    while not slow.open:  # noqa: ASYNC110 - one turn of the loop
        await asyncio.sleep(0)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    assert slow.open == 0


async def test_a_passing_failure_is_tried_again():
    flaky = Puppet("a", bad(), good("second"))

    events = await collect(RetryRoute(AttemptRoute(flaky), sleep=no_sleep).stream(ask("x")))

    assert text_of(events) == "second"
    assert [a.outcome for a in events[0].attempts] == ["upstream_error", "served"]


@pytest.mark.parametrize(
    "error,tries",
    [
        (BackendError("x"), 2),
        (BackendError("x", retry_after_s=0.2), 2),
        (BackendError("x", retry_after_s=30), 1),
        (BackendError("x", is_retryable=False), 1),
        (BackendLimited("x", retry_after_s=1), 1),
        (BackendTimeout("x"), 1),
        (BackendRefused("x"), 1),
    ],
)
async def test_only_what_may_pass_soon_is_tried_again(error: BackendError, tries: int):
    backend = Puppet("a", bad(error))

    with pytest.raises(type(error)):
        await collect(RetryRoute(AttemptRoute(backend), sleep=no_sleep).stream(ask("x")))

    assert len(backend.asked) == tries


async def test_the_breaker_opens_rests_probes_and_closes():
    now = [0.0]
    breaker = Breaker(clock=lambda: now[0])
    backend = Puppet("a", *[bad() for _ in range(6)], good(), good())
    route = BreakerRoute(AttemptRoute(backend, "m"), breaker)

    for _ in range(5):
        with pytest.raises(BackendError):
            await collect(route.stream(ask("x")))
    with pytest.raises(BreakerOpen) as caught:
        await collect(route.stream(ask("x")))
    assert caught.value.retry_after_s == 5.0
    assert [(a.model, a.outcome) for a in caught.value.attempts] == [("m", "skipped")]

    now[0] = 6.0
    with pytest.raises(BackendError):
        await collect(route.stream(ask("x")))
    now[0] = 12.0
    with pytest.raises(BreakerOpen):
        await collect(route.stream(ask("x")))
    now[0] = 17.0
    assert text_of(await collect(route.stream(ask("x")))) == "ok"
    assert not breaker.is_open
    assert len(backend.asked) == 7


async def test_only_one_probe_goes_through_a_resting_breaker():
    now = [0.0]
    breaker = Breaker(clock=lambda: now[0])
    for _ in range(5):
        breaker.failed()
    now[0] = 6.0

    assert breaker.wait_s() == 0.0
    assert breaker.wait_s() > 0
    breaker.abandoned()
    assert breaker.wait_s() == 0.0


@pytest.mark.parametrize("error", [BackendRefused("x"), BackendLimited("x")])
async def test_refusals_and_limits_do_not_open_the_breaker(error: BackendError):
    route = BreakerRoute(AttemptRoute(Puppet("a", bad(error))), Breaker())

    for _ in range(9):
        with pytest.raises(type(error)):
            await collect(route.stream(ask("x")))


async def test_an_open_breaker_sends_calls_to_the_next_target_at_once():
    first, second = Puppet("a", bad()), Puppet("b", good())
    router = Router({"m": ("fallback", [Target("a"), Target("b")])}, {"a": first, "b": second})

    for _ in range(9):
        assert text_of(await collect(router.stream(ask("x", model="m")))) == "ok"

    assert len(first.asked) == 5


async def test_without_breaker_every_call_is_tried():
    first, second = Puppet("a", bad()), Puppet("b", good())
    targets = [Target("a"), Target("b")]
    router = Router({"m": ("fallback", targets)}, {"a": first, "b": second}, breaker=False)

    for _ in range(9):
        await collect(router.stream(ask("x", model="m")))

    assert len(first.asked) == 9


def test_weights_share_callers_and_keep_them():
    def shares(canary: float) -> dict[str, str]:
        routes = [(AttemptRoute(Puppet("stable", good())), 1 - canary)]
        routes.append((AttemptRoute(Puppet("canary", good())), canary))
        route = WeightedRoute("m", routes)
        return {f"u{i}": route.ranking(f"u{i}")[0].name for i in range(4000)}

    few, many = shares(0.05), shares(0.25)

    in_few = {u for u, name in few.items() if name == "canary"}
    in_many = {u for u, name in many.items() if name == "canary"}
    assert 140 < len(in_few) < 260
    assert 880 < len(in_many) < 1120
    assert in_few <= in_many
    assert shares(0.05) == few


async def test_a_weighted_target_that_fails_is_stood_in_for():
    routes = [(AttemptRoute(Puppet("a", bad())), 99.0), (AttemptRoute(Puppet("b", good())), 1.0)]

    for caller in range(20):
        events = await collect(WeightedRoute("m", routes).stream(ask("x", caller=f"u{caller}")))
        assert events[0].served_by.startswith("b/")


async def test_a_model_may_be_named_with_its_backend():
    backend = Puppet("a", good())
    router = Router({"m": ("fallback", [Target("a")])}, {"a": backend})

    events = await collect(router.stream(ask("x", model="a/org/model-7")))

    assert backend.asked == ["org/model-7"]
    assert events[0].served_by == "a/org/model-7"
    assert router.timeouts_of(events[0].served_by) is backend.timeouts


async def test_an_unknown_model_is_refused():
    router = Router({"m": ("fallback", [Target("a")])}, {"a": Puppet("a", good())})

    for name in ("nope", "b/x", "a/", "/m", ""):
        assert not router.resolve(name)
        with pytest.raises(BackendRefused) as caught:
            await collect(router.stream(ask("x", model=name)))
        assert (caught.value.status, caught.value.reason) == (404, "model_not_found")
    assert router.resolve("m")
    assert router.resolve("a/x")
    assert router.aliases() == ("m",)
