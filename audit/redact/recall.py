"""Session memory: a value found once is found again without its context, in order of reading."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set

from .finding import Hit, Memory
from .resolve import resolve
from .scan import Scan

FEW = 8
_NONE: dict[int, set[str]] = {}
_GAP = re.compile(r"[^A-Za-z0-9]")
_HEAD = re.compile(r"[A-Z0-9][A-Za-z0-9]*")
_SHORTEST = {"PERSON": 3}
_NOT_KEPT = frozenset(("PRIVATE_KEY", "PRIVATE_KEY_LINE", "EMAIL", "IP", "MAC", "IBAN", "JWT"))
"""Types that are found again by themselves."""
_PARTICLES = frozenset("van von der den de la al el bin binti dos das del".split())


def learn(scan: Scan, hits: Iterable[Hit], memory: Memory) -> dict[str, int]:
    """Remember the values of hits; return those that are new and the place from which they hold."""
    new: dict[str, int] = {}
    for hit in hits:
        if hit.type in _NOT_KEPT:
            continue
        for written in _forms(scan.text[hit.start : hit.end], hit):
            if memory.add(written, hit.type, hit.value):
                new[written] = hit.end
    return new


def _forms(written: str, hit: Hit) -> Iterable[str]:
    shortest = _SHORTEST.get(hit.type, 5)
    if len(written) >= shortest:
        yield written
    if hit.type == "PERSON" and " " in written:
        for part in written.split(" "):
            if len(part) >= shortest and part[0].isupper() and part.lower() not in _PARTICLES:
                yield part


def recall(
    scan: Scan,
    hits: list[Hit],
    memory: Memory,
    known: Set[str],
    new: Mapping[str, int],
    start: int = 0,
) -> list[Hit]:
    """Add the places from `start` on where a remembered value stands."""
    values = [value for value in memory.values if value in known or value in new]
    if not values:
        return hits
    extra = _places(scan.text, values, {value: new.get(value, start) for value in values}, memory)
    free = [hit for hit in extra if not _touches(hit, hits)]
    return resolve([*hits, *free]) if free else hits


def _places(text: str, values: list[str], since: Mapping[str, int], memory: Memory) -> list[Hit]:
    """Return where values stand as whole words, the longest where several do."""
    found = [
        (at, -at - len(value), value)
        for at, value in _occurrences(text, values)
        if at >= since[value]
    ]
    hits: list[Hit] = []
    for at, end, value in sorted(found):
        if not hits or at >= hits[-1].end:
            kind, normal = memory.values[value]
            hits.append(Hit(at, -end, kind, 0.6, normal))
    return hits


def _occurrences(text: str, values: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Yield places and values: one pass for all that begin like a name or a number, if many."""
    by_head: dict[str, dict[int, set[str]]] = {}
    others = values
    if len(values) > FEW:
        others = []
        for value in values:
            if head := _HEAD.match(value):
                by_head.setdefault(head[0], {}).setdefault(len(value), set()).add(value)
            else:
                others.append(value)
        for word in _HEAD.finditer(text):
            at = word.start()
            for size, alike in by_head.get(word[0], _NONE).items():
                value = text[at : at + size]
                if value in alike and _is_word(text, at, at + size):
                    yield at, value
    for value in others:
        yield from ((at, value) for at in _find_all(text, value))


def _find_all(text: str, value: str) -> Iterator[int]:
    """Yield where a value stands as a word; looks at each word of the text once."""
    at = text.find(value)
    while at >= 0:
        end = at + len(value)
        if _is_word(text, at, end):
            yield at
        elif value[0].isascii():
            gap = _GAP.search(text, at + 1)
            if gap is None:
                return
            end = gap.start()
        at = text.find(value, end)


def _is_word(text: str, start: int, end: int) -> bool:
    before, after = text[start - 1 : start], text[end : end + 1]
    return not (before.isalnum() and text[start].isascii()) and not (
        after.isalnum() and text[end - 1].isascii()
    )


def _touches(hit: Hit, hits: list[Hit]) -> bool:
    at = bisect_right(hits, hit.start, key=lambda one: one.start)
    if at and hits[at - 1].end > hit.start:
        return True
    return at < len(hits) and hits[at].start < hit.end
