"""What no client should send: each is refused with 4xx that names the field, none is a stream."""

from __future__ import annotations

import json

import pytest

from tests.e2e.processes import Gateway
from tests.e2e.wire import (
    CHAT,
    COMPLETIONS,
    STREAM,
    STREAMS,
    Answer,
    Wire,
    ask_url,
)

DEEP = "[" * 100_000 + "]" * 100_000
JSON_ROUTES = (CHAT, STREAM, STREAMS)
OK = '"query":"[[n=1]]"'


def refused(answer: Answer, status: int, field: str | None = None) -> None:
    """Check that an answer is a problem of ours that names the field."""
    answer.read()
    assert answer.status == status, answer.text
    assert answer.header("content-type") == "application/problem+json"
    problem = answer.json
    assert {"type", "title", "status", "detail", "code", "request_id"} <= set(problem)
    assert problem["status"] == status
    assert problem["request_id"] == answer.header("x-request-id") != ""
    if field is not None:
        assert problem["field"] == field


BODIES = {
    "nothing": ("", "body"),
    "half": ("{", "body"),
    "a list": ("[]", "body"),
    "null": ("null", "body"),
    "text": ('"hello"', "body"),
    "no query": ("{}", "query"),
    "a number": ('{"query":5}', "query"),
    "null query": ('{"query":null}', "query"),
    "a list as query": ('{"query":["a"]}', "query"),
    "blank": ('{"query":" \\t\\n"}', "query"),
    "empty": ('{"query":""}', "query"),
    "NUL": ('{"query":"a\\u0000b"}', "query"),
    "escape": ('{"query":"a\\u001bb"}', "query"),
    "delete": ('{"query":"a\\u007fb"}', "query"),
    "lone surrogate": ('{"query":"a\\ud800b"}', "body"),
    "low surrogate": ('{"query":"a\\udc00b"}', "body"),
    "invalid UTF-8": (b'{"query":"a\xffb"}', "body"),
    "UTF-16": ('{"query":"a"}'.encode("utf-16"), "body"),
    "NaN": ('{"query":"a","x":NaN}', "body"),
    "two values": ('{"query":"a"}{"query":"b"}', "body"),
    "deep in an unknown field": (f'{{{OK},"x":{DEEP}}}', "body"),
    "deep history": (f'{{{OK},"conversation_history":{DEEP}}}', None),
    "history as text": (f'{{{OK},"conversation_history":"x"}}', "conversation_history"),
    "history of numbers": (f'{{{OK},"conversation_history":[1]}}', "conversation_history[0]"),
    "turn without content": (
        f'{{{OK},"conversation_history":[{{"role":"user"}}]}}',
        "conversation_history[0].content",
    ),
    "unknown role": (
        f'{{{OK},"conversation_history":[{{"role":"user","content":"a"}},{{"role":"x","content":""}}]}}',
        "conversation_history[1].role",
    ),
    "NUL in the history": (
        f'{{{OK},"conversation_history":[{{"role":"user","content":"\\u0000"}}]}}',
        "conversation_history[0].content",
    ),
    "too many turns": (
        json.dumps({"query": "a", "conversation_history": [{"role": "user", "content": ""}] * 201}),
        "conversation_history",
    ),
    "model as number": (f'{{{OK},"model":7}}', "model"),
    "unknown model": (f'{{{OK},"model":"nope"}}', "model"),
    "e-mail as list": (f'{{{OK},"user_email":[]}}', "user_email"),
    "control in role": (f'{{{OK},"user_role":"a\\u0007"}}', "user_role"),
}


@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize("path", JSON_ROUTES)
def test_a_bad_body_is_400_and_names_the_field(wire: Wire, path: str, name: str):
    body, field = BODIES[name]

    answer = wire.open_post(path, body if isinstance(body, bytes) else body.encode())

    refused(answer, 400, field)


@pytest.mark.parametrize("path", JSON_ROUTES)
def test_a_prompt_over_its_limit_is_413(wire: Wire, path: str):
    refused(wire.open_post(path, {"query": "a" * 32_001}), 413, "query")


@pytest.mark.parametrize("path", [*JSON_ROUTES, COMPLETIONS])
def test_a_body_over_one_mebibyte_is_413(wire: Wire, path: str):
    body = b'{"query":"' + b"a" * (1 << 20) + b'"}'

    assert wire.open_post(path, body).read().status == 413


