"""`redact: outbound`: prompts leave without personal values, answers come back with them.

Stands between a generation and its router. The map of values lives in the stream of one call and
dies with it. Of the client's own body (`origin`), which holds the values too, an outline
without words is left: it tells what a backend cannot carry.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncGenerator, Iterator
from typing import Any

import msgspec

from audit import Outbound, Redactor, Restorer
from backends import (
    Batch,
    Channel,
    ChatRequest,
    Event,
    Finished,
    Message,
    Part,
    Text,
    TextPart,
    Timeouts,
    ToolCall,
    ToolResultPart,
    ToolUsePart,
    each,
)
from gateway.stream.source import Source

OFF_LOOP_CHARS = 16_384
NAMED = frozenset({"type", "role"})
"""Fields whose values are words of a protocol."""
FREE = frozenset({"input", "arguments", "metadata", "parameters", "input_schema", "schema"})
"""Fields whose objects are of the client's own making."""
_WORD = re.compile(r"[a-z0-9_]{1,40}")


class HidingSource:
    """A source whose provider never sees a personal value."""

    def __init__(self, source: Source, redactor: Redactor) -> None:
        self._source = source
        self._redactor = redactor

    def timeouts_of(self, served_by: str) -> Timeouts:
        """Return the clocks of the backend that serves."""
        return self._source.timeouts_of(served_by)

    async def batches(self, request: ChatRequest) -> AsyncGenerator[Batch, None]:
        """Hide, ask, restore."""
        outbound = Outbound(self._redactor)
        hidden = await hide(request, outbound)
        returning = Returning(outbound)
        async with contextlib.aclosing(self._source.batches(hidden)) as batches:
            async for batch in batches:
                yield [restored for event in each(batch) for restored in returning.take(event)]


async def hide(request: ChatRequest, outbound: Outbound) -> ChatRequest:
    """Return the request with all its words hidden; long ones are worked on off the loop."""
    texts = [part.text for part in request.system]
    for message in request.messages:
        for part in message.parts:
            texts += _texts_of(part)
    if sum(map(len, texts)) > OFF_LOOP_CHARS or outbound.is_slow:
        done = await asyncio.to_thread(outbound.hide, texts)
    else:
        done = outbound.hide(texts)
    words = iter(done)
    return msgspec.structs.replace(
        request,
        system=tuple(msgspec.structs.replace(part, text=next(words)) for part in request.system),
        messages=tuple(
            Message(message.role, tuple(_with(part, words) for part in message.parts))
            for message in request.messages
        ),
        origin=request.origin
        and msgspec.structs.replace(
            request.origin, body=_outline(request.origin.body), relays=False
        ),
    )


def _outline(value: Any) -> Any:
    """Return the fields and types of a body without anything that somebody wrote."""
    if isinstance(value, dict):
        return {
            key: said if key in NAMED and _is_word(said) else _outline(said)
            for key, said in value.items()
            if not (key in FREE and isinstance(said, dict))
        }
    if isinstance(value, list):
        return [_outline(item) for item in value]
    return "..." if isinstance(value, str) and value else value


def _is_word(value: object) -> bool:
    return isinstance(value, str) and _WORD.fullmatch(value) is not None


def _texts_of(part: Part) -> list[str]:
    match part:
        case TextPart(text):
            return [text]
        case ToolUsePart():
            return [part.arguments]
        case ToolResultPart():
            return [item.text for item in part.content if isinstance(item, TextPart)]
        case _:
            return []


def _with(part: Part, words: Iterator[str]) -> Part:
    """Return the part with the next words, in the order of `_texts_of`."""
    match part:
        case TextPart():
            return msgspec.structs.replace(part, text=next(words))
        case ToolUsePart():
            return msgspec.structs.replace(part, arguments=next(words))
        case ToolResultPart():
            content = tuple(
                msgspec.structs.replace(item, text=next(words))
                if isinstance(item, TextPart)
                else item
                for item in part.content
            )
            return msgspec.structs.replace(part, content=content)
        case _:
            return part


class Returning:
    """Restores the events of one answer; a name split over pieces is held until it is whole."""

    def __init__(self, outbound: Outbound) -> None:
        self._outbound = outbound
        self._channel: tuple[str, int] | None = None
        self._restorer: Restorer | None = None

    def take(self, event: Event) -> list[Event]:
        """Return the events that may go on now."""
        match event:
            case Text():
                before = self._turn_to(("refusal" if event.is_refusal else event.channel, 0))
                text = self._feed(event.text)
                return [*before, msgspec.structs.replace(event, text=text)]
            case ToolCall():
                before = self._turn_to(("tool", event.index))
                arguments = self._feed(event.arguments)
                return [*before, msgspec.structs.replace(event, arguments=arguments)]
            case Finished():
                return [*self._turn_to(None), event]
            case _:
                return [event]

    def _feed(self, text: str) -> str:
        return self._restorer.feed(text) if self._restorer else text

    def _turn_to(self, channel: tuple[str, int] | None) -> list[Event]:
        """Begin another part of the answer; what was held of the last one is let go."""
        if channel == self._channel:
            return []
        rest, last = (self._restorer.close() if self._restorer else ""), self._channel
        self._channel = channel
        is_tool = channel is not None and channel[0] == "tool"
        self._restorer = self._outbound.restorer(in_json=is_tool) if channel else None
        if not rest or last is None:
            return []
        kind, index = last
        if kind == "tool":
            return [ToolCall(index, rest)]
        said_in: Channel = "reasoning" if kind == "reasoning" else "answer"
        return [Text(rest, said_in, is_refusal=kind == "refusal")]
