"""A plain SSE service: the configuration says where the words are."""

from __future__ import annotations

import pytest

from backends import (
    BackendError,
    BackendOptions,
    BackendRefused,
    BackendTruncated,
    BackendUnavailable,
    Finished,
    ImagePart,
    Message,
    TextPart,
    Tool,
    load_backend,
)
from backends.contract import ask, assert_valid_stream, collect, text_of
from backends.routes.attempt import AttemptRoute

WIDGET = (
    b'data: {"type":"metadata","data":{"status":"connected"}}\n\n'
    b'data: {"type":"token","data":"Hel"}\n\n: ping\n\ndata: {"type":"token","data":"lo"}\n\n'
    b'data: {"type":"done","data":{}}\n\n'
)
PLAIN = b"data: Hello\n\ndata:  world\n\ndata: [DONE]\n\n"
NESTED = (
    b'event: delta\ndata: {"a":[{"b":"Hi"}],"t":"hm"}\n\nevent: noise\ndata: {"a":[{"b":"x"}]}\n\n'
    b"event: done\ndata: {}\n\n"
)
WIDGET_SHAPE = {"text": "data", "kind_field": "type", "text_kinds": ["token"]}


def wire(body: bytes) -> bytes:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
    return head + body


@pytest.fixture
async def mine(raw):
    built = []

    async def create(body: bytes, **extra):
        options = BackendOptions(kind="http_sse", base_url=await raw(wire(body)), extra=extra)
        built.append(load_backend("mine", options))
        return built[-1]

    yield create
    for backend in built:
        await backend.aclose()


@pytest.mark.parametrize(
    "body,shape,text",
    [
        (WIDGET, WIDGET_SHAPE, "Hello"),
        (PLAIN, {"text": ""}, "Hello world"),
        (NESTED, {"text": "a.0.b", "reasoning": "t", "text_kinds": ["delta"]}, "Hi"),
    ],
)
async def test_words_are_found_where_the_configuration_says(mine, body, shape, text):
    backend = await mine(body, **shape)
    events = await collect(backend.stream(ask("x")))

    assert_valid_stream(events)
    assert text_of(events) == text


async def test_an_end_without_a_mark_is_truncated_unless_configured(mine):
    cut = WIDGET[: WIDGET.index(b'data: {"type":"done"')]

    with pytest.raises(BackendTruncated):
        await collect((await mine(cut, **WIDGET_SHAPE)).stream(ask("x")))
    backend = await mine(cut, ends_with_body=True, **WIDGET_SHAPE)
    assert (await collect(backend.stream(ask("x"))))[-1] == Finished("stop")


async def test_an_error_event_is_an_error(mine):
    body = b'data: {"type":"error","data":{"code":"x","message":"SECRET"}}\n\n'

    with pytest.raises(BackendError) as caught:
        await collect((await mine(body, **WIDGET_SHAPE)).stream(ask("x")))
    assert "SECRET" not in caught.value.message


async def test_what_it_cannot_carry_is_refused_and_hints_are_named(mine):
    backend = AttemptRoute(await mine(WIDGET, **WIDGET_SHAPE))
    picture = (Message("user", (TextPart("x"), ImagePart(url="https://example.org"))),)

    with pytest.raises(BackendRefused, match="'tools'"):
        await collect(backend.stream(ask("x", tools=(Tool("f", {}),))))
    with pytest.raises(BackendRefused, match=r"messages\.image"):
        await collect(backend.stream(ask("x", messages=picture)))
    events = await collect(backend.stream(ask("x", temperature=0.5)))
    assert events[0].dropped == ("temperature",)


def test_mistakes_of_the_configuration_are_named():
    with pytest.raises(BackendUnavailable, match="base_url"):
        load_backend("mine", BackendOptions(kind="http_sse"))
    options = BackendOptions(kind="http_sse", base_url="http://x", extra={"txt": "data"})
    with pytest.raises(BackendUnavailable, match="txt"):
        load_backend("mine", options)
