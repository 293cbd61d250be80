"""The loop that all wire adapters share: send the body, feed the reader, yield what it read."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping

import aiohttp
import msgspec

from .batches import Batch, events_of
from .errors import BackendError, BackendTruncated
from .events import Event
from .line import Answer
from .reader import StreamReader
from .refusals import failure_in_stream
from .upstream import MAX_ERROR_BODY, Upstream, leave

Prepare = Callable[[], tuple[bytes, StreamReader]]

DRAIN_S = 0.05
TURN_BYTES = 64 * 1024
"""What is read in one turn of the loop: a few milliseconds of work, whatever it holds."""


def relay(
    upstream: Upstream, prepare: Prepare, headers: Mapping[str, str] | None = None
) -> AsyncGenerator[Event, None]:
    """Carry one call, event by event."""
    return events_of(relay_batches(upstream, prepare, headers))


async def relay_batches(
    upstream: Upstream, prepare: Prepare, headers: Mapping[str, str] | None = None
) -> AsyncGenerator[Batch, None]:
    """Carry one call, read by read. Closing this generator closes the provider's connection."""
    body, reader = prepare()
    answer = upstream.post(body, headers)
    del body, prepare  # an answer may take minutes
    response = await answer
    try:
        data = await _begin(upstream, response)
        broken: BackendTruncated | None = None
        while data:
            for start in range(0, len(data), TURN_BYTES):
                if start:
                    await asyncio.sleep(0)  # the other answers have their turn
                yield reader.feed(data[start : start + TURN_BYTES])
                if reader.failure is not None:
                    raise reader.failure
            if reader.is_done:
                break
            try:
                data = await upstream.piece(response)
            except BackendTruncated as exc:
                broken, data = exc, b""
        ending = reader.end()
        if broken is not None and not reader.is_done:  # the end mark may lack its blank line only
            raise broken
        yield ending
        if reader.failure is not None:
            raise reader.failure
        await _drain(response)
    finally:
        leave(response)


async def _begin(upstream: Upstream, response: Answer) -> bytes:
    """Return the first bytes of a stream; refuse a page or a JSON body in its place.

    What is named JSON and does not look like it is taken for the stream that it should be.
    """
    kind = response.content_type
    if kind == "text/html":
        raise BackendError(
            "The provider answered with a web page. Check base_url.",
            is_retryable=False, backend=upstream.name,
        )  # fmt: skip
    start = await upstream.piece(response)
    if kind != "application/json" or not _may_be_json(start):
        return start
    while len(start) <= MAX_ERROR_BODY and (data := await upstream.piece(response)):
        start += data
    error = _error_in(start)
    if error is not None:
        raise failure_in_stream(upstream.name, error)
    raise BackendError("The provider answered without a stream.", backend=upstream.name)


def _may_be_json(start: bytes) -> bool:
    return start.lstrip()[:1] in (b"", b"{", b"[")


def _error_in(body: bytes) -> object:
    try:
        parsed = msgspec.json.decode(body)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    return parsed.get("error") if isinstance(parsed, dict) else None


async def _drain(response: Answer) -> None:
    """Read what follows the end mark, so that the connection can serve the next call."""
    if response.content.at_eof():
        return
    try:
        async with asyncio.timeout(DRAIN_S):
            while not response.content.at_eof() and await response.content.readany():
                pass
    except (TimeoutError, aiohttp.ClientError, OSError):
        # The answer is whole; the connection is merely not used again.
        pass
