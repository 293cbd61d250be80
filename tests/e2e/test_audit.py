"""The trail of a real process: a start before the provider, one end, and nobody's data in it."""

from __future__ import annotations

import json
import signal

import pytest

from tests.e2e.processes import Gateway, Provider, Start, eventually
from tests.e2e.wire import (
    CHAT,
    COMPLETIONS,
    STREAM,
    STREAMS,
    ask_url,
    completion_body,
)

MAIL, CARD, NIK = "budi.canary@example.com", "4111 1111 1111 1111", "3174096112900001"
KEY = "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789ABCD"
PLANTED = f"I am {MAIL}, card {CARD}, NIK {NIK}, key {KEY}. [[n=3]]"
SECRETS = (MAIL, CARD, CARD.replace(" ", ""), NIK, KEY, "budi.canary")


def everything(gateway: Gateway) -> str:
    """Return all that the gateway has written or shows: trail, output, metrics."""
    files = (path for path in gateway.audit_path.rglob("*") if path.is_file())
    kept = b"\n".join(path.read_bytes() for path in files).decode("utf-8", "replace")
    return kept + gateway.output + gateway.wire.get("/metrics").text


def test_a_chat_has_a_start_and_exactly_one_end(gateway: Gateway):
    answer = gateway.wire.ask("[[n=3]]")
    id = answer.all_events()[0]["data"]["stream_id"]

    end = gateway.end_of(id)
    start, *others = gateway.chat_records(id)

    assert start["event"] == "chat.received"
    assert start["request_id"] == answer.header("x-request-id")
    assert start["app"] == "bali-zero"
    assert start["subject"]
    assert start["time"]
    assert "outcome" not in start
    assert others == [end]
    assert end["event"] == "chat.completed"
    assert end["outcome"] == "done"
    assert end["usage"]["output_tokens"] == 3


def test_every_line_of_every_jsonl_file_is_a_record(gateway: Gateway):
    gateway.end_of(gateway.wire.ask("[[n=1]]").all_events()[0]["data"]["stream_id"])

    names = {"event", "time", "stream_id", "request_id", "app", "subject"}
    assert [record for record in gateway.records() if not names <= set(record)] == []


def test_every_protocol_is_recorded_alike(gateway: Gateway):
    wire = gateway.wire
    before = len([r for r in gateway.records() if r["event"] == "chat.received"])
    wire.open_post(STREAM, {"query": "[[n=1]]"}).all_events()
    wire.create("[[n=1]]")
    wire.post(CHAT, {"query": "[[n=1]]"})
    wire.post(COMPLETIONS, completion_body("[[n=1]]"))
    wire.post(COMPLETIONS, completion_body("[[n=1]]", stream=True))

    def starts() -> list[str]:
        return [r["stream_id"] for r in gateway.records() if r["event"] == "chat.received"]

    new = starts()[before:]
    assert len(new) >= 5
    assert all(gateway.end_of(id)["outcome"] == "done" for id in new[-5:])


def test_the_start_is_on_disk_before_the_provider_has_answered(start: Start, provider: Provider):
    gateway = start(OPENAI_BASE_URL=f"{provider.wire.url}/v1", OPENAI_API_KEY="sk-x")

    with gateway.wire.ask("[[ttft=30]] [[n=1]]") as answer:
        id = next(answer.events())["data"]["stream_id"]
        assert eventually(lambda: provider.stats["open"] > 0)
        [record] = gateway.chat_records(id)

    assert record["event"] == "chat.received"


@pytest.mark.parametrize("door", ["get", "post", "create", "chat", "openai", "history"])
def test_planted_personal_data_is_nowhere(gateway: Gateway, door: str):
    wire = gateway.wire
    history = [{"role": "user", "content": PLANTED}, {"role": "assistant", "content": PLANTED}]
    fields = {"user_email": MAIL, "user_role": f"role of {MAIL}"}
    match door:
        case "get":
            wire.open("GET", ask_url(PLANTED, **fields)).all_events()
        case "post":
            wire.open_post(STREAM, {"query": PLANTED, **fields}).all_events()
        case "create":
            wire.post(STREAMS, {"query": PLANTED, **fields})
        case "chat":
            wire.post(CHAT, {"query": PLANTED, **fields})
        case "openai":
            wire.post(COMPLETIONS, completion_body(PLANTED, user=MAIL))
        case "history":
            wire.post(CHAT, {"query": "[[n=1]]", "conversation_history": history})
    eventually(lambda: gateway.metric("gateway_streams_active") == 0)

    kept = everything(gateway)

    assert [secret for secret in SECRETS if secret in kept] == []


