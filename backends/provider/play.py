"""Plays a score over a socket, with faults at byte level."""

from __future__ import annotations

import asyncio
import socket
import struct

from aiohttp import web

from ..script import Score
from .dialect import Writer

SLOW_DELAY_S = 1.0
_GARBAGE = b'data: {"choices": [{"delta": {"content": \xff\xfe nonsense\n\n'


class Cut(Exception):
    """The script wants the connection gone."""


async def play(request: web.Request, score: Score, writer: Writer) -> web.StreamResponse:
    """Stream one answer; faults end the connection in the way that the script says."""
    response = web.StreamResponse()
    response.content_type = "text/event-stream"
    response.headers["Cache-Control"] = "no-cache"
    if score.fault == "stall" and score.fault_at == 0:
        await asyncio.sleep(score.ttft_s)
        await response.prepare(request)
        await asyncio.Event().wait()
    await asyncio.sleep(score.ttft_s)
    await response.prepare(request)
    try:
        await _play(response, score, writer)
    except Cut:
        _hang_up(request, is_reset=score.fault == "reset")
        return response
    await response.write_eof()
    return response


async def _play(response: web.StreamResponse, score: Score, writer: Writer) -> None:
    if score.fault == "empty" and score.fault_at == 0:
        return
    for part in writer.opening():
        await response.write(part)
    delay_s = score.delay_s
    pieces = writer.pieces()
    for position, piece in enumerate(pieces):
        if position and delay_s:
            await asyncio.sleep(delay_s)
        if score.fault is not None and position == score.fault_at:
            if await _fail(response, score, writer):
                return
            delay_s = max(delay_s, SLOW_DELAY_S) if score.fault == "slow" else delay_s
        await _write(response, piece, score, position)
    is_late = score.fault is not None and score.fault_at >= len(pieces)
    if is_late and await _fail(response, score, writer):
        return
    await response.write(b"".join(writer.finish() + writer.ending()))


async def _write(response: web.StreamResponse, piece: bytes, score: Score, position: int) -> None:
    if score.fault != "split_utf8" or position != score.fault_at:
        await response.write(piece)
        return
    for at in _inside_characters(piece):
        await response.write(piece[:at])
        await asyncio.sleep(0.01)
        piece = piece[at:]
    await response.write(piece)


def _inside_characters(piece: bytes) -> list[int]:
    """Return offsets, each counted from the one before, that lie inside UTF-8 sequences."""
    absolute = [i for i, byte in enumerate(piece) if byte & 0xC0 == 0x80]
    return [b - a for a, b in zip([0, *absolute], absolute, strict=False)]


async def _fail(response: web.StreamResponse, score: Score, writer: Writer) -> bool:
    """Play the fault; tell whether the answer ends here."""
    match score.fault:
        case "cut" | "reset":
            raise Cut
        case "err":
            await response.write(writer.error())
            return True
        case "garbage":
            await response.write(_GARBAGE)
        case "stall":
            await asyncio.Event().wait()
        case "empty":
            return True
        case "no_finish":
            await response.write(writer.unfinished())
            return True
        case "double_finish":
            await response.write(b"".join(writer.finish()))
        case _:
            pass
    return False


def _hang_up(request: web.Request, *, is_reset: bool) -> None:
    transport = request.transport
    if transport is None:
        return
    if is_reset:
        sock = transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    else:
        transport.close()
