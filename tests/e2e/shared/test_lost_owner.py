"""The worker that owns an answer dies or sleeps: all its readers are told, once, and truly."""

from __future__ import annotations

import signal
import time

import pytest

from tests.conftest import RedisServer
from tests.e2e.processes import eventually
from tests.e2e.shared.conftest import Replicas
from tests.e2e.shared.listener import Listener
from tests.e2e.wire import STREAM, STREAMS, tokens

LEASE_S = 10.0
LONG = "[[n=2000]] [[delay=0.02]]"


@pytest.mark.timeout(90)
def test_after_a_kill_everybody_is_told_within_the_lease_and_two_seconds(
    redis_server: RedisServer, replicas: Replicas
):
    owner, one, other = replicas(redis_server.url, 3)
    followed = owner.wire.create(LONG)["id"]
    unseen = owner.wire.create(LONG)["id"]
    silent = owner.wire.create("[[n=5]] [[ttft=60]]")["id"]
    with owner.wire.ask(LONG) as direct:
        events = direct.events()
        ahead = next(events)["data"]["stream_id"]
        readers = [Listener([gateway.wire], followed) for gateway in (one, one, other, other)]
        readers += [Listener([gateway.wire], silent) for gateway in (one, other)]
        assert eventually(lambda: all(reader.sequence > 5 for reader in readers[:4]))
        last = next(event for event in events if event.get("sequence") == 40)

        owner.signal(signal.SIGKILL)

        killed_at = time.monotonic()
        for event in events_until_cut(events):
            last = event
    readers.append(Listener([one.wire, other.wire], followed, cut_after=lambda: 5))
    for reader in readers:
        reader.wait(LEASE_S + 4)
        assert reader.code == "lost", reader
        assert reader.violations == []
        assert tokens(2000).startswith(reader.text)
        assert reader.ended_at - killed_at < LEASE_S + 2
    assert len({reader.end["id"] for reader in readers[:4] if reader.end}) == 1

    for gateway in (one, other):  # who was up to one flush ahead of the log, and who comes late
        for n in (0, 30, last["sequence"] - 1, last["sequence"], last["sequence"] + 1):
            told = gateway.wire.follow(ahead, Last_Event_ID=f"{ahead}.{n}").all_events()[-1]
            assert told["data"]["code"] == "lost", (n, last["sequence"])
            assert told["data"]["retryable"] is True
        assert gateway.wire.get(f"{STREAMS}/{ahead}", Last_Event_ID=told["id"]).status == 204
        assert gateway.wire.get(f"{STREAM}?query=x", Last_Event_ID=told["id"]).status == 204
        assert Listener([gateway.wire], unseen).wait(3).code == "lost"
    seals = [gateway.output.count('"sealed_here":true') for gateway in (one, other)]
    assert sum(seals) == 4, "each log has one seal"


def events_until_cut(events):
    """Read what the dead owner's kernel still delivers."""
    try:
        yield from events
    except (AssertionError, OSError):
        return


@pytest.mark.timeout(90)
def test_a_sleeper_that_wakes_after_its_lease_cannot_go_on(
    redis_server: RedisServer, replicas: Replicas
):
    """SIGSTOP beyond the lease: another seals the log; the sleeper's readers are told as well."""
    owner, other = replicas(redis_server.url, 2)
    talking = owner.wire.create(LONG)["id"]
    silent = owner.wire.create("[[n=5]] [[ttft=60]]")["id"]
    here = [Listener([owner.wire], id) for id in (talking, silent)]
    there = [Listener([other.wire], id) for id in (talking, silent)]
    assert eventually(lambda: there[0].sequence > 5 and here[0].sequence > 5)

    owner.signal(signal.SIGSTOP)
    for reader in there:
        assert reader.wait(LEASE_S + 4).code == "lost"
    owner.signal(signal.SIGCONT)

    for reader in here:
        assert reader.wait(5).code == "lost", reader
        assert reader.violations == []
    for id in (talking, silent):
        assert owner.end_of(id)["outcome"] == "lost"
    late = Listener([other.wire], talking).wait(3)
    assert (late.code, late.text) == ("lost", there[0].text)
    with redis_server.client() as client:
        assert client.xlen(f"gw:{{{silent}}}:log") == 1
