"""All that a response has received, in one step.

aiohttp (3.14) settles its flow control anew for each HTTP chunk that `readany` takes, and parses an
empty read each time: for a provider that sends a chunk for each word this costs more than all that
we do with the word. So the chunks are taken at once, and reading goes on only if it was paused.
It goes when `readany` does the same; where aiohttp's reader has other insides, `readany` is used.
"""

from __future__ import annotations

from aiohttp import StreamReader

_INSIDES = (
    "_buffer", "_buffer_offset", "_cursor", "_eof", "_exception", "_http_chunk_splits", "_protocol",
    "_size", "_wait",
)  # fmt: skip
CAN_TAKE = all(hasattr(StreamReader, name) for name in _INSIDES)


async def take(content: StreamReader) -> bytes:
    """Return what has arrived, waiting for something; empty at the end; raise what broke it."""
    if not CAN_TAKE or type(content) is not StreamReader or content._buffer_offset:
        return await content.readany()
    if content._exception is not None:
        raise content._exception
    chunks = content._buffer
    while not chunks and not content._eof:
        await content._wait("readany")
    data = chunks.popleft() if len(chunks) == 1 else b"".join(chunks)
    chunks.clear()
    content._cursor += len(data)
    content._size = 0
    if content._http_chunk_splits:
        content._http_chunk_splits.clear()
    if content._protocol._reading_paused:
        content._protocol.resume_reading()
    return data
