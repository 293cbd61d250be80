"""`Idempotency-Key`: one key, one stream, one request."""

from __future__ import annotations

import asyncio

import pytest

from gateway.app import build_rooms
from gateway.auth.idempotency import MAX_KEYS, Idempotency
from gateway.config import load
from gateway.errors import ApiError
from gateway.process import Process


async def test_a_new_key_is_taken_and_leads_back_to_its_stream():
    keys = Idempotency(600)

    assert await keys.claim("k", ["ask"], "s1") == "s1"
    await keys.confirm("k")

    assert await keys.claim("k", ["ask"], "s2") == "s1"


async def test_another_request_with_the_key_is_a_conflict():
    keys = Idempotency(600)
    await keys.claim("k", ["ask"], "s1")

    with pytest.raises(ApiError) as caught:
        await keys.claim("k", ["other"], "s2")

    assert (caught.value.status, caught.value.field) == (409, "Idempotency-Key")


async def test_who_comes_meanwhile_waits_for_the_first():
    keys = Idempotency(600)
    await keys.claim("k", ["ask"], "s1")
    waiting = [asyncio.create_task(keys.claim("k", ["ask"], f"w{n}")) for n in range(5)]
    await asyncio.sleep(0)
    assert not any(task.done() for task in waiting)

    await keys.confirm("k")

    assert set(await asyncio.gather(*waiting)) == {"s1"}


async def test_when_the_first_is_refused_one_of_those_who_wait_takes_its_place():
    keys = Idempotency(600)
    await keys.claim("k", ["ask"], "s1")
    waiting = [asyncio.create_task(keys.claim("k", ["ask"], f"w{n}")) for n in range(5)]
    await asyncio.sleep(0)

    await keys.release("k")
    await asyncio.sleep(0)
    await keys.confirm("k")

    assert len(set(await asyncio.wait_for(asyncio.gather(*waiting), 2))) == 1


async def test_who_waits_too_long_gets_a_conflict_that_says_so(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("gateway.auth.idempotency.WAIT_S", 0.01)
    keys = Idempotency(600)
    await keys.claim("k", ["ask"], "s1")

    with pytest.raises(ApiError) as caught:
        await keys.claim("k", ["ask"], "s2")

    assert caught.value.status == 409
    assert caught.value.headers["Retry-After"] == "1"


async def test_a_key_ends_and_may_be_used_again():
    now = [0.0]
    keys = Idempotency(600, lambda: now[0])
    await keys.claim("k", ["ask"], "s1")
    await keys.confirm("k")

    now[0] = 601

    assert await keys.claim("k", ["other"], "s2") == "s2"


async def test_keys_are_bounded():
    keys = Idempotency(600)

    for n in range(MAX_KEYS + 10):
        await keys.claim(f"k{n}", [], "s")

    assert len(keys._entries) == MAX_KEYS


async def test_a_key_is_known_as_long_as_the_longest_answer_can_be_resumed(
    tmp_path, monkeypatch: pytest.MonkeyPatch
):
    config = load(None, {"GATEWAY_AUDIT_PATH": str(tmp_path)})
    keys = build_rooms(config, Process()).idempotency
    longest_s = max(backend.timeouts.total_s for backend in config.backends.values())
    monkeypatch.setattr(keys, "_clock", lambda: 0.0)
    await keys.claim("k", ["ask"], "s1")
    await keys.confirm("k")

    monkeypatch.setattr(keys, "_clock", lambda: longest_s + config.server.retention_s)

    assert await keys.claim("k", ["ask"], "s2") == "s1"
