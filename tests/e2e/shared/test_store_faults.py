"""Redis frozen, killed, emptied, set back: answers go on, the log catches up, nobody is misled."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from contextlib import closing

import pytest

from tests.conftest import RedisServer
from tests.e2e.processes import Gateway, eventually
from tests.e2e.shared.conftest import Replicas
from tests.e2e.shared.listener import Listener
from tests.e2e.wire import STREAMS, tokens

LONG = "[[n=2000]] [[delay=0.02]]"
LONG_TEXT = tokens(2000)
NewRedis = Callable[..., RedisServer]


def freeze_and_thaw(server: RedisServer) -> None:
    server.freeze()
    time.sleep(1.5)
    server.thaw()


def kill_and_start_empty(server: RedisServer) -> None:
    server.kill()
    time.sleep(0.7)
    server.start()


def restart_empty_in_a_blink(server: RedisServer) -> None:
    server.kill()
    server.start()


def flush(server: RedisServer) -> None:
    server.flush()


def drop_every_connection(server: RedisServer) -> None:
    with closing(server.client()) as client:
        for connection in client.client_list():
            client.client_kill_filter(_id=connection["id"], skipme=True)


def set_back_half_a_second(server: RedisServer) -> None:
    with closing(server.client()) as client:
        client.save()
    time.sleep(0.5)
    server.kill()
    server.start()


FAULTS = [
    freeze_and_thaw,
    kill_and_start_empty,
    restart_empty_in_a_blink,
    flush,
    drop_every_connection,
    set_back_half_a_second,
]


@pytest.fixture
def pair(new_redis_server: NewRedis, replicas: Replicas) -> tuple[RedisServer, list[Gateway]]:
    """Two replicas on a Redis that may be hurt."""
    server = new_redis_server()
    return server, replicas(server.url)


def test_every_fault_in_turn_and_no_reader_notices_more_than_a_pause(
    pair: tuple[RedisServer, list[Gateway]],
):
    """Local readers miss nothing; remote ones end with the whole text, or are told."""
    server, (one, other) = pair
    for fault in FAULTS:
        id = one.wire.create("[[n=130]] [[delay=0.02]]")["id"]
        here = Listener([one.wire], id)
        there = Listener([other.wire], id)
        both = Listener([one.wire, other.wire], id, cut_after=lambda: 15)
        assert eventually(lambda reader=there: reader.sequence > 10), fault.__name__

        fault(server)

        for reader in (here, there, both):
            reader.wait(15)
            assert reader.violations == [], fault.__name__
            assert set(reader.statuses) == {200}, fault.__name__
        assert (here.text, here.code) == (tokens(130), "stop"), fault.__name__
        for reader in (there, both):
            assert reader.code in {"stop", "gone"}, fault.__name__
            if reader.code == "stop":
                assert reader.text == tokens(130), fault.__name__
        is_whole_elsewhere = eventually(lambda id=id: is_whole(other, id, 130), 6)
        assert is_whole_elsewhere, f"{fault.__name__}: the log did not catch up"


def is_whole(gateway: Gateway, id: str, n: int) -> bool:
    """Whether a gateway that knows only the log can tell the whole answer."""
    return Listener([gateway.wire], id).wait(5).text == tokens(n)


def test_an_answer_that_ended_is_said_again_to_a_store_that_came_back_empty(
    pair: tuple[RedisServer, list[Gateway]],
):
    server, (one, other) = pair
    id = one.wire.create("[[n=30]]")["id"]
    Listener([one.wire], id).wait()
    assert eventually(lambda: is_whole(other, id, 30))

    restart_empty_in_a_blink(server)

    assert eventually(lambda: is_whole(other, id, 30), 5)


def test_the_end_that_the_store_forgot_is_said_again(pair: tuple[RedisServer, list[Gateway]]):
    """The log comes back without its end: a follower would wait for it for ever."""
    server, (one, other) = pair
    id = one.wire.create("[[n=40]] [[delay=0.02]]")["id"]
    reader = Listener([other.wire], id)
    assert eventually(lambda: reader.sequence > 10)
    with closing(server.client()) as client:
        client.save()
    Listener([one.wire], id).wait()
    server.kill()
    server.start()

    late = Listener([other.wire], id).wait(6)

    assert (late.text, late.code) == (tokens(40), "stop")
    assert reader.wait(6).text == tokens(40)


def test_without_the_store_new_answers_run_and_foreign_ones_are_to_be_asked_for_again(
    pair: tuple[RedisServer, list[Gateway]],
):
    server, (one, other) = pair
    server.kill()

    id = one.wire.create("[[n=100]] [[delay=0.02]]")["id"]
    here = Listener([one.wire], id)
    asked = other.wire.follow(id).all_events()

    assert asked[-1]["data"]["code"] == "replay_unavailable"
    assert asked[-1]["data"]["retryable"] is True
    assert "id" not in asked[-1]
    assert here.wait().text == tokens(100)
    there = Listener([other.wire], id)
    server.start()
    assert there.wait(8).code in {"stop", "gone"}
    assert eventually(lambda: is_whole(other, id, 100), 5)


def test_a_stop_without_the_store_is_503_elsewhere_and_works_at_the_owner(
    pair: tuple[RedisServer, list[Gateway]],
):
    server, (one, other) = pair
    id = one.wire.create("[[n=2000]] [[delay=0.02]]")["id"]
    reader = Listener([one.wire], id)
    server.freeze()

    refused = other.wire.delete(f"{STREAMS}/{id}")
    stopped = one.wire.delete(f"{STREAMS}/{id}")
    server.thaw()

    assert refused.status == 503
    assert refused.header("retry-after")
    assert stopped.status == 200
    assert reader.wait().code == "cancelled"


def test_a_store_that_refuses_to_write_breaks_nothing(pair: tuple[RedisServer, list[Gateway]]):
    """Out of memory: commands fail with an error of the server, connections are fine."""
    server, (one, other) = pair
    with closing(server.client()) as client:
        client.config_set("maxmemory", "1")
    id = one.wire.create("[[n=60]] [[delay=0.01]]", Idempotency_Key="full")["id"]
    here = Listener([one.wire], id)
    statuses = [other.wire.get(f"{STREAMS}/{id}").status, one.wire.get("/healthz").status]

    assert here.wait().text == tokens(60)
    assert statuses == [200, 200]
    with closing(server.client()) as client:
        client.config_set("maxmemory", "0")
    assert eventually(lambda: is_whole(other, id, 60), 6)


def test_a_long_absence_of_the_store_makes_nobody_lost(
    pair: tuple[RedisServer, list[Gateway]],
):
    """Leases run out while nobody can renew them: that says nothing of their owners."""
    server, (one, other) = pair
    id = one.wire.create("[[n=750]] [[delay=0.02]]")["id"]
    here, there = Listener([one.wire], id), Listener([other.wire], id)
    assert eventually(lambda: there.sequence > 10)

    server.freeze()
    time.sleep(11)
    server.thaw()

    assert (here.wait().code, here.text) == ("stop", tokens(750))
    assert (there.wait().code, there.text) == ("stop", tokens(750))
    assert there.violations == here.violations == []


def test_readers_of_a_strict_log_that_takes_no_end_are_told_when_the_worker_leaves(
    new_redis_server: NewRedis, replicas: Replicas
):
    """They get nothing that the log lacks, not even the end: so it says that the rest is lost."""
    server = new_redis_server()
    [gateway] = replicas(server.url, 1, durability="strict", drain_s=0.5)
    readers = [Listener([gateway.wire], gateway.wire.create(LONG)["id"]) for _ in range(3)]
    assert eventually(lambda: all(reader.sequence > 5 for reader in readers))

    server.kill()
    assert eventually(lambda: "log_store_away" in gateway.output)
    gateway.signal(signal.SIGTERM)

    assert gateway.wait(10) == 0
    for reader in readers:
        assert reader.wait(2).code == "lost"
        assert reader.violations == []
        assert LONG_TEXT.startswith(reader.text)
        assert reader.text
