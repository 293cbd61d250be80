"""Reports of a bare installation: right numbers, over restarts, and the verdict that follows."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from gateway.report import Report, Snapshot, report_of, window_of
from gateway.report.numbers import Slice
from gateway.report.page import page
from gateway.report.render import announcement, markdown
from gateway.rollout.verdict import judge
from gateway.slo import load_slo
from tests.gateway.rollout.conftest import ADMIN, Start

STREAM = "/api/v2/bali-zero/chat-stream"
SLO = load_slo()
GOOD = Report(since=0, until=3600, streams=1000, opened=1000, gaps=9000, inter_token_ms=20)
GOOD = msgspec.structs.replace(GOOD, first_token=msgspec.structs.replace(
    GOOD.first_token, count=1000, mean_ms=40))  # fmt: skip


async def ask(gateway: Any, query: str, times: int = 1) -> None:
    for _ in range(times):
        await (await gateway.get(STREAM, params={"query": query})).text()


async def test_a_report_holds_what_just_happened(start: Start):
    gateway = await start()
    await ask(gateway, "[[n=5]] [[delay=0]]", 3)
    await ask(gateway, "[[n=5]] [[delay=0]] [[fault=cut@2]]")

    body = await (await gateway.get("/report", params={"since": "5m"})).json()

    assert body["streams"] == 4
    assert body["outcomes"] == {"done": 3, "upstream_truncated": 1}
    assert body["errors"] == {"upstream_truncated": 1}
    assert body["error_ratio"] == 0.25
    assert body["first_token"]["count"] == 4
    assert body["is_hosted"] is False
    assert body["connection_success"] == 1


@pytest.mark.parametrize("store", ["file", "redis"])
async def test_numbers_survive_a_restart_and_add_up(start: Start, redis_url: str, store: str):
    environ = {"REDIS_URL": redis_url} if store == "redis" else {}
    first = await start(**environ)
    await ask(first, "[[n=2]] [[delay=0]]", 2)
    await first.close()
    second = await start(**environ)
    await ask(second, "[[n=2]] [[delay=0]]", 3)

    body = await (await second.get("/report", params={"since": "5m"})).json()

    assert body["streams"] == 5


async def test_the_report_is_for_the_admin_where_keys_are_set(start: Start):
    gateway = await start(GATEWAY_API_KEYS="a-client-key-of-this-test-0001")

    client = {"Authorization": "Bearer a-client-key-of-this-test-0001"}
    assert (await gateway.get("/report")).status == 401
    assert (await gateway.get("/report", headers=client)).status == 403
    assert (await gateway.get("/report", headers=ADMIN)).status == 200


@pytest.mark.parametrize("since", ["", "yesterday", "0s", "9d", "-1h"])
async def test_a_time_that_is_none_is_refused(start: Start, since: str):
    gateway = await start()

    assert (await gateway.get("/report", params={"since": since})).status == 400


def snapshot(at: float, boot: str, done: float) -> Snapshot:
    return Snapshot(at, boot, {"streams|done": [done, 0.0]})


def test_a_window_counts_from_the_snapshot_before_it_and_new_instances_from_zero():
    kept = [
        snapshot(10, "a", 100), snapshot(70, "a", 130), snapshot(130, "a", 150),
        snapshot(100, "b", 7), snapshot(160, "b", 9),
    ]  # fmt: skip

    window = window_of(kept, since=60, until=200)

    assert report_of(window).streams == 50 + 9


def test_no_difference_is_negative():
    kept = [snapshot(10, "a", 100), snapshot(70, "a", 30)]

    assert report_of(window_of(kept, since=20, until=80)).streams == 0


def changed(**fields: Any) -> Report:
    if "mean_ms" in fields:
        fields["first_token"] = msgspec.structs.replace(
            GOOD.first_token, mean_ms=fields.pop("mean_ms")
        )
    return msgspec.structs.replace(GOOD, **fields)


@pytest.mark.parametrize("report, word", [
    (GOOD, "KEEP"),
    (changed(mean_ms=100), "KEEP"),
    (changed(mean_ms=101), "HOLD"),
    (changed(mean_ms=201), "ROLL BACK"),
    (changed(error_ratio=0.01), "KEEP"),
    (changed(error_ratio=0.011), "HOLD"),
    (changed(error_ratio=0.051), "ROLL BACK"),
    (changed(connection_success=0.95), "KEEP"),
    (changed(connection_success=0.94), "HOLD"),
    (changed(connection_success=0.89), "ROLL BACK"),
    (changed(inter_token_ms=51), "HOLD"),
    (changed(streams=19), "HOLD"),
])  # fmt: skip
def test_the_bands_are_those_of_the_checklist(report: Report, word: str):
    assert judge(report, SLO).word == word


def test_a_provider_outside_is_judged_by_our_own_part():
    slow = changed(mean_ms=900, inter_token_ms=80, is_hosted=True)

    assert judge(slow, SLO).word == "KEEP"


def test_a_block_asks_for_a_rollback_and_a_hold_holds():
    assert judge(GOOD, SLO, block="CVE").word == "ROLL BACK"
    assert judge(GOOD, SLO, hold="legal").word == "HOLD"


@pytest.mark.parametrize("before, after, word", [
    (100, 104, "KEEP"), (100, 109, "KEEP"), (100, 120, "HOLD"), (100, 160, "ROLL BACK"),
    (2, 4, "KEEP"),
])  # fmt: skip
def test_the_older_endpoint_may_not_get_slower(before: float, after: float, word: str):
    def chat(mean_ms: float) -> Report:
        times = msgspec.structs.replace(GOOD.first_token, mean_ms=mean_ms)
        return changed(chat=times)

    assert judge(chat(after), SLO, baseline=chat(before)).word == word


def test_the_pages_tell_the_word_first_and_hold_no_script():
    bad = changed(error_ratio=0.2, errors={"upstream_error": 200})
    verdict = judge(bad, SLO)

    assert "**ROLL BACK**" in markdown(bad, verdict).splitlines()[2]
    assert "ROLL BACK" in page(bad, verdict, SLO)
    assert "<script" not in page(bad, verdict, SLO)
    assert "ROLL BACK" in announcement(bad, verdict).splitlines()[0]


def test_the_time_of_a_provider_outside_is_told_apart_from_ours_everywhere():
    ours = msgspec.structs.replace(GOOD.first_token, mean_ms=7)
    parts = (Slice(0, 30, 0, 900, 990, 0, 7, 9), Slice(60, 30, 0, 900, 990, 0, 8, 9))
    hosted = changed(mean_ms=900, is_hosted=True, first_token_own=ours, parts=parts)
    verdict = judge(hosted, SLO)
    drawn = page(hosted, verdict, SLO)

    assert "first words after 900 ms on average" in announcement(hosted, verdict)
    assert "7 ms of it the gateway's own" in announcement(hosted, verdict)
    assert "First token, own part" in drawn
    assert drawn == page(msgspec.structs.replace(hosted, parts=slower(parts)), verdict, SLO)


def slower(parts: tuple[Slice, ...]) -> tuple[Slice, ...]:
    """The same with a provider that takes longer."""
    return tuple(msgspec.structs.replace(part, first_token_ms=5000) for part in parts)


def test_those_who_only_follow_their_new_answer_are_no_reconnections():
    text = markdown(changed(reconnects={"joined": 90, "resumed": 4}), judge(GOOD, SLO))

    assert "| resumed | 4 |" in text
    assert "joined" not in text
