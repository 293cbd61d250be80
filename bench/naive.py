"""The gateway that one writes first: typed SDK stream, `send` of aiohttp-sse, an XADD a token.

The yardstick of `make bench`. It checks nothing, limits nothing, audits and resumes nothing.
"""

from __future__ import annotations

import argparse
import json
import os

from aiohttp import web
from aiohttp_sse import sse_response
from openai import AsyncOpenAI
from redis.asyncio import Redis

from bench.processes import serve_app

PROVIDER: web.AppKey[AsyncOpenAI] = web.AppKey("provider", AsyncOpenAI)
STORE: web.AppKey[Redis] = web.AppKey("store", Redis)


async def chat(request: web.Request) -> web.StreamResponse:
    """Stream an answer in the shape of the widget protocol."""
    body = await request.json()
    app = request.app
    key = f"naive:{id(request)}"
    upstream = await app[PROVIDER].chat.completions.create(
        model="bench-1",
        messages=[{"role": "user", "content": body["query"]}],
        stream=True,
        stream_options={"include_usage": True},
    )
    sequence = 0
    async with sse_response(request, allow_all_methods=True) as response:
        async for chunk in upstream:
            if not chunk.choices or not chunk.choices[0].delta.content:
                continue
            sequence += 1
            frame = json.dumps(
                {"type": "token", "data": chunk.choices[0].delta.content, "sequence": sequence},
                separators=(",", ":"),
            )
            await app[STORE].xadd(key, {"frame": frame})
            await response.send(frame, id=f"{key}.{sequence}")
        await response.send('{"type":"done","data":{"finish_reason":"stop"}}')
        await app[STORE].expire(key, 60)
    return response


def main() -> None:
    """Serve on a free port and print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--provider", required=True)
    parser.add_argument("--redis", required=True)
    args = parser.parse_args()
    app = web.Application()
    os.environ.pop("OPENAI_API_KEY", None)
    app[PROVIDER] = AsyncOpenAI(base_url=args.provider, api_key="bench", max_retries=0)
    app[STORE] = Redis.from_url(args.redis)
    app.router.add_post("/chat", chat)
    serve_app(app)


if __name__ == "__main__":
    main()
