"""Servers that answer 200 and mean something else, servers that hang, redirect, compress, flood."""

from __future__ import annotations

import gzip

import pytest

from backends import (
    BackendError,
    BackendLimited,
    BackendRefused,
    BackendTimeout,
    BackendTruncated,
    Finished,
)
from backends.contract import ask, collect, text_of

KINDS = ("openai_chat", "openai_responses", "anthropic_messages")
both = pytest.mark.parametrize("kind", KINDS)

ANSWER = {
    "openai_chat": (
        b'data: {"id":"1","choices":[{"index":0,"delta":{"content":"Hi \xf0\x9f\x8c\xb4"},'
        b'"finish_reason":null}]}\n\n'
        b'data: {"id":"1","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'
        b"data: [DONE]\n\n"
    ),
    "openai_responses": (
        b'event: response.created\ndata: {"type":"response.created","response":{"model":"m"}}\n\n'
        b'data: {"type":"response.output_text.delta","delta":"Hi \xf0\x9f\x8c\xb4"}\n\n'
        b'data: {"type":"response.completed","response":{"model":"m"}}\n\n'
    ),
    "anthropic_messages": (
        b'event: message_start\ndata: {"type":"message_start","message":{"model":"m"}}\n\n'
        b'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":'
        b'{"type":"text_delta","text":"Hi \xf0\x9f\x8c\xb4"}}\n\n'
        b'event: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"end_turn"}}'
        b'\n\nevent: message_stop\ndata: {"type":"message_stop"}\n\n'
    ),
}


def response(body: bytes, kind: str = "text/event-stream", status: str = "200 OK", more: str = ""):
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nConnection: close\r\n{more}\r\n"
    return head.encode() + body


def chunked(body: bytes, size: int, end: bytes = b"0\r\n\r\n") -> bytes:
    pieces = [body[i : i + size] for i in range(0, len(body), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(p), p) for p in pieces) + end


@both
@pytest.mark.parametrize("size", [1, 2, 7, 4096])
async def test_an_answer_in_any_chunks_is_the_same(build, raw, kind: str, size: int):
    wire = response(chunked(ANSWER[kind], size), more="Transfer-Encoding: chunked\r\n")
    backend = build(kind, await raw(wire))

    events = await collect(backend.stream(ask("x")))

    assert text_of(events) == "Hi 🌴"
    assert events[-1] == Finished("stop")


@both
async def test_an_answer_byte_by_byte_on_the_wire_is_the_same(build, raw, kind: str):
    wire = response(ANSWER[kind])
    backend = build(kind, await raw(*(wire[i : i + 1] for i in range(len(wire)))))

    assert text_of(await collect(backend.stream(ask("x")))) == "Hi 🌴"


@both
async def test_an_end_mark_counts_though_the_connection_breaks_behind_it(build, raw, kind: str):
    whole = ANSWER[kind].removesuffix(b"\n\n")
    wire = response(chunked(whole, 4096, end=b""), more="Transfer-Encoding: chunked\r\n")

    events = await collect(build(kind, await raw(wire)).stream(ask("x")))

    assert text_of(events) == "Hi 🌴"
    assert events[-1] == Finished("stop")


@both
async def test_a_stream_that_is_named_json_is_still_a_stream(build, raw, kind: str):
    wire = response(ANSWER[kind], "application/json")

    assert text_of(await collect(build(kind, await raw(wire)).stream(ask("x")))) == "Hi 🌴"


