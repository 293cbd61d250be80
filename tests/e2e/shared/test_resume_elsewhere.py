"""Made on one replica, followed on the other: exact, whole, and with one call of the provider."""

from __future__ import annotations

import signal
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.e2e.processes import Gateway, Provider, eventually
from tests.e2e.shared.conftest import Replicas
from tests.e2e.shared.listener import Listener
from tests.e2e.wire import STREAM, STREAMS, Event, text_of, tokens

LONG = "[[n=2000]] [[delay=0.02]]"


def calls(provider: Provider) -> int:
    """How often the provider was asked so far."""
    return int(provider.stats["requests"])


def finish(pair: list[Gateway], id: str) -> list[Event]:
    """Read an answer to its end, and wait until the other replica has all of it."""
    events = pair[0].wire.follow(id).all_events()
    last = {"Last_Event_ID": events[-1]["id"]}
    assert eventually(lambda: pair[1].wire.get(f"{STREAMS}/{id}", **last).status == 204)
    return events


def test_a_finished_answer_is_resumed_at_every_id(pair: list[Gateway], provider: Provider):
    one, other = pair
    before = calls(provider)
    id = one.wire.create("[[n=40]]")["id"]
    events = one.wire.follow(id).all_events()[1:]

    for n in range(41):
        rest = other.wire.follow(id, Last_Event_ID=f"{id}.{n}").all_events()[1:]
        assert rest == events[n:]

    assert calls(provider) == before + 1


def test_a_running_answer_is_resumed_at_every_id(pair: list[Gateway], provider: Provider):
    one, other = pair
    before = calls(provider)
    id = one.wire.create("[[n=60]] [[delay=0.02]]")["id"]

    with ThreadPoolExecutor(30) as pool:
        resumed = list(
            pool.map(
                lambda n: other.wire.follow(id, Last_Event_ID=f"{id}.{n}").all_events()[1:],
                range(0, 60, 2),
            )
        )

    whole = one.wire.follow(id).all_events()[1:]
    assert text_of(whole) == tokens(60)
    for n, rest in zip(range(0, 60, 2), resumed, strict=True):
        assert rest == whole[n:]
    assert calls(provider) == before + 1


def test_hopping_between_the_two_at_every_few_events_is_exact(pair: list[Gateway]):
    wires = [gateway.wire for gateway in pair]
    id = wires[0].create("[[n=120]] [[delay=0.01]]")["id"]
    turn = iter(range(10_000))

    listener = Listener(
        wires, id, choose=lambda all: all[next(turn) % 2], cut_after=lambda: 3
    ).wait()

    assert listener.text == tokens(120)
    assert listener.violations == []
    assert listener.connections > 20


def test_a_client_ahead_of_the_log_gets_nothing_twice(pair: list[Gateway]):
    """The log may be one flush behind what the owner has sent: the follower waits for it."""
    one, other = pair
    for _ in range(8):
        with one.wire.ask("[[n=40]] [[delay=0.004]]") as answer:
            events = answer.events()
            id = next(events)["data"]["stream_id"]
            seen = [next(events) for _ in range(20)]
        rest = other.wire.follow(id, Last_Event_ID=seen[-1]["id"]).all_events()[1:]

        assert [e["sequence"] for e in seen + rest] == list(range(1, 42))


def test_after_the_end_the_other_replica_answers_204(pair: list[Gateway]):
    one, other = pair
    id = one.wire.create("[[n=3]]")["id"]
    last = one.wire.follow(id).all_events()[-1]

    assert other.wire.get(f"{STREAMS}/{id}", Last_Event_ID=last["id"]).status in (200, 204)
    finish(pair, id)
    assert other.wire.get(f"{STREAMS}/{id}", Last_Event_ID=last["id"]).status == 204
    assert other.wire.get(f"{STREAM}?query=x", Last_Event_ID=last["id"]).status == 204


def test_thousands_of_missed_events_come_as_one_snapshot(pair: list[Gateway]):
    one, other = pair
    id = one.wire.create("[[n=2600]] [[delay=0]]")["id"]
    finish(pair, id)

    late = other.wire.follow(id).all_events()

    assert [event["type"] for event in late] == ["metadata", "snapshot", "done"]
    assert text_of(late) == tokens(2600)
    near = other.wire.follow(id, Last_Event_ID=f"{id}.2000").all_events()
    assert len(near) == 602


def test_a_tool_call_that_was_missed_is_in_no_snapshot_and_comes_itself(pair: list[Gateway]):
    one, other = pair
    id = one.wire.create("[[n=2600]] [[delay=0]] [[tool=weather]]")["id"]
    finish(pair, id)

    here, there = (gateway.wire.follow(id).all_events() for gateway in (one, other))

    assert [event["type"] for event in there[-2:]] == ["tool_call", "done"]
    assert len(there) == len(here) == 2603
    assert text_of(there) == tokens(2600)


def test_beyond_what_the_log_keeps_a_snapshot_stands_for_the_rest(pair: list[Gateway]):
    one, other = pair
    id = one.wire.create("[[n=20000]] [[delay=0]]")["id"]
    whole = finish(pair, id)

    late = other.wire.follow(id, Last_Event_ID=f"{id}.5").all_events()

    assert [event["type"] for event in late[:2]] == ["metadata", "snapshot"]
    assert text_of(whole) == text_of(late) == tokens(20_000)
    assert late[-1] == whole[-1]


