"""Limits of several workers on one Redis: exact in every window, honest when it stands still."""

from __future__ import annotations

import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

from audit import by_time
from tests.conftest import RedisServer
from tests.e2e.processes import Gateway, Start, eventually
from tests.e2e.test_limits_operators import ADMIN
from tests.e2e.wire import CHAT, COMPLETIONS, Answer, Wire, completion_body

ONE = {"query": "[[n=1]] [[delay=0]]"}
START = "chat.received"
KEY = "one-key-for-all-0123456789abcdef"


class Call(NamedTuple):
    """A call that was answered: when it was sent, when the answer was there, and which."""

    sent: float
    got: float
    status: int


def config(redis_url: str, workers: int = 1, **limits: Any) -> dict[str, Any]:
    """Return a file with these limits over a shared store."""
    return {
        "server": {"workers": workers},
        "redis": {"url": redis_url},
        "backends": {"demo": {"kind": "script"}},
        "models": {"default": {"targets": [{"backend": "demo"}]}},
        "apps": {"bali-zero": {"limits": list(limits)}},
        "audit": {"key": KEY},
        "limits": limits,
    }


def load(ask: Callable[[], Answer], rate: float, seconds: float) -> list[Call]:
    """Call at a steady rate, each call on a connection of its own."""
    started = time.monotonic()

    def one(n: int) -> Call:
        time.sleep(max(0.0, started + n / rate - time.monotonic()))
        sent = time.monotonic()
        return Call(sent, 0, ask().status)._replace(got=time.monotonic())

    with ThreadPoolExecutor(16) as pool:
        return list(pool.map(one, range(round(rate * seconds))))


def list_writers(gateway: Gateway) -> set[str]:
    """Return the workers that have let a call in, as the audit trail knows them."""
    records = [one for one in by_time(gateway.audit_path) if one.record["event"] == START]
    return {one.segment.split("-")[-2] for one in records}


def most_within(calls: list[Call], window_s: float) -> int:
    """Return the most calls that were surely admitted within one true window."""
    return max(
        sum(1 for c in calls if c.sent >= first.sent and c.got <= first.sent + window_s)
        for first in calls
    )


def test_two_workers_under_twice_the_limit_admit_it_in_every_window_and_nearly_all_of_it(
    start: Start, redis_url: str
):
    quota, window_s = 50, 3.0
    gateway = start(
        config(redis_url, 2, few={"per": ["address"], "requests": quota,
                                         "window_s": window_s})
    )  # fmt: skip

    calls = load(lambda: gateway.wire.post(CHAT, ONE), 2 * quota / window_s, 4 * window_s)

    admitted = [call for call in calls if call.status == 200]
    assert {call.status for call in calls} == {200, 429}
    assert most_within(admitted, window_s) <= quota
    assert len(admitted) >= 0.98 * quota * 4
    assert len(list_writers(gateway)) == 2


LIMITS = {
    "local": {"per": ["address"], "requests": 400, "window_s": 3600, "on_outage": "local"},
    "closed": {"per": ["address"], "requests": 400, "window_s": 3600, "on_outage": "closed",
               "match": {"routes": ["/v1/*"]}},
}  # fmt: skip


class Traffic:
    """Calls two routes, one after the other, until it is told to stop."""

    def __init__(self, wire: Wire) -> None:
        self.calls: dict[str, list[Call]] = {"local": [], "closed": []}
        self._stopped = threading.Event()
        asks = {
            "local": lambda: wire.post(CHAT, ONE),
            "closed": lambda: wire.post(COMPLETIONS, completion_body("[[n=1]] [[delay=0]]")),
        }
        self._threads = [
            threading.Thread(target=self._run, args=(name, ask)) for name, ask in asks.items()
        ]

    def _run(self, name: str, ask: Callable[[], Answer]) -> None:
        while not self._stopped.is_set():
            sent = time.monotonic()
            status = ask().status
            self.calls[name].append(Call(sent, time.monotonic(), status))
            time.sleep(0.05)

    def __enter__(self) -> Traffic:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        for thread in self._threads:
            thread.join()


def used(gateway: Gateway) -> dict[str, int]:
    """Return what this machine has used of each limit."""
    path = "/admin/limits/address/127.0.0.1"
    body = gateway.wire.get(path, Authorization=f"Bearer {ADMIN}").json
    return {row["limit"]: row["used"] for row in body["limits"]} | {"source": body["source"]}


def test_a_store_that_stands_still_delays_no_answer_and_charges_nothing_twice(
    start: Start, new_redis_server: Callable[[], RedisServer]
):
    redis_server = new_redis_server()
    gateway = start(config(redis_server.url, **LIMITS), GATEWAY_ADMIN_KEY=ADMIN)
    gateway.wire.post(CHAT, ONE)

    with Traffic(gateway.wire) as traffic:
        time.sleep(1.5)
        began = time.monotonic()
        redis_server.freeze()
        time.sleep(2.5)
        redis_server.thaw()
        ended = time.monotonic()
        time.sleep(2.5)

    normal = [c.got - c.sent for calls in traffic.calls.values() for c in calls if c.got < began]
    during = {
        name: [c for c in calls if began <= c.sent and c.got <= ended]
        for name, calls in traffic.calls.items()
    }
    slowest = max(c.got - c.sent for calls in during.values() for c in calls)
    assert slowest <= max(normal) + 0.16
    assert {c.status for c in during["local"]} == {200}
    assert Counter(c.status for c in during["closed"]).most_common(1)[0][0] == 503
    after = {
        name: [c for c in calls if c.sent > ended + 2] for name, calls in traffic.calls.items()
    }
    assert {c.status for calls in after.values() for c in calls} == {200}
    admitted = {
        name: sum(1 for c in traffic.calls[name] if c.status == 200) for name in traffic.calls
    }
    admitted["local"] += 1 + admitted["closed"]
    assert eventually(lambda: used(gateway) == admitted | {"source": "redis"}), (
        used(gateway), admitted,
    )  # fmt: skip


def test_a_killed_gateway_pays_what_it_has_said_and_its_slot_is_free_after_its_lease(
    start: Start, redis_url: str
):
    lease_s = 3.0
    limits = {
        "tokens": {"per": ["address"], "tokens": 50_000, "period": "month"},
        "streams": {"per": ["address"], "concurrent": 1},
    }
    settings = config(redis_url, **limits)
    settings["redis"]["lease_s"] = lease_s
    doomed, alive = (start(settings, GATEWAY_ADMIN_KEY=ADMIN) for _ in range(2))
    with doomed.wire.ask("[[n=3000]] [[delay=0.02]]") as answer:
        events = answer.events()
        said = next(event for event in events if event.get("sequence") == 200)
        held = used(alive)
        full = alive.wire.post(CHAT, ONE)

        doomed.signal(signal.SIGKILL)

    killed = time.monotonic()
    assert eventually(lambda: used(alive)["streams"] == 0, lease_s + 3)
    assert time.monotonic() - killed < lease_s + 1.5
    assert eventually(lambda: used(alive)["tokens"] < held["tokens"])
    assert said["sequence"] == 200
    assert full.status == 429
    assert (held["streams"], held["tokens"] > 1024) == (1, True)
    assert 50 < used(alive)["tokens"] < 1024
    assert alive.wire.post(CHAT, ONE).status == 200
