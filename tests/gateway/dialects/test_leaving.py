"""A client that leaves ends the provider's call, in every dialect of the SDKs."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest

SLOW = "[[n=500]][[delay=0.02]]"
BODIES = {
    "/v1/chat/completions": {"messages": [{"role": "user", "content": SLOW}]},
    "/v1/messages": {"messages": [{"role": "user", "content": SLOW}], "max_tokens": 999},
    "/v1/responses": {"input": SLOW},
    "/agui": {
        "threadId": "t",
        "runId": "r",
        "messages": [{"role": "user", "content": SLOW}],
    },
}


@pytest.mark.parametrize("path", BODIES)
@pytest.mark.parametrize("stream", [True, False])
async def test_the_provider_is_not_asked_to_go_on(serve, provider, path, stream):
    if path == "/agui" and not stream:
        pytest.skip("AG-UI only streams")
    server = await serve("openai_chat", str(provider.make_url("/v1")))
    body = BODIES[path] | {"model": "default", "stream": stream}
    async with aiohttp.ClientSession() as session:
        call = asyncio.create_task(session.post(server.make_url(path), json=body))
        if stream:
            answer = await call
            await answer.content.readany()
            answer.close()
        else:
            await asyncio.sleep(0.3)
            call.cancel()
            await asyncio.gather(call, return_exceptions=True)

        assert await aborted(session, provider) == 1


async def aborted(session, provider) -> int:
    """Ask the provider, for two seconds at most, until it saw somebody leave."""
    for _ in range(100):
        async with session.get(provider.make_url("/__stats")) as answer:
            count = (await answer.json())["aborted"]
        if count:
            return count
        await asyncio.sleep(0.02)
    return 0
