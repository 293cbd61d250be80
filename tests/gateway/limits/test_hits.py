"""Refusals in the audit trail: each is counted, few are written."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest

from audit import AuditUnavailable
from backends import ChatRequest
from gateway.auth.identity import Identity
from gateway.call import Call
from gateway.config.schema import App
from gateway.limits.hits import Hits
from ratelimit import Charge, Decision, Limit

FEW = Limit("few", "requests", 5, 60.0)
WATCH = Limit("watch", "requests", 5, 60.0, shadow=True)


class Trail:
    """Keeps notices in memory."""

    def __init__(self) -> None:
        self.notices: list[dict] = []
        self.is_broken = False

    async def notice(self, notice) -> None:
        if self.is_broken:
            raise AuditUnavailable("no disk")
        self.notices.append(notice.fields | {"event": notice.event, "identity": notice.identity})


@pytest.fixture
def here() -> SimpleNamespace:
    """Hits over a trail in memory and a clock that is set by hand."""
    found = SimpleNamespace(trail=Trail(), now=0.0)
    found.hits = Hits(found.trail, clock=lambda: found.now)  # type: ignore[arg-type]
    return found


def call(name: str = "192.0.2.1") -> Call:
    chat = ChatRequest(model="m", messages=())
    return Call(request_id="r", route="/agui", dialect="agui", app_name="web", app=App(),
                identity=Identity(name), chat=chat)  # fmt: skip


def refused(*limits: Limit, subject: str = "s") -> Decision:
    return Decision(False, "c", tuple(Charge(limit, subject) for limit in limits), (),
                    tuple(limit.name for limit in limits), 3.0)  # fmt: skip


async def test_the_first_hit_is_written_at_once_with_names_and_numbers_only(here):
    here.hits.note(call(), refused(FEW))
    await asyncio.sleep(0)

    (notice,) = here.trail.notices
    assert notice["event"] == "ratelimit.hit"
    assert (notice["limit"], notice["quota"], notice["retry_after_s"]) == ("few", 5, 3.0)
    assert notice["suppressed"] == 0


async def test_a_thousand_hits_in_ten_seconds_are_two_records_that_count_them_all(here):
    for n in range(1000):
        here.now = n / 100
        here.hits.note(call(), refused(FEW))
        here.hits.tick()
    here.now = 10.1
    here.hits.tick()
    await here.hits.aclose()

    suppressed = [notice["suppressed"] for notice in here.trail.notices]
    assert suppressed == [0, 998]


async def test_every_subject_and_every_limit_has_a_record_of_its_own(here):
    here.hits.note(call(), refused(FEW, WATCH))
    here.hits.note(call("192.0.2.2"), refused(FEW, subject="t"))
    await asyncio.sleep(0)

    assert [n["limit"] for n in here.trail.notices] == ["few", "watch", "few"]
    assert [n.get("shadow", False) for n in here.trail.notices] == [False, True, False]


async def test_who_stops_is_forgotten(here):
    here.hits.note(call(), refused(FEW))
    here.now = 11
    here.hits.tick()
    here.hits.note(call(), refused(FEW))
    await here.hits.aclose()

    assert [notice["suppressed"] for notice in here.trail.notices] == [0, 0]


async def test_subjects_beyond_the_bound_are_counted_together(here, monkeypatch):
    monkeypatch.setattr("gateway.limits.hits.MAX_SUBJECTS", 3)
    for n in range(10):
        here.hits.note(call(), refused(FEW, subject=str(n)))
    await asyncio.sleep(0)
    here.hits.tick()
    await here.hits.aclose()

    assert [n["limit"] for n in here.trail.notices] == ["few", "few", "few", "*"]
    assert sum(1 + n["suppressed"] for n in here.trail.notices) == 10


async def test_a_trail_that_cannot_write_disturbs_nobody(here):
    here.trail.is_broken = True

    here.hits.note(call(), refused(FEW))
    await here.hits.aclose()

    assert here.trail.notices == []
