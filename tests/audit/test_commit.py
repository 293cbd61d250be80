"""Group commit: who waits for a hanging disk is told so; what was put is written all the same."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from audit.commit import CROWD, Committer
from audit.journal import Draft, Journal
from audit.journal.draft import head
from audit.sink import AuditUnavailable

DEADLINE_S = 0.3


class Hanging(Journal):
    """A journal whose disk answers when it is let."""

    def __init__(self, folder) -> None:
        super().__init__(folder, clock=time.time)
        self.may_go_on = threading.Event()
        self.may_go_on.set()
        self.is_broken = False
        self.has_begun = threading.Event()
        self.sizes = []

    def append(self, drafts, *, from_reserve=False):
        if drafts:
            self.sizes.append(len(drafts))
            self.has_begun.set()
            self.may_go_on.wait(10)
            if self.is_broken:
                raise AuditUnavailable("broken")
        return super().append(drafts, from_reserve=from_reserve)


@pytest.fixture
async def disk(tmp_path):
    """A committer, its journal, and what was committed."""
    journal, done = Hanging(tmp_path / "audit"), []
    committer = Committer(
        journal,
        on_commit=lambda entries: done.extend(entry.stream_id for entry in entries),
        observer=lambda _name, _value: None,
        deadline_s=DEADLINE_S,
    )
    await committer.start()
    yield committer, journal, done
    journal.may_go_on.set()
    if not committer._is_closing:
        await committer.aclose()


def draft(name: str) -> Draft:
    return Draft(record=head("chat.received", time.time(), stream_id=name), is_urgent=True)


async def test_all_who_wait_are_told_when_their_record_is_durable(disk):
    committer, _, done = disk
    written = [committer.enqueue(draft(f"s{number}")) for number in range(50)]
    await asyncio.gather(*(committer.wait(one) for one in written))

    assert done == [f"s{number}" for number in range(50)]
    assert [await one.told() for one in written] == [True] * 50


async def test_a_start_is_refused_after_the_deadline_and_its_fate_is_told_later(disk):
    committer, journal, done = disk
    journal.may_go_on.clear()
    written = committer.enqueue(draft("late"))
    began = time.monotonic()
    with pytest.raises(AuditUnavailable, match="does not answer"):
        await committer.wait(written)
    assert time.monotonic() - began >= DEADLINE_S

    journal.may_go_on.set()
    while (value := await written.told()) is None:
        pass
    assert value is True
    assert done == ["late"]


async def test_an_end_is_waited_for_no_longer_than_the_deadline_and_is_not_lost(disk):
    committer, journal, done = disk
    journal.may_go_on.clear()
    await asyncio.wait_for(committer.keep(draft("end")), 5)
    assert done == []

    journal.may_go_on.set()
    await committer.keep(draft("next"))
    assert done == ["end", "next"]


async def test_who_stops_waiting_leaves_the_others_alone(disk):
    committer, journal, done = disk
    journal.may_go_on.clear()
    written = committer.enqueue(draft("gone"))
    leaver = asyncio.create_task(committer.wait(written))
    stayer = asyncio.create_task(committer.wait(written))
    await asyncio.sleep(0)
    leaver.cancel()
    await asyncio.gather(leaver, return_exceptions=True)
    journal.may_go_on.set()
    await stayer

    assert leaver.cancelled()
    assert done == ["gone"]


async def test_nobody_waits_for_ever_for_a_trail_that_closes_on_a_broken_disk(disk):
    committer, journal, done = disk
    journal.is_broken = True
    journal.may_go_on.clear()
    kept = asyncio.create_task(committer.keep(draft("lost")))
    await asyncio.sleep(0)
    closing = asyncio.create_task(committer.aclose())
    await asyncio.sleep(0)
    journal.may_go_on.set()
    await asyncio.wait_for(asyncio.gather(kept, closing), 5)

    assert done == []


async def test_after_a_crowd_the_next_write_waits_for_company_and_a_lone_record_never_does(disk):
    committer, journal, done = disk
    journal.may_go_on.clear()
    crowd = [committer.enqueue(draft(f"s{number}")) for number in range(CROWD)]
    await asyncio.to_thread(journal.has_begun.wait, 5)
    early = committer.enqueue(draft("early"))
    journal.may_go_on.set()
    await asyncio.gather(*(committer.wait(one) for one in crowd))
    late = committer.enqueue(draft("late"))
    await asyncio.gather(committer.wait(early), committer.wait(late))
    await committer.wait(committer.enqueue(draft("alone")))

    assert journal.sizes == [CROWD, 2, 1]
    assert done[-3:] == ["early", "late", "alone"]
