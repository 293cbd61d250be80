"""The least that Python can do: an aiohttp handler that passes bytes on and looks at none."""

from __future__ import annotations

import argparse
from collections.abc import AsyncIterator

import aiohttp
from aiohttp import web

from bench.processes import serve_app

PROVIDER: web.AppKey[str] = web.AppKey("provider", str)
SESSION: web.AppKey[aiohttp.ClientSession] = web.AppKey("session", aiohttp.ClientSession)


async def relay(request: web.Request) -> web.StreamResponse:
    """Send the body on as it is and the answer back as it comes."""
    url = request.app[PROVIDER] + "/chat/completions"
    body = await request.read()
    headers = {"Content-Type": "application/json"}
    async with request.app[SESSION].post(url, data=body, headers=headers) as upstream:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        async for data in upstream.content.iter_any():
            await response.write(data)
        await response.write_eof()
        return response


async def open_session(app: web.Application) -> AsyncIterator[None]:
    """One client session for the life of the server."""
    connector = aiohttp.TCPConnector(limit=0)
    app[SESSION] = aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout())
    yield
    await app[SESSION].close()


def main() -> None:
    """Serve on a free port and print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--provider", required=True)
    app = web.Application()
    app[PROVIDER] = parser.parse_args().provider
    app.cleanup_ctx.append(open_session)
    app.router.add_post("/chat", relay)
    serve_app(app)


if __name__ == "__main__":
    main()
