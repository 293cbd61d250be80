"""Reading a request body: JSON only, uncompressed, bounded in bytes and in time."""

from __future__ import annotations

import asyncio

from aiohttp import web

from gateway.errors import ApiError

MAX_MIB = 1
IDLE_S = 10.0
TOTAL_S = 30.0


async def read_json(request: web.Request, max_mib: int = MAX_MIB) -> bytes:
    """Return the body of a request that says it is JSON; raise where it is larger than allowed."""
    if request.content_type != "application/json":
        raise ApiError(
            "unsupported_media_type", "Send JSON with `Content-Type: application/json`.",
            field="Content-Type",
        )  # fmt: skip
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise ApiError(
            "unsupported_media_type", "Send the body uncompressed.", field="Content-Encoding"
        )
    if request.content_length is not None and request.content_length > max_mib << 20:
        raise _too_large(max_mib)
    if request.content.is_eof() and (data := request.content.read_nowait()):
        if len(data) > max_mib << 20:
            raise _too_large(max_mib)
        return data
    try:
        async with asyncio.timeout(TOTAL_S):
            return await _read(request, max_mib)
    except TimeoutError as exc:
        raise ApiError(
            "timeout_request", "The body came too slowly.", headers={"Connection": "close"}
        ) from exc
    except web.RequestPayloadError as exc:
        raise ApiError("bad_request", "The body broke off or is framed wrongly.") from exc


async def _read(request: web.Request, max_mib: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    while True:
        async with asyncio.timeout(IDLE_S):
            data = await request.content.readany()
        if not data:
            return b"".join(parts)
        size += len(data)
        if size > max_mib << 20:
            raise _too_large(max_mib)
        parts.append(data)


def _too_large(max_mib: int) -> ApiError:
    return ApiError("too_large", f"The body is larger than {max_mib} MiB.", field="body")