@pytest.mark.parametrize("path", [*JSON_ROUTES, COMPLETIONS])
def test_a_body_that_does_not_tell_its_length_is_counted(wire: Wire, path: str):
    chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    headers = {"Content-Type": "application/json", "Transfer-Encoding": "chunked"}

    answer = wire.open("POST", path, chunk * 17, headers).read()

    assert answer.status == 413


@pytest.mark.parametrize("path", JSON_ROUTES)
def test_unknown_fields_are_tolerated(wire: Wire, path: str):
    answer = wire.post(path, {"query": "[[n=1]]", "temperature": "warm", "x": {"y": [1]}})

    assert answer.status in (200, 201)


QUERIES = {
    "nothing": ("", "query"),
    "blank": ("query=%20%09", "query"),
    "NUL": ("query=a%00b", "query"),
    "line of control": ("query=a%07b", "query"),
    "invalid UTF-8": ("query=%5B%5Bn=1%5D%5Da%FFb", None),
    "cut UTF-8": ("query=%5B%5Bn=1%5D%5D%C3", None),
    "surrogate": ("query=%5B%5Bn=1%5D%5D%ED%A0%80", None),
    "history no JSON": ("query=a&conversation_history=nope", "conversation_history"),
    "history no list": ("query=a&conversation_history=%7B%7D", "conversation_history"),
    "history of text": ("query=a&conversation_history=%5B%22a%22%5D", "conversation_history[0]"),
    "history deep": ("query=a&conversation_history=" + "%5B" * 1200, "conversation_history"),
    "unknown model": ("query=a&model=nope", "model"),
    "long role": ("query=a&user_role=" + "a" * 400, "user_role"),
}


@pytest.mark.parametrize("name", QUERIES)
def test_a_bad_query_string_is_4xx_and_never_a_stream(wire: Wire, name: str):
    query, field = QUERIES[name]

    answer = wire.open("GET", f"{STREAM}?{query}")

    refused(answer, 413 if name == "long role" else 400, field)


@pytest.mark.parametrize("path", ["/api/v2/nope/chat-stream?query=a", "/api/v2/nope/streams/abc"])
def test_an_unknown_app_is_404(wire: Wire, path: str):
    refused(wire.open("GET", path), 404, "app")


@pytest.mark.parametrize("path", ["/nope", "/api", "/api/v2/bali-zero/nope", "/static/../app.py"])
def test_an_unknown_path_is_a_problem_404(wire: Wire, path: str):
    refused(wire.open("GET", path), 404)


@pytest.mark.parametrize("method", ["PUT", "PATCH", "TRACE", "DELETE", "PROPFIND"])
def test_a_wrong_method_is_405_and_names_the_right_ones(wire: Wire, method: str):
    answer = wire.open(method, STREAM)

    refused(answer, 405)
    assert set(answer.header("allow").replace(" ", "").split(",")) == {"GET", "POST"}


def test_a_wrong_method_at_an_unknown_path_is_404(wire: Wire):
    refused(wire.open("PATCH", "/nope"), 404)


@pytest.mark.parametrize(
    "kind",
    [
        "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "",
        "text/json", "application/xml", "application/octet-stream", "application/jsonp", "*/*",
    ],
)  # fmt: skip
@pytest.mark.parametrize("path", [*JSON_ROUTES, COMPLETIONS])
def test_anything_but_json_is_415(wire: Wire, path: str, kind: str):
    headers = {"Content-Type": kind} if kind else {}

    answer = wire.open("POST", path, f"{{{OK}}}".encode(), headers).read()

    assert answer.status == 415


@pytest.mark.parametrize("coding", ["gzip", "br", "deflate", "zstd", "x"])
def test_a_compressed_body_is_415(wire: Wire, coding: str):
    answer = wire.open_post(STREAM, b"\x1f\x8b", Content_Encoding=coding)

    refused(answer, 415, "Content-Encoding")


def test_an_expectation_that_we_cannot_meet_is_a_problem_417(wire: Wire):
    refused(wire.open_post(CHAT, {"query": "[[n=1]]"}, Expect="a-miracle"), 417)


def test_a_client_that_waits_for_100_continue_gets_it(wire: Wire):
    answer = wire.post(CHAT, {"query": "[[n=1]]"}, Expect="100-continue")

    assert answer.status == 200


