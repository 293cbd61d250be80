"""Access and erasure over HTTP: the admin key opens them, each is on record, others keep theirs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from audit import Desk, open_pseudonyms, verify_trail
from tests.gateway.rollout.conftest import ADMIN, Start, start

CHAT = "/api/v2/bali-zero/chat"
ALICE = {"subject": "email:alice@example.com", "by": "officer"}

__all__ = ["start"]


@pytest.fixture
async def gateway(start: Start) -> TestClient[Any, Any]:
    running = await start()
    for who in ("alice", "bob"):
        body = {"query": f"marmalade for {who} [[n=2]]", "user_email": f"{who}@example.com"}
        assert (await running.post(CHAT, json=body)).status == 200
    return running


async def ask(gateway: TestClient[Any, Any], path: str, **body: object) -> tuple[int, Any]:
    answer = await gateway.post(path, json=body, headers=ADMIN)
    assert answer.headers["Cache-Control"] == "no-store" or answer.status != 200
    return answer.status, await answer.json()


async def test_erasure_is_planned_done_and_leaves_receipts_only(
    gateway: TestClient[Any, Any], tmp_path: Path
) -> None:
    _, before = await ask(gateway, "/admin/export", **ALICE)
    _, planned = await ask(gateway, "/admin/erasure", **ALICE, dry_run=True)
    _, erased = await ask(gateway, "/admin/erasure", **ALICE)
    _, after = await ask(gateway, "/admin/export", **ALICE)
    _, bob = await ask(gateway, "/admin/export", subject="email:bob@example.com")

    assert "marmalade" in str(before["export"])
    assert sum(map(len, planned["plan"]["segments"].values())) == erased["receipt"]["contents"]
    assert {r["event"] for r in after["export"]["records"]} == {"subject.erasure.done"}
    assert "marmalade" in str(bob["export"])
    assert verify_trail(tmp_path / "audit").problems == []


async def test_each_act_is_on_record_with_who_did_it(
    gateway: TestClient[Any, Any], tmp_path: Path
) -> None:
    await ask(gateway, "/admin/export", **ALICE)

    folder = tmp_path / "audit"
    shown = Desk(folder, open_pseudonyms(folder, None)).show(event="subject.export")

    assert [one.record["by"] for one in shown] == ["officer"]


async def test_hold_refuses_erasure(gateway: TestClient[Any, Any], tmp_path: Path) -> None:
    folder = tmp_path / "audit"
    Desk(folder, open_pseudonyms(folder, None)).hold(ALICE["subject"], is_set=True)

    status, told = await ask(gateway, "/admin/erasure", **ALICE)

    assert (status, told["code"]) == (409, "conflict")


@pytest.mark.parametrize("body", [{}, {"subject": ""}, {"subject": 5}, {"subject": "x" * 600}])
async def test_request_without_a_person_is_refused(
    gateway: TestClient[Any, Any], body: dict[str, object]
) -> None:
    status, told = await ask(gateway, "/admin/erasure", **body)

    assert (status, told["code"]) == (400, "bad_field")


async def test_without_the_admin_key_nobody_reads(gateway: TestClient[Any, Any]) -> None:
    answer = await gateway.post("/admin/export", json=ALICE)

    assert answer.status in (401, 403)
