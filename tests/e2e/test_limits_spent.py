"""What a call really costs: what it used, once, however it ended and whoever read it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.processes import Gateway, Start, eventually
from tests.e2e.test_limits_operators import ADMIN, config
from tests.e2e.wire import CHAT, STREAMS

PLENTY = {
    "tokens": {"per": ["user"], "tokens": 50_000},
    "spend": {"per": ["user"], "money": 25, "period": "day", "timezone": "Asia/Makassar"},
    "streams": {"per": ["user"], "concurrent": 5},
}


@pytest.fixture
def gateway(start: Start) -> Gateway:
    """A gateway with limits that are never reached."""
    return start(config(**PLENTY), GATEWAY_ADMIN_KEY=ADMIN)


def used(gateway: Gateway) -> dict[str, int]:
    """Return what this machine has used of each limit."""
    path = "/admin/limits/address/127.0.0.1"
    rows = gateway.wire.get(path, Authorization=f"Bearer {ADMIN}").json["limits"]
    return {row["limit"]: row["used"] for row in rows}


def cost_of(record: dict[str, Any]) -> dict[str, int]:
    """Return what the audit says that a call has used."""
    usage = record["usage"]
    tokens = usage["input_tokens"] + usage["output_tokens"]
    money = 2 * usage["input_tokens"] + 10 * usage["output_tokens"]
    return {"tokens": tokens, "spend": money, "streams": 0}


def test_while_it_runs_it_holds_its_reservation_and_its_slot(gateway: Gateway):
    gateway.wire.create("[[n=40]] [[delay=0.05]]")

    while_running = used(gateway)

    assert while_running["streams"] == 1
    assert while_running["tokens"] > 1000


@pytest.mark.parametrize(
    "prompt", ["[[n=40]] [[fault=cut@10]]", "[[n=40]] [[fault=err@10]]", "[[n=7]]"]
)
def test_a_stream_pays_what_it_used_also_when_it_was_cut(gateway: Gateway, prompt: str):
    created = gateway.wire.create(prompt)
    gateway.wire.follow(created["id"]).all_events()

    end = gateway.end_of(created["id"])

    assert end["usage"]["output_tokens"] > 0
    assert eventually(lambda: used(gateway) == cost_of(end))


def test_a_stopped_stream_pays_what_it_has_said(gateway: Gateway):
    id = gateway.wire.create("[[n=400]] [[delay=0.02]]")["id"]
    with gateway.wire.follow(id) as answer:
        for event in answer.events():
            if event.get("sequence", 0) >= 5:
                break
        gateway.wire.delete(f"{STREAMS}/{id}")

    end = gateway.end_of(id)

    assert end["outcome"] == "cancelled"
    assert 0 < end["usage"]["output_tokens"] < 400
    assert eventually(lambda: used(gateway) == cost_of(end))


def test_what_no_provider_accepted_costs_no_tokens(gateway: Gateway):
    assert gateway.wire.post(CHAT, {"query": "[[fault=503]]"}).status >= 500

    assert eventually(lambda: used(gateway) == {"tokens": 0, "spend": 0, "streams": 0})


def test_further_readers_pay_nothing(gateway: Gateway):
    id = gateway.wire.create("[[n=5]]")["id"]
    readers = [gateway.wire.follow(id, Last_Event_ID=f"{id}.{n}") for n in (0, 0, 2, 4)]
    for reader in readers:
        reader.all_events()

    end = gateway.end_of(id)

    assert eventually(lambda: used(gateway) == cost_of(end))