@both
async def test_a_clean_end_in_the_middle_is_truncated(build, raw, until_failure, kind: str):
    half = ANSWER[kind][: len(ANSWER[kind]) // 2]
    wire = response(chunked(half, 4096), more="Transfer-Encoding: chunked\r\n")
    events, failure = await until_failure(build(kind, await raw(wire)).stream(ask("x")))

    assert isinstance(failure, BackendTruncated)
    assert not any(isinstance(e, Finished) for e in events)


@both
@pytest.mark.parametrize(
    "body,kind_of_body,error",
    [
        (b"<html><body>Sign in to the Wi-Fi</body></html>", "text/html", BackendError),
        (b"<html><body>no type</body></html>", "text/event-stream", BackendTruncated),
        (b'{"error": {"message": "no"}}', "application/json", BackendError),
        (b'{"error": {"type": "rate_limit_error"}}', "application/json", BackendLimited),
        (b'{"error": {"code": 429}}', "application/json", BackendLimited),
        (b'{"error": {"type": "invalid_request_error"}}', "application/json", BackendRefused),
        (b'{"choices": [{"message": {"content": "whole"}}]}', "application/json", BackendError),
        (b"[" * 5000, "application/json", BackendError),
        (b"", "text/event-stream", BackendTruncated),
        (b": only\n\n: comments\n\n", "text/event-stream", BackendTruncated),
        (b"data: [DONE]\n\n", "text/event-stream", BackendTruncated),
        (b"data: " + b"[" * 5000 + b"]" * 5000 + b"\n\n", "text/event-stream", BackendError),
        (b'data: {"choices": [{"delta": \xff\xfe}]}\n\n', "text/event-stream", BackendError),
        (b"data: " + b"x" * 1_100_000, "text/event-stream", BackendError),
        (b"data: null\n\ndata: 17\n\n", "text/event-stream", BackendError),
        (b'data: {"hello": "world"}\n\n', "text/event-stream", BackendError),
        (b'event: x\ndata: {"error": "plain words"}\n\n', "text/event-stream", BackendError),
    ],
)
async def test_what_is_no_answer_is_a_typed_error(
    build, raw, kind: str, body: bytes, kind_of_body: str, error: type
):
    backend = build(kind, await raw(response(body, kind_of_body)))

    with pytest.raises(error) as caught:
        await collect(backend.stream(ask("x")))

    assert "Wi-Fi" not in caught.value.message


@both
@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Temporary"])
async def test_a_redirect_is_not_followed(build, raw, kind: str, status: str):
    elsewhere = await raw(response(ANSWER[kind]))
    wire = response(b"", status=status, more=f"Location: {elsewhere}/v1\r\n")
    backend = build(kind, await raw(wire))

    with pytest.raises(BackendError, match="redirect") as caught:
        await collect(backend.stream(ask("x")))

    assert not caught.value.is_retryable


@both
async def test_a_compressed_answer_is_read_although_it_was_not_asked_for(build, raw, kind: str):
    """Compressed streams are no empty answers (Kong/kong#14893)."""
    wire = response(gzip.compress(ANSWER[kind]), more="Content-Encoding: gzip\r\n")

    assert text_of(await collect(build(kind, await raw(wire)).stream(ask("x")))) == "Hi 🌴"


@both
async def test_a_hang_up_before_the_answer_is_retryable(build, raw, kind: str):
    with pytest.raises(BackendError) as caught:
        await collect(build(kind, await raw(b"")).stream(ask("x")))

    assert caught.value.is_retryable
    assert not isinstance(caught.value, BackendTruncated)


@both
@pytest.mark.parametrize("garbage", [b"\x00\x01\x02\r\n\r\n", b"HTTP/9.9 999 ???\r\n\r\n"])
async def test_what_is_no_http_is_an_error(build, raw, kind: str, garbage: bytes):
    with pytest.raises(BackendError):
        await collect(build(kind, await raw(garbage)).stream(ask("x")))


@both
@pytest.mark.parametrize(
    "header,seconds",
    [
        ("Retry-After: 7", 7.0),
        ("Retry-After: 1.5", 1.5),
        ("retry-after-ms: 250", 0.25),
        ("Retry-After: soon", None),
        ("Retry-After: -3", None),
        ("Retry-After: 99999999", 86_400.0),
        ("Retry-After: Wed, 21 Oct 2015 07:28:00 GMT", 0.0),
    ],
)
async def test_retry_after_is_read_and_bounded(build, raw, kind: str, header: str, seconds):
    wire = response(b"{}", "application/json", "429 Too Many Requests", header + "\r\n")

    with pytest.raises(BackendLimited) as caught:
        await collect(build(kind, await raw(wire)).stream(ask("x")))

    assert caught.value.retry_after_s == seconds


@both
@pytest.mark.parametrize(
    "body,words,reason",
    [
        (
            b'{"error":{"message":"SECRET","param":"tools[0].name"}}',
            "'tools[0].name'",
            None,
        ),
        (
            b'{"error":{"message":"max_tokens: SECRET","type":"invalid_request_error"}}',
            "'max_tokens'",
            None,
        ),
        (
            b'{"error":{"message":"SECRET","code":"context_length_exceeded"}}',
            "too long",
            "context_length_exceeded",
        ),
        (
            b'{"error":{"message":"prompt is too long: 9 SECRET"}}',
            "too long",
            "context_length_exceeded",
        ),
        (
            b'{"error":{"message":"input length and `max_tokens` exceed context limit: SECRET"}}',
            "too long",
            "context_length_exceeded",
        ),
        (
            b'[{"error":{"code":400,"message":"exceeds the maximum number of tokens: SECRET"}}]',
            "too long",
            "context_length_exceeded",
        ),
        (b'{"error":{"message":"SECRET","param":"<script>"}}', "refused the request.", None),
        (b"SECRET", "refused the request.", None),
    ],
)
async def test_a_refusal_names_the_field_and_shows_nothing(
    build, raw, kind: str, body: bytes, words: str, reason
):
    wire = response(body, "application/json", "400 Bad Request")

    with pytest.raises(BackendRefused) as caught:
        await collect(build(kind, await raw(wire)).stream(ask("x")))

    assert words in caught.value.message
    assert "SECRET" not in caught.value.message
    assert caught.value.reason == reason
    assert (f"'{caught.value.field}'" in words) is (words[0] == "'")


@pytest.mark.parametrize(
    "status, body",
    [
        (
            "429 Too Many Requests",
            b'{"error":{"code":"insufficient_quota","type":"insufficient_quota"}}',
        ),
        (
            "400 Bad Request",
            b'{"error":{"type":"invalid_request_error","message":"Credit balance is too low"}}',
        ),
    ],
)
async def test_no_credit_is_neither_a_rate_limit_nor_a_wrong_request(build, raw, status, body):
    wire = response(body, "application/json", status)

    with pytest.raises(BackendError) as caught:
        await collect(build("openai_chat", await raw(wire)).stream(ask("x")))

    assert caught.value.status == 402
    assert not caught.value.is_retryable
    assert not isinstance(caught.value, BackendLimited | BackendRefused)


@both
async def test_a_handshake_that_never_ends_is_a_timeout(build, raw, kind: str):
    url = (await raw(hold=True)).replace("http://", "https://")
    backend = build(kind, url, timeouts={"connect_s": 0.1})

    with pytest.raises(BackendTimeout) as caught:
        await collect(backend.stream(ask("x")))

    assert caught.value.code == "timeout_first"


@both
async def test_a_large_request_arrives_whole(build, provider, control, kind: str):
    words = "x" * 1_500_000

    await collect(build(kind, provider).stream(ask(f"[[n=1]] {words}")))

    assert words in (await control("/__last"))["body"]
