"""After many calls that end in every way, nothing is left behind (maximhq/bifrost#3164, #6802)."""

from __future__ import annotations

import asyncio
import random

import pytest

from backends import BackendError, Router, Target
from backends.contract import ask

FAULTS = ("", "[[fault=cut@3]]", "[[fault=err@3]]", "[[fault=503]]", "[[fault=reset@2]]")


@pytest.mark.parametrize("kind", ["openai_chat", "openai_responses", "anthropic_messages"])
async def test_streams_that_are_left_at_random_leave_nothing_open(
    build, provider, control, kind: str
):
    backend = build(kind, provider)
    router = Router({"m": ("fallback", [Target("b")])}, {"b": backend}, breaker=False, tries=1)
    chance = random.Random(7)
    before = asyncio.all_tasks()

    async def call() -> None:
        prompt = "[[n=8]][[delay=0.005]]" + chance.choice(FAULTS)
        leaves_after = chance.randrange(1, 12)
        events = router.stream(ask(prompt, model="m"))
        try:
            async for _ in events:
                leaves_after -= 1
                if leaves_after == 0:
                    break
        except BackendError:
            return
        finally:
            await events.aclose()

    async def cancelled() -> None:
        task = asyncio.create_task(call())
        await asyncio.sleep(chance.random() * 0.03)
        task.cancel()
        await asyncio.wait((task,))

    for _ in range(4):
        await asyncio.gather(*(chance.choice((call, cancelled))() for _ in range(30)))

    async with asyncio.timeout(1):
        while (await control("/__stats"))["open"]:
            pass
    assert {t for t in asyncio.all_tasks() - before if "RequestHandler" not in repr(t)} == set()
    assert not backend._upstream._session.connector._acquired
