"""JSON bodies: every mistake is a 4xx that names the field, whatever is sent."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable
from urllib.parse import quote

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.dialects.body import MAX_DEPTH, decode
from gateway.dialects.widget_request import MAX_PROMPT, WidgetRequest, from_body, from_query
from gateway.errors import ApiError


def error_of(read: Callable[[], object]) -> ApiError | None:
    """Return the error of a reading, None where it went well."""
    try:
        read()
    except ApiError as error:
        return error
    return None


def refused(body: bytes) -> ApiError:
    """Return the error of a body that has one."""
    error = error_of(lambda: from_body(body))
    assert error is not None
    return error


@given(body=st.binary(max_size=200))
def test_any_bytes_are_a_request_or_a_4xx(body: bytes):
    error = error_of(lambda: from_body(body))

    assert error is None or (400 <= error.status < 500 and error.field)


WORD = st.text(max_size=5)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORD, inner, max_size=3),
    max_leaves=10,
)
NAMES = ("query", "conversation_history", "user_email", "user_role", "model", "other")


@given(fields=st.dictionaries(st.sampled_from(NAMES), JSON))
def test_any_values_are_a_request_or_a_4xx_that_names_one_of_them(fields: dict[str, object]):
    error = error_of(lambda: from_body(json.dumps(fields).encode()))

    if error is not None:
        assert 400 <= error.status < 500
        assert error.field is not None
        is_named = error.field.split("[")[0].split(".")[0] in NAMES
        assert is_named or "64 bits" in error.detail


@given(query=st.text(max_size=40), history=st.text(max_size=40))
def test_any_query_string_is_a_request_or_a_4xx(query: str, history: str):
    fields = {"query": query, "conversation_history": history}

    error = error_of(lambda: from_query(fields))

    if error is not None:
        assert 400 <= error.status < 500
        assert error.field is not None
        assert error.field.split("[")[0] in fields


@given(raw=st.binary(min_size=1, max_size=20))
def test_what_is_no_utf8_in_the_query_is_named(raw: bytes):
    encoded = quote(raw)
    try:
        raw.decode()
        is_good = True
    except UnicodeDecodeError:
        is_good = False

    raw_query = f"query=hello&user_role={encoded}"
    error = error_of(lambda: from_query({"query": "hello"}, raw_query))

    assert (error is None) == is_good
    assert error is None or error.field == "user_role"


@pytest.mark.parametrize("brackets", [("[", "]"), ('{"a":', "}")])
def test_nesting_is_bounded(brackets: tuple[str, str]):
    def body(depth: int) -> bytes:
        inside = brackets[0] * depth + "1" + brackets[1] * depth
        return f'{{"query":"hi","x":{inside}}}'.encode()

    assert from_body(body(MAX_DEPTH - 2)).query == "hi"
    assert refused(body(MAX_DEPTH + 1)).field == "body"


@pytest.mark.parametrize(
    "number, is_good",
    [
        (2**64 - 1, True), (-(2**63), True), (1.5e300, True), (0.12345678901234567890123, True),
        (2**64, False), (-(2**63) - 1, False), (10**20, False), (10**300, False),
    ],
)  # fmt: skip
@pytest.mark.parametrize("place", ['{{"query":"a","other":{}}}', '{{"query":"a","x":[1,{}]}}'])
def test_whole_numbers_are_bounded_wherever_they_stand(place: str, number: float, is_good: bool):
    error = error_of(lambda: from_body(place.format(json.dumps(number)).encode()))

    assert (error is None) == is_good
    assert error is None or error.field == ("other" if "other" in place else "body")


@pytest.mark.parametrize("text", ["9" * 40, 'say "x": 99999999999999999999', "-" + "1" * 30])
def test_digits_in_text_are_no_number(text: str):
    assert from_body(json.dumps({"query": text}).encode()).query == text


def test_brackets_in_text_are_no_nesting():
    text = "[{" * 1000 + '\\"' * 50

    assert from_body(json.dumps({"query": text}).encode()).query == text


@pytest.mark.parametrize(
    "body",
    [b'{"query":"' + b"[" * 1_000_000, b"[" * 1_000_000, b'"' * 1_000_001, b'"\\' * 500_000,
     b'{"query":"a","x":[' + b"[]," * 300_000 + b"1]}"],
)  # fmt: skip
def test_a_mebibyte_of_anything_is_judged_quickly(body: bytes):
    began = time.perf_counter()

    error_of(lambda: decode(body, WidgetRequest))

    assert time.perf_counter() - began < 1


@pytest.mark.parametrize("blank", ["", " ", None])
def test_optional_fields_may_be_blank_in_both_forms(blank: str | None):
    fields = {"user_email": blank, "user_role": blank, "model": blank}
    asked = WidgetRequest("hi")

    assert from_body(json.dumps({"query": "hi", **fields}).encode()) == asked
    assert (
        from_query({"query": "hi", **{n: v for n, v in fields.items() if v is not None}}) == asked
    )
    assert from_query({"query": "hi", "conversation_history": "null"}) == asked


def test_an_answer_of_any_length_and_kind_does_not_end_the_conversation():
    said = [{"role": "assistant", "content": "\x1b[1m" + "word " * MAX_PROMPT}]

    asked = from_body(json.dumps({"query": "go on", "conversation_history": said}).encode())

    assert asked.conversation_history is not None
    assert asked.conversation_history[0].content == said[0]["content"]


def test_text_pasted_from_a_document_may_break_lines_and_pages_in_its_way():
    text = "a\x0bb\x0cc\td\r\ne\x85f\u2028g"

    assert from_body(json.dumps({"query": text}).encode()).query == text
    assert refused(b'{"query":"a\\u0000b"}').field == "query"


def test_a_prompt_is_bounded_in_characters_and_not_in_bytes():
    assert from_body(json.dumps({"query": "ü" * MAX_PROMPT}).encode())
    error = refused(json.dumps({"query": "ü" * (MAX_PROMPT + 1)}).encode())

    assert (error.status, error.field) == (413, "query")


BODIES = {
    "/v1/chat/completions": lambda text: {"messages": [{"role": "user", "content": text}]},
    "/v1/messages": lambda text: {"messages": [{"role": "user", "content": text}], "max_tokens": 9},
    "/v1/responses": lambda text: {"input": text},
    "/api/chat": lambda text: {
        "id": "c", "messages": [{"role": "user", "parts": [{"type": "text", "text": text}]}]
    },
    "/agui": lambda text: {
        "threadId": "t", "runId": "r", "messages": [{"id": "m", "role": "user", "content": text}]
    },
}  # fmt: skip


@pytest.mark.parametrize("path", BODIES)
async def test_only_bodies_of_provider_protocols_may_be_larger_by_configuration(gateway_of, path):
    server = await gateway_of(
        "server: {max_body_mib: 2}\nbackends: {demo: {kind: script}}\n"
        "models: {default: {targets: [{backend: demo}]}}\n"
        "apps: {bali-zero: {model: default}}\naudit: {level: none, sinks: [{path: AUDIT}]}\n"
    )

    async def status(path: str, body: dict) -> int:
        data, sent_as = io.BytesIO(json.dumps(body).encode()), {"Content-Type": "application/json"}
        async with aiohttp.request("POST", server.make_url(path), data=data, headers=sent_as) as it:
            return it.status

    of_size = BODIES[path]
    said = "[[text=ok]] [[delay=0]]"
    assert await status(path, {"model": "default"} | of_size(said + "a" * 1_500_000)) == 200
    assert await status(path, {"model": "default"} | of_size(said + "a" * 2_500_000)) == 413
    assert await status("/api/v2/bali-zero/chat", {"query": "a" * 1_500_000}) == 413