HOST = "Host: localhost\r\n"
FRAMES = {
    "no Host": "GET /healthz HTTP/1.1\r\n\r\n",
    "two Hosts": f"GET /healthz HTTP/1.1\r\n{HOST}{HOST}\r\n",
    "a Host that is a list": "GET /healthz HTTP/1.1\r\nHost: localhost, evil.example\r\n\r\n",
    "another host in the line": f"GET http://evil.example/healthz HTTP/1.1\r\n{HOST}\r\n",
    "zipped chunks": f"POST {CHAT} HTTP/1.1\r\n{HOST}Content-Type: application/json\r\n"
    "Transfer-Encoding: gzip, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    "HTTP/2.0": f"GET /healthz HTTP/2.0\r\n{HOST}\r\n",
    "HTTP/9.9": f"GET /healthz HTTP/9.9\r\n{HOST}\r\n",
    "no HTTP": "\x16\x03\x01\x02\r\n\r\n",
    "unknown method": f"FOO /healthz HTTP/1.1\r\n{HOST}\r\n",
    "small method": f"get /healthz HTTP/1.1\r\n{HOST}\r\n",
    "10,000 bytes of header": f"GET /healthz HTTP/1.1\r\n{HOST}X-A: {'a' * 10_000}\r\n\r\n",
    "10,000 bytes of URL": f"GET {STREAM}?query={'a' * 10_000} HTTP/1.1\r\n{HOST}\r\n",
    "1,000 headers": f"GET /healthz HTTP/1.1\r\n{HOST}{'X-A: a' * 1000}\r\n".replace("aX", "a\r\nX")
    + "\r\n",
    "folded header": f"GET /healthz HTTP/1.1\r\n{HOST}X-A: a\r\n b\r\n\r\n",
    "NUL in header": f"GET /healthz HTTP/1.1\r\n{HOST}X-A: a\0b\r\n\r\n",
    "space before colon": f"GET /healthz HTTP/1.1\r\n{HOST}X-A : a\r\n\r\n",
    "length and chunked": f"POST {CHAT} HTTP/1.1\r\n{HOST}Content-Type: application/json\r\n"
    "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "two lengths": f"POST {CHAT} HTTP/1.1\r\n{HOST}Content-Type: application/json\r\n"
    "Content-Length: 5\r\nContent-Length: 6\r\n\r\n{}   ",
    "negative length": f"POST {CHAT} HTTP/1.1\r\n{HOST}Content-Length: -1\r\n\r\n",
    "no chunk size": f"POST {CHAT} HTTP/1.1\r\n{HOST}Content-Type: application/json\r\n"
    "Transfer-Encoding: chunked\r\n\r\nZZ\r\n{}\r\n0\r\n\r\n",
}


@pytest.mark.parametrize("name", FRAMES)
def test_ambiguous_framing_is_a_problem_400_with_its_id_and_a_closed_connection(
    wire: Wire, name: str
):
    second = f"GET /healthz HTTP/1.1\r\n{HOST}\r\n"

    answer = wire.raw((FRAMES[name] + second).encode("latin-1"))

    head, _, body = answer.partition(b"\r\n\r\n")
    problem = json.loads(body)
    assert answer.startswith(b"HTTP/1.")
    assert answer.split()[1] == b"400"
    assert answer.count(b"HTTP/1.") == 1
    assert b"Content-Type: application/problem+json" in head
    assert f"x-request-id: {problem['request_id']}".encode() in head
    assert len(problem["request_id"]) >= 8


@pytest.mark.parametrize("given", ["a", "x" * 65, "bad id here", "id;drop", "<script>"])
def test_a_request_id_that_is_no_id_is_replaced(wire: Wire, given: str):
    assert wire.get("/healthz", X_Request_Id=given).header("x-request-id") not in ("", given)


def test_a_good_request_id_is_kept(wire: Wire):
    answer = wire.get("/healthz", X_Request_Id="abc-123.DEF_9")

    assert answer.header("x-request-id") == "abc-123.DEF_9"


def test_no_bad_request_has_started_a_generation(gateway: Gateway):
    before = gateway.metric("gateway_streams_active")

    gateway.wire.get(ask_url(" "))

    assert gateway.metric("gateway_streams_active") <= before
