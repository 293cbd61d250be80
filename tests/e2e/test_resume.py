"""An answer survives its connection: resume, follow, fan out, stop, create once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.e2e.processes import Gateway, Start
from tests.e2e.wire import STREAM, STREAMS, Event, Wire, text_of, tokens

TERMINAL = {"done", "error"}


def finished(wire: Wire, query: str = "[[n=12]]") -> tuple[str, list[Event]]:
    """Return a stream's id and its numbered events."""
    events = wire.ask(query).all_events()
    return events[0]["data"]["stream_id"], events[1:]


def test_a_resume_at_every_id_gets_exactly_the_rest(wire: Wire):
    id, events = finished(wire)

    for n, event in enumerate(events[:-1], start=1):
        with wire.open(
            "GET", f"{STREAM}?query=x", headers={"Last-Event-ID": event["id"]}
        ) as answer:
            rest = list(answer.events())
        assert rest[0]["type"] == "metadata"
        assert rest[0]["data"]["stream_id"] == id
        assert rest[1:] == events[n:]


def test_a_fresh_event_source_resumes_by_the_query(wire: Wire):
    id, events = finished(wire)

    for path in (f"{STREAM}?query=x&last_event_id={id}.4", f"{STREAMS}/{id}?last_event_id={id}.4"):
        assert wire.open("GET", path).all_events()[1:] == events[4:]


def test_a_post_resumes_too(wire: Wire):
    id, events = finished(wire)

    answer = wire.open_post(STREAM, {"query": "x"}, Last_Event_ID=f"{id}.4")

    assert answer.all_events()[1:] == events[4:]


def test_id_zero_stands_for_the_beginning(wire: Wire):
    id, events = finished(wire)

    assert wire.follow(id, Last_Event_ID=f"{id}.0").all_events()[1:] == events


@pytest.mark.parametrize("path", ["follow", "ask"])
def test_a_reconnect_with_the_terminal_id_gets_204(wire: Wire, path: str):
    id, events = finished(wire)
    at = f"{STREAMS}/{id}" if path == "follow" else f"{STREAM}?query=x"

    answer = wire.get(at, Last_Event_ID=events[-1]["id"])

    assert answer.status == 204
    assert answer.body == b""


def test_who_holds_more_than_the_log_is_told_that_it_was_lost(wire: Wire):
    id, _ = finished(wire)

    events = wire.follow(id, Last_Event_ID=f"{id}.99").all_events()

    assert events[-1]["data"]["code"] == "lost"


def test_a_resume_runs_no_prompt_and_reaches_no_provider(gateway: Gateway):
    _, events = finished(gateway.wire)
    before = gateway.metric("gateway_streams_total")

    for event in events:
        gateway.wire.get(f"{STREAM}?query=x", Last_Event_ID=event["id"])

    assert gateway.metric("gateway_streams_total") == before


def test_a_resume_in_mid_answer_goes_on_live(wire: Wire):
    with wire.ask("[[n=30]] [[delay=0.02]]") as first:
        events = first.events()
        seen = [next(events) for _ in range(8)]

    rest = wire.open(
        "GET", f"{STREAM}?query=x", headers={"Last-Event-ID": seen[-1]["id"]}
    ).all_events()

    assert text_of(seen + rest) == tokens(30)
    assert rest[-1]["type"] == "done"


def test_many_cuts_lose_nothing_and_double_nothing(wire: Wire):
    id = wire.create("[[n=60]] [[delay=0.01]]")["id"]
    held: list[Event] = []
    headers: dict[str, str] = {}

    while not held or held[-1]["type"] not in TERMINAL:
        with wire.open("GET", f"{STREAMS}/{id}", headers=headers) as answer:
            for event in answer.events():
                if "id" not in event:
                    continue
                held.append(event)
                headers = {"Last-Event-ID": event["id"]}
                if len(held) % 5 == 4:
                    break

    assert [event["sequence"] for event in held] == list(range(1, 62))
    assert text_of(held) == tokens(60)


@pytest.mark.parametrize("id", ["0123456789abcdefghijklmnop.3", "x.1", "0.0"])
def test_an_unknown_generation_gets_one_terminal_event_that_says_so(wire: Wire, id: str):
    answer = wire.open("GET", f"{STREAM}?query=x", headers={"Last-Event-ID": id})

    assert answer.status == 200
    assert answer.header("content-type") == "text/event-stream; charset=utf-8"
    [event] = [event for event in answer.all_events() if "type" in event]
    assert event["type"] == "error"
    assert event["data"]["code"] == "gone"
    assert wire.get(f"{STREAM}?query=x", Last_Event_ID=event["id"]).status == 204


def test_an_unknown_stream_gets_the_same(wire: Wire):
    [event] = [event for event in wire.follow("nothing").all_events() if "type" in event]

    assert event["data"]["code"] == "gone"


@pytest.mark.parametrize(
    "id", ["abc", "a b.1", "a.b", "a.-1", ".5", "a.1.1", "a" * 41 + ".1", "🙂.1"]
)
def test_what_is_no_id_of_ours_is_400_and_starts_nothing(gateway: Gateway, id: str):
    before = gateway.metric("gateway_streams_total")

    sent = id.encode().decode("latin-1")
    answer = gateway.wire.get(f"{STREAM}?query=x", Last_Event_ID=sent)

    assert answer.status == 400
    assert answer.json["field"] == "last_event_id"
    assert gateway.metric("gateway_streams_total") == before


def test_the_id_of_one_stream_opens_no_other(wire: Wire):
    one, _ = finished(wire)
    _, events = finished(wire)

    answer = wire.follow(one, Last_Event_ID=events[0]["id"]).read()

    assert answer.status == 400
    assert answer.json["field"] == "last_event_id"