def test_an_id_ahead_of_everything_is_told_here_and_there(pair: list[Gateway]):
    one, other = pair
    id = one.wire.create("[[n=4]]")["id"]
    one.wire.follow(id).all_events()

    for gateway in pair:
        [event] = gateway.wire.follow(id, Last_Event_ID=f"{id}.99").all_events()[-1:]
        assert event["data"]["code"] == "lost"
    assert other.wire.get(f"{STREAMS}/{id}", Last_Event_ID=event["id"]).status == 204


def test_two_hundred_readers_on_two_replicas_share_one_call(
    pair: list[Gateway], upstream: Provider
):
    before = calls(upstream)
    id = pair[0].wire.create("[[n=60]] [[delay=0.03]]")["id"]

    with ThreadPoolExecutor(200) as pool:
        readings = list(
            pool.map(lambda n: pair[n % 2].wire.follow(id).all_events()[1:], range(200))
        )

    assert text_of(readings[0]) == tokens(60)
    assert all(events == readings[0] for events in readings)
    assert calls(upstream) == before + 1
    assert eventually(lambda: all(g.metric("gateway_readers_active") == 0 for g in pair))


def test_a_stop_at_the_other_replica_closes_the_providers_call(
    pair: list[Gateway], upstream: Provider
):
    one, other = pair
    id = one.wire.create(LONG)["id"]
    listener = Listener([other.wire], id)
    assert eventually(lambda: listener.sequence > 3)
    began = time.monotonic()

    stopped = other.wire.delete(f"{STREAMS}/{id}")

    took_s = time.monotonic() - began
    assert stopped.status == 200
    assert eventually(lambda: upstream.stats["open"] == 0, 0.25)
    assert listener.wait().code == "cancelled"
    assert took_s < 0.5
    assert one.end_of(id)["outcome"] == "cancelled"


@pytest.mark.parametrize("query", [LONG, "[[n=5]] [[ttft=30]]"], ids=["streaming", "silent"])
def test_the_grace_counts_readers_of_all_replicas(
    pair: list[Gateway], upstream: Provider, query: str
):
    one, other = pair
    with one.wire.ask(query) as answer:
        id = next(answer.events())["data"]["stream_id"]
        there = other.wire.follow(id)
        next(there.events())
    time.sleep(1.2)  # twice the grace: the reader on the other replica holds it
    assert upstream.stats["open"] == 1

    there.close()
    began = time.monotonic()

    assert eventually(lambda: upstream.stats["open"] == 0, 3)
    assert 0.5 < time.monotonic() - began < 0.6 + 0.5
    assert one.end_of(id)["outcome"] == "client_gone"


def test_readers_who_come_and_go_elsewhere_do_not_end_it_for_who_stays(
    pair: list[Gateway], upstream: Provider
):
    one, other = pair
    id = one.wire.create("[[n=150]] [[delay=0.02]]")["id"]
    stays = Listener([other.wire], id)

    for _ in range(40):
        other.wire.follow(id).close()

    assert stays.wait().text == tokens(150)
    assert stays.violations == []


def test_a_chat_of_the_ai_sdk_is_replayed_on_the_other_replica(pair: list[Gateway]):
    one, other = pair
    part = {"type": "text", "text": "[[n=60]] [[delay=0.02]]"}
    body = {"id": "chat-7", "messages": [{"id": "m1", "role": "user", "parts": [part]}]}
    with one.wire.open_post("/api/chat", body) as answer:
        blocks = answer.blocks()
        [next(blocks) for _ in range(9)]
        with other.wire.open("GET", "/api/chat/chat-7/stream") as again:
            first = list(again.blocks())

    deltas = [b for b in first if b'"text-delta"' in b]
    assert len(deltas) == 60
    assert first[-1] == b"data: [DONE]"
    gone = [replica.wire.get("/api/chat/chat-7/stream").status for replica in pair]
    assert gone == [204, 204]


def test_a_strict_log_is_never_behind_its_readers(redis_url: str, replicas: Replicas):
    owner, other = replicas(redis_url, 2, durability="strict")
    id = owner.wire.create("[[n=2000]] [[delay=0.01]]")["id"]
    reader = Listener([owner.wire], id)
    assert eventually(lambda: reader.sequence > 100)

    owner.signal(signal.SIGKILL)

    held = reader.sequence
    there = Listener([other.wire], id)
    assert eventually(lambda: there.sequence > 0)
    assert there.sequence >= held
    assert there.text.startswith(reader.text)


def test_uses_of_a_ticket_at_once_follow_the_one_answer_on_any_replica(pair: list[Gateway]):
    def use(n: int, ticket: str) -> list[Event]:
        url = f"{STREAM}?query=%5B%5Bn%3D3%5D%5D&ticket={ticket}"
        return pair[n % 2].wire.open("GET", url).all_events()

    for _ in range(6):
        ticket = pair[0].wire.post("/api/v2/bali-zero/tickets", {}).json["ticket"]
        with ThreadPoolExecutor(24) as pool:
            read = list(pool.map(lambda n, ticket=ticket: use(n, ticket), range(24)))

        assert [text_of(events) for events in read] == [tokens(3)] * 24
        assert len({events[0]["data"]["stream_id"] for events in read}) == 1
