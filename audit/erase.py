"""Erases a person: the words, the link to the name, and on record that it was done.

The request is on record before the first word goes, so that a process that dies in between leaves
a trail that verifies; asking again finishes it.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import msgspec

from .acts import Acts
from .journal import all_segments, content_path
from .journal.draft import stamp
from .journal.erasure import erase_words, find_words
from .journal.tail import entries_at
from .people import People
from .pseudonym import Pseudonyms
from .reader import by_time, read_trail
from .subjects import Subjects, all_subjects

SETTLE_S = 0.1
"""Words that were on their way to the disk when the link went are there by then, and go too."""


class Plan(msgspec.Struct, frozen=True):
    """What an erasure would do."""

    subjects: tuple[str, ...]
    links: tuple[str, ...]
    """Keyed names that lead to the person now, and would lead nowhere."""
    segments: dict[str, list[int]]
    """Segment -> offsets of the words that would go."""
    finishes: tuple[str, ...] = ()
    """Receipts of erasures that were begun and not finished."""
    held: tuple[str, ...] = ()
    """Subjects that a legal hold keeps; then nothing would be erased."""
    unknown_keys: tuple[str, ...] = ()

    @property
    def contents(self) -> int:
        """Return how many texts would go."""
        return sum(map(len, self.segments.values()))


class Receipt(msgspec.Struct, frozen=True):
    """What was erased; goes into the trail, which stays whole."""

    receipt: str
    time: str
    subjects: tuple[str, ...]
    contents: int
    segments: dict[str, list[int]]
    """Segment -> offsets of the words that are gone."""
    unknown_keys: tuple[str, ...] = ()


class LegalHold(Exception):
    """A court wants it kept; it says whose."""


class Erasure:
    """Works on the folder of one trail in the name of `acts`. Blocking."""

    def __init__(
        self,
        folder: Path,
        pseudonyms: Pseudonyms,
        acts: Acts,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._folder = folder
        self._people = People(folder, pseudonyms)
        self._subjects = Subjects(folder, pseudonyms)
        self._acts = acts
        self._clock = clock

    def plan(self, who: str) -> Plan:
        """Say what an erasure would do; changes and records nothing."""
        names = {name for name, _ in self._people.names(who)}
        begun = self._begun(names)
        ids = frozenset(self._people.ids(who) | self._meant_by(begun.values()))
        owners = ids | self._people.mails_of(ids)
        links = {name for name, subject in all_subjects(self._folder) if subject.id in owners}
        links |= {name for request in begun.values() for name in request["who"]}
        found = {
            path.name: find_words(content_path(path), ids)
            for path in all_segments(self._folder)
            if ids and content_path(path).exists()
        }
        return Plan(
            subjects=tuple(sorted(ids)),
            links=tuple(sorted(links)),
            segments={name: offsets for name, offsets in found.items() if offsets},
            finishes=tuple(begun),
            held=tuple(sorted(ids & self._acts.holds())),
            unknown_keys=self._people.unknown_keys(),
        )

    def run(self, who: str) -> Receipt:
        """Erase and return the receipt; raises LegalHold under a legal hold."""
        plan = self.plan(who)
        if plan.held:
            raise LegalHold(f"legal hold: {', '.join(plan.held)}")
        receipt = secrets.token_hex(8)
        fields: dict[str, object] = {"receipt": receipt, "who": plan.links}
        if plan.finishes:
            fields["finishes"] = plan.finishes
        about = {"contents": plan.contents, "segments": plan.segments}
        self._acts.record("subject.erasure.requested", fields | about)
        for pseudonym in plan.links:
            self._subjects.forget(pseudonym)
        if plan.links:
            time.sleep(SETTLE_S)
        segments = self._erase_words(frozenset(plan.subjects), plan)
        count = sum(map(len, segments.values()))
        about = {"contents": count, "segments": segments}
        self._acts.record("subject.erasure.done", fields | about)
        now = stamp(self._clock())
        return Receipt(receipt, now, plan.subjects, count, segments, plan.unknown_keys)

    def _erase_words(self, ids: frozenset[str], plan: Plan) -> dict[str, list[int]]:
        """Erase what was planned and what came in between."""
        done = {name: set(offsets) for name, offsets in plan.segments.items()}
        for path in all_segments(self._folder):
            words = content_path(path)
            offsets = erase_words(words, ids) if ids and words.exists() else []
            if offsets:
                done.setdefault(path.name, set()).update(offsets)
        return {name: sorted(offsets) for name, offsets in done.items()}

    def _begun(self, names: set[str]) -> dict[str, dict[str, Any]]:
        """Return requests for these names that were never finished, by receipt."""
        begun: dict[str, dict[str, Any]] = {}
        for one in by_time(self._folder, with_content=False, event="subject.erasure."):
            record = one.record
            if record["event"] == "subject.erasure.requested" and names & set(record["who"]):
                begun[record["receipt"]] = record
            elif record["event"] == "subject.erasure.done":
                for receipt in (record["receipt"], *record.get("finishes", ())):
                    begun.pop(receipt, None)
        return begun

    def _meant_by(self, requests: Iterable[dict[str, Any]]) -> set[str]:
        """Return the subjects whose words these requests name: their links may be gone by now."""
        places = {
            place
            for request in requests
            for segment, offsets in request["segments"].items()
            for place in entries_at(self._folder / Path(segment).name, frozenset(offsets))
        }
        if not places:
            return set()
        return {
            str(one.record["subject"])
            for one in read_trail(self._folder, with_content=False)
            if (one.record.get("writer"), one.record.get("seq")) in places
        }