def test_an_answer_that_repeats_personal_data_is_redacted_over_the_cuts_of_its_tokens(
    gateway: Gateway,
):
    events = gateway.wire.ask(f"[[text=Write to {MAIL} or pay with {CARD} now]]").all_events()
    gateway.end_of(events[0]["data"]["stream_id"])

    kept = everything(gateway)

    assert [secret for secret in SECRETS if secret in kept] == []


def test_no_word_of_a_prompt_is_logged_or_measured(start: Start):
    gateway = start()
    word = "xylophonecanary"
    wire = gateway.wire
    wire.get(ask_url(f"{word} [[n=1]]"))
    wire.post(CHAT, {"query": f"{word} [[fault=cut@0]]"})
    wire.post(COMPLETIONS, completion_body(f"{word} [[n=1]]", model=word))
    wire.get(f"/nope/{word}?query={word}", X_Canary=word)
    wire.post(CHAT, {"query": word + "\x00"})
    wire.raw(f"GET /{word} HTTP/1.1\r\nX-A: {word}\0\r\n\r\n".encode())

    assert word not in gateway.output
    assert word not in wire.get("/metrics").text


def test_after_kill_9_in_mid_answer_the_start_is_there_and_the_next_run_ends_it(start: Start):
    gateway = start()
    with gateway.wire.ask(f"{MAIL} [[n=1000]] [[delay=0.05]]") as answer:
        events = answer.events()
        id = next(events)["data"]["stream_id"]
        next(events)
        gateway.signal(signal.SIGKILL)
        gateway.wait(5)

    [record] = gateway.chat_records(id)
    assert record["event"] == "chat.received"

    again = start(GATEWAY_AUDIT_PATH=str(gateway.audit_path))
    ends = eventually(lambda: [r for r in gateway.chat_records(id) if "outcome" in r])
    assert len(ends) == 1
    assert ends[0]["outcome"] in ("lost", "unknown")
    assert MAIL not in again.output


def test_a_trail_that_cannot_be_written_starts_no_chat(start: Start):
    with pytest.raises(AssertionError, match="exit code"):
        start(GATEWAY_AUDIT_PATH="/proc/nowhere/audit")


def test_a_trail_that_is_lost_while_serving_refuses_new_chats_with_503(start: Start):
    gateway = start()
    gateway.wire.ask("[[n=1]]").all_events()

    gateway.audit_path.rename(gateway.audit_path.with_name("moved"))
    gateway.audit_path.write_text("in the way")
    answers = [gateway.wire.post(STREAMS, {"query": "[[n=1]]"}) for _ in range(3)]

    assert [answer.status for answer in answers] == [503] * 3, answers[0].text


@pytest.mark.parametrize(
    "query, outcome",
    [
        ("[[n=2]]", "done"), ("[[n=2]] [[fault=cut@1]]", "upstream_truncated"),
        ("[[n=2]] [[fault=err@1]]", "upstream_error"), ("[[fault=400]]", "upstream_refused"),
        ("[[fault=429]]", "upstream_rate_limited"), ("[[fault=401]]", "upstream_error"),
    ],
)  # fmt: skip
def test_trail_metrics_and_client_tell_the_same_end(start: Start, query: str, outcome: str):
    gateway = start()

    events = gateway.wire.ask(query).all_events()
    end = gateway.end_of(events[0]["data"]["stream_id"])

    assert end["outcome"] == outcome
    assert gateway.metric("gateway_streams_total", outcome=outcome) == 1
    assert (events[-1]["type"] == "done") == (outcome == "done")


def test_life_of_the_process_and_whoever_is_turned_away_are_on_record(start: Start):
    gateway = start(GATEWAY_API_KEYS="the-key-of-this-test-0123456789")
    for _ in range(4):
        assert gateway.wire.post(CHAT, {"query": MAIL}, Authorization=f"Bearer {KEY}").status == 401
    foreign = gateway.wire.post(CHAT, {"query": "x"}, Origin="https://evil.example")
    gateway.close()

    kept = [r for r in gateway.records() if str(r["event"]).split(".")[0] in ("gateway", "auth")]
    first, *denied, last = kept

    assert (first["event"], last["event"]) == ("gateway.started", "gateway.stopping")
    assert first["config"] == last["config"]
    assert foreign.status == 403
    assert {r["event"] for r in denied} == {"auth.denied"}
    counted = {r["code"]: 0 for r in denied}
    for record in denied:
        counted[record["code"]] += 1 + record["suppressed"]
        assert record["network"] == "127.0.0.0/24"
    assert counted == {"unauthorized": 4, "origin_not_allowed": 1}
    assert [secret for secret in SECRETS if secret in json.dumps(kept)] == []