def test_a_stream_belongs_to_its_app(start: Start):
    app = {"model": "default"}
    gateway = start({"apps": {"bali-zero": app, "other": app}, "limits": {}})
    id = gateway.wire.create("[[n=1]]")["id"]

    foreign = gateway.wire.open("GET", f"/api/v2/other/streams/{id}").all_events()
    stop = gateway.wire.delete(f"/api/v2/other/streams/{id}")

    assert foreign[-1]["data"]["code"] == "gone"
    assert stop.status == 404


def test_create_answers_201_with_a_location_and_no_prompt_in_it(wire: Wire):
    answer = wire.post(STREAMS, {"query": "secret words [[n=1]]"})

    created = answer.json
    assert answer.status == 201
    assert set(created) == {"id", "url", "expires_at"}
    assert answer.header("location") == created["url"] == f"{STREAMS}/{created['id']}"
    assert b"secret" not in answer.raw_head


def test_a_late_follower_gets_everything_then_live(wire: Wire):
    id = wire.create("[[n=20]] [[delay=0.02]]")["id"]
    with wire.follow(id) as answer:
        next(event for event in answer.events() if event.get("sequence") == 5)

    events = wire.follow(id).all_events()

    assert text_of(events) == tokens(20)


def test_fifty_readers_share_one_provider_call(gateway: Gateway):
    before = gateway.metric("gateway_backend_attempts_total")
    id = gateway.wire.create("[[n=40]] [[delay=0.02]]")["id"]

    with ThreadPoolExecutor(50) as pool:
        readings = list(pool.map(lambda _: gateway.wire.follow(id).all_events(), range(50)))

    assert all(text_of(events) == tokens(40) for events in readings)
    assert all(events[1:] == readings[0][1:] for events in readings)
    assert gateway.metric("gateway_backend_attempts_total") == before + 1
    assert gateway.metric("gateway_readers_active") == 0


def test_thousands_of_missed_events_come_as_one_snapshot(wire: Wire):
    id, events = finished(wire, "[[n=3000]] [[delay=0]]")

    late = wire.follow(id).all_events()

    assert text_of(events) == text_of(late) == tokens(3000)
    assert [event["type"] for event in late] == ["metadata", "snapshot", "done"]
    assert late[1]["id"] == f"{id}.3000"
    assert late[2] == events[-1]


def test_delete_ends_the_answer_as_cancelled_with_the_usage_so_far(gateway: Gateway):
    id = gateway.wire.create("[[n=1000]] [[delay=0.02]]")["id"]
    with gateway.wire.follow(id) as answer:
        events = answer.events()
        next(event for event in events if event.get("sequence") == 3)
        stopped = gateway.wire.delete(f"{STREAMS}/{id}")
        rest = list(events)

    assert stopped.status in (200, 202, 204)
    done = rest[-1]
    assert done["type"] == "done"
    assert done["data"]["finish_reason"] == "cancelled"
    assert 0 < done["data"]["usage"]["output_tokens"] < 1000
    assert gateway.end_of(id)["outcome"] == "cancelled"


def test_delete_twice_is_harmless_and_unknown_is_404(wire: Wire):
    id = wire.create("[[n=1000]] [[delay=0.02]]")["id"]

    assert wire.delete(f"{STREAMS}/{id}").status < 300
    assert wire.delete(f"{STREAMS}/{id}").status < 300
    assert wire.delete(f"{STREAMS}/unknown").status == 404
    assert wire.follow(id).all_events()[-1]["data"]["finish_reason"] == "cancelled"


def test_the_same_idempotency_key_leads_to_the_same_stream(gateway: Gateway):
    before = gateway.metric("gateway_streams_total")
    headers = {"Idempotency_Key": "order-1"}

    first = gateway.wire.create("[[n=2]]", **headers)
    second = gateway.wire.create("[[n=2]]", **headers)
    other = gateway.wire.create("[[n=2]]", Idempotency_Key="order-2")

    assert first["id"] == second["id"] != other["id"]
    for id in {first["id"], other["id"]}:
        gateway.end_of(id)
    assert gateway.metric("gateway_streams_total") == before + 2


def test_an_idempotency_key_with_another_body_is_409(wire: Wire):
    wire.create("[[n=2]]", Idempotency_Key="order-3")

    answer = wire.post(STREAMS, {"query": "[[n=3]]"}, Idempotency_Key="order-3")

    assert answer.status == 409
    assert answer.json["field"] == "Idempotency-Key"


def test_concurrent_requests_with_one_key_make_one_stream(wire: Wire):
    with ThreadPoolExecutor(12) as pool:
        made = list(
            pool.map(lambda _: wire.create("[[n=2]]", Idempotency_Key="at-once"), range(12))
        )

    assert len({created["id"] for created in made}) == 1


def test_a_refused_request_does_not_use_up_its_key(wire: Wire):
    bad = wire.post(STREAMS, {"query": "x", "model": "nope"}, Idempotency_Key="again")
    good = wire.post(STREAMS, {"query": "x", "model": "nope"}, Idempotency_Key="again")

    assert (bad.status, good.status) == (400, 400)
    assert wire.post(STREAMS, {"query": "[[n=1]]"}, Idempotency_Key="again").status == 201


@pytest.mark.parametrize("key", ["", "k" * 129])
def test_a_key_that_is_none_is_400(wire: Wire, key: str):
    answer = wire.post(STREAMS, {"query": "[[n=1]]"}, Idempotency_Key=key)

    assert answer.status == 400
    assert answer.json["field"] == "Idempotency-Key"


def test_a_key_of_raw_bytes_is_no_fault_of_ours(wire: Wire):
    answer = wire.post(STREAMS, {"query": "[[n=1]]"}, Idempotency_Key="caf\xe9\xff")

    assert answer.status in (201, 400)
