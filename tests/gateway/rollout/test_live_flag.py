"""The flag changed on a running gateway: in force everywhere, kept, recorded, nobody is cut."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.gateway.rollout.conftest import ADMIN, Start

NAME = "ENABLE_SSE_STREAMING"
STREAM = "/api/v2/bali-zero/chat-stream"


def put(value: str, **more: object) -> dict[str, object]:
    return {"headers": ADMIN, "json": {"flags": {NAME: value}, **more}}


async def test_a_change_is_in_force_at_once_and_told_by_get_and_health(start: Start):
    gateway = await start()

    changed = await gateway.put("/admin/flags", **put("off", reason="drill", by="ann"))
    refused = await gateway.get(STREAM, params={"query": "hi"})
    shown = await gateway.get("/admin/flags", headers=ADMIN)

    assert changed.status == 200
    assert (await changed.json())["flags"] == {NAME: "off"}
    assert refused.status == 403
    assert (await refused.json())["code"] == "feature_flag_disabled"
    body = await shown.json()
    assert body["flags"] == {NAME: "off"}
    assert body["details"][NAME]["by"] == "ann"
    assert (await (await gateway.get("/healthz")).json())["features"]["sse_streaming"] == "off"


async def test_the_older_endpoint_does_not_care(start: Start):
    gateway = await start()
    await gateway.put("/admin/flags", **put("off"))

    answer = await gateway.post("/api/v2/bali-zero/chat", json={"query": "[[n=2]] [[delay=0]]"})

    assert answer.status == 200


async def test_without_an_admin_key_there_is_no_admin_surface(start: Start, tmp_path: Path):
    from aiohttp.test_utils import TestClient, TestServer

    from gateway.app import create_app
    from gateway.config import examine

    environ = {"GATEWAY_AUDIT_PATH": str(tmp_path / "audit2")}
    app = await create_app(examine(None, environ).config)
    async with TestClient(TestServer(app)) as gateway:
        assert (await gateway.get("/admin/flags")).status == 404
        assert (await gateway.put("/admin/flags", **put("off"))).status == 404


async def test_a_wrong_key_and_no_key_are_refused(start: Start):
    gateway = await start(GATEWAY_API_KEYS="a-client-key-of-this-test-0001")

    assert (await gateway.get("/admin/flags")).status == 401
    wrong = {"Authorization": "Bearer a-client-key-of-this-test-0001"}
    assert (await gateway.get("/admin/flags", headers=wrong)).status == 403
    assert (await gateway.get("/admin/flags", headers=ADMIN)).status == 200


async def test_a_value_that_is_none_and_an_unknown_flag_get_400_naming_the_field(start: Start):
    gateway = await start()

    bad = await gateway.put("/admin/flags", **put("perhaps"))
    unknown = await gateway.put("/admin/flags", headers=ADMIN, json={"flags": {"OTHER": "on"}})

    assert bad.status == unknown.status == 400
    assert NAME in (await bad.json())["field"]


async def test_running_streams_go_on_unless_they_are_cut(start: Start):
    gateway = await start()
    query = {"query": "[[n=100]] [[delay=0.05]]"}
    async with gateway.get(STREAM, params=query) as running:
        await running.content.readuntil(b'"token"')

        await gateway.put("/admin/flags", **put("off"))
        more = await running.content.readuntil(b'"token"')
        await gateway.put("/admin/flags", **put("off", cut=True))
        rest = await running.content.read()

    last = json.loads(rest.decode().strip().split("data: ")[-1].split("\n")[0])
    assert b"token" in more
    assert last["type"] == "error"
    assert last["data"]["code"] == "shutdown"


async def test_a_change_is_recorded_with_who_and_why(start: Start, tmp_path: Path):
    gateway = await start()

    await gateway.put("/admin/flags", **put("25%", reason="first step", by="ann"))
    await asyncio.sleep(0.2)

    lines = [
        json.loads(line)
        for path in (tmp_path / "audit").glob("*.jsonl")
        for line in path.read_text().splitlines()
    ]
    record = next(line for line in lines if line["event"] == "flag.changed")
    assert (record["value"], record["previous"]) == ("25%", "on")
    assert (record["by"], record["reason"]) == ("ann", "first step")


async def test_another_worker_has_it_within_two_seconds(start: Start, redis_url: str):
    one, two = await start(REDIS_URL=redis_url), await start(REDIS_URL=redis_url)

    await one.put("/admin/flags", **put("off"))
    await asyncio.sleep(2)

    assert (await two.get(STREAM, params={"query": "hi"})).status == 403


async def test_whoever_is_asked_tells_what_another_worker_has_just_set(
    start: Start, redis_url: str
):
    one, two = await start(REDIS_URL=redis_url), await start(REDIS_URL=redis_url)

    await one.put("/admin/flags", **put("50%", by="ann"))
    shown = await (await two.get("/admin/flags", headers=ADMIN)).json()
    changed = await (await two.put("/admin/flags", **put("off"))).json()

    assert shown["flags"] == {NAME: "50%"}
    assert shown["details"][NAME]["by"] == "ann"
    assert changed["details"][NAME]["previous"] == "50%"


async def test_a_change_outlives_a_restart_and_another_configured_value_outranks_it(start: Start):
    first = await start()
    await first.put("/admin/flags", **put("25%"))
    await first.close()

    again = await start()
    other = await start(ENABLE_SSE_STREAMING="off")

    assert (await (await again.get("/admin/flags", headers=ADMIN)).json())["flags"][NAME] == "25%"
    assert (await (await other.get("/admin/flags", headers=ADMIN)).json())["flags"][NAME] == "off"


async def test_the_metric_follows(start: Start):
    gateway = await start()

    await gateway.put("/admin/flags", **put("25%"))

    assert "gateway_flag_percent 25.0" in await (await gateway.get("/metrics")).text()


async def test_the_switch_works_while_redis_is_away_and_redis_learns_of_it(
    start: Start, new_redis_server: Callable[..., Any], tmp_path: Path
):
    server = new_redis_server()
    one, two = await start(REDIS_URL=server.url), await start(REDIS_URL=server.url)
    await one.put("/admin/flags", **put("25%"))
    server.kill()

    changed = await one.put("/admin/flags", **put("off"))
    await asyncio.sleep(2)
    elsewhere = (await (await two.get("/admin/flags", headers=ADMIN)).json())["flags"][NAME]
    server.start()
    await asyncio.sleep(2)

    assert (await changed.json())["details"][NAME]["kept"] == "file"
    assert elsewhere == "off"
    with closing(server.client()) as client:
        assert json.loads(client.get("gw:change:flag"))["value"] == "off"


async def test_a_created_answer_can_be_followed_on_another_worker_after_the_flag_went_off(
    start: Start, redis_url: str
):
    one, two = await start(REDIS_URL=redis_url), await start(REDIS_URL=redis_url)
    body = {"query": "[[n=30]] [[delay=0.03]]"}
    created = await (await one.post("/api/v2/bali-zero/streams", json=body)).json()
    await two.put("/admin/flags", **put("off"))

    followed = await two.get(created["url"])
    unknown = await two.get("/api/v2/bali-zero/streams/0123456789abcdef0123456789")

    assert followed.status == 200
    assert b'"type":"done"' in await followed.read()
    assert unknown.status == 403
