"""Who met which limit and when, counted from the hits in an audit trail."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from .hits import EVENT


class LimitHits(msgspec.Struct, frozen=True):
    """The hits of one limit; `shadow` are those that refused nobody."""

    limit: str
    hits: int
    subjects: int
    shadow: int
    first: str
    last: str


class SubjectHits(msgspec.Struct, frozen=True):
    """The hits of one caller, by its name in the trail."""

    subject: str
    hits: int
    limits: tuple[str, ...]
    last: str


class Summary(msgspec.Struct, frozen=True):
    """All hits, by limit, by caller and by hour."""

    hits: int
    limits: tuple[LimitHits, ...]
    subjects: tuple[SubjectHits, ...]
    hours: dict[str, int]


def summarize(
    records: Iterable[Mapping[str, Any]], *, since: str = "", until: str = "~", top: int = 20
) -> Summary:
    """Return the hits between two times; records come in the order of time."""
    hits = [r for r in records if r["event"] == EVENT and since <= r["time"] < until]
    by_limit: dict[str, list[Mapping[str, Any]]] = {}
    by_subject: dict[str, list[Mapping[str, Any]]] = {}
    hours: Counter[str] = Counter()
    for record in hits:
        by_limit.setdefault(str(record.get("limit")), []).append(record)
        by_subject.setdefault(str(record.get("subject")), []).append(record)
        hours[record["time"][:13] + "Z"] += _count(record)
    limits = sorted(map(_limit, by_limit.items()), key=lambda one: -one.hits)
    subjects = sorted(map(_subject, by_subject.items()), key=lambda one: -one.hits)
    total = sum(map(_count, hits))
    return Summary(total, tuple(limits[:top]), tuple(subjects[:top]), dict(hours))


def _count(record: Mapping[str, Any]) -> int:
    return 1 + int(record.get("suppressed", 0))


def _limit(item: tuple[str, list[Mapping[str, Any]]]) -> LimitHits:
    name, records = item
    return LimitHits(
        limit=name,
        hits=sum(map(_count, records)),
        subjects=len({record.get("subject") for record in records}),
        shadow=sum(_count(record) for record in records if record.get("shadow")),
        first=records[0]["time"],
        last=records[-1]["time"],
    )


def _subject(item: tuple[str, list[Mapping[str, Any]]]) -> SubjectHits:
    name, records = item
    limits = sorted({str(record.get("limit")) for record in records})
    return SubjectHits(name, sum(map(_count, records)), tuple(limits), records[-1]["time"])
