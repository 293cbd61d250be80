"""Session memory: a value found once is found again without its context, in order of reading."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from functools import partial

from .finding import Hit, Memory
from .resolve import resolve
from .scan import Scan

FEW = 8
MOST_SEARCHES, MOST_WORDS = 64, 256
"""Up to so many values, beginning like so many words of the text, are looked for one by one."""
_GAP = re.compile(r"[^A-Za-z0-9]")
_HEAD = re.compile(r"[A-Z0-9][A-Za-z0-9]*")
_WORDS = bytes(code if chr(code).isalnum() and code < 128 else 32 for code in range(256))
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
        for at, value in _occurrences(text, values, since)
        if at >= since[value]
    ]
    hits: list[Hit] = []
    for at, end, value in sorted(found):
        if not hits or at >= hits[-1].end:
            kind, normal = memory.values[value]
            hits.append(Hit(at, -end, kind, 0.6, normal))
    return hits


def _occurrences(
    text: str, values: Sequence[str], since: Mapping[str, int]
) -> Iterator[tuple[int, str]]:
    """Yield places and values: one pass for all that begin like a name or a number, if many."""
    others = values
    narrow = text.encode("latin-1", "replace")
    if len(values) > FEW:
        heads = {value: head[0] for value in values if (head := _HEAD.match(value))}
        others = [value for value in values if value not in heads]
        counts = _counted(narrow, set(heads.values()))
        again = {
            value: head
            for value, head in heads.items()
            if (count := counts[head]) > 1 or (count and not _ends_at(text, value, since[value]))
        }
        if len(again) > MOST_SEARCHES or sum(counts[head] for head in again.values()) > MOST_WORDS:
            yield from _in_one_pass(text, again)
        else:
            others += again
    for value in others:
        yield from ((at, value) for at in _find_all(text, narrow, value))


def _counted(narrow: bytes, heads: Set[str]) -> Counter[str]:
    """Count the words of a text that are one of these."""
    words = narrow.translate(_WORDS).decode("latin-1").split()
    return Counter(filter(heads.__contains__, words))


def _ends_at(text: str, value: str, end: int) -> bool:
    """Tell whether a value stands before a place, at the start of a word."""
    start = end - len(value)
    return start >= 0 and text.startswith(value, start) and not text[start - 1 : start].isalnum()


def _in_one_pass(text: str, heads: Mapping[str, str]) -> Iterator[tuple[int, str]]:
    by_head: dict[str, dict[int, set[str]]] = {}
    for value, head in heads.items():
        by_head.setdefault(head, {}).setdefault(len(value), set()).add(value)
    for word in _HEAD.finditer(text):
        sizes = by_head.get(word[0])
        if sizes is None:
            continue
        at = word.start()
        for size, alike in sizes.items():
            value = text[at : at + size]
            if value in alike and _is_word(text, at, at + size):
                yield at, value


def _find_all(text: str, narrow: bytes, value: str) -> Iterator[int]:
    """Yield where a value stands as a word; looks at each word of the text once.

    `narrow` is the text in bytes, `?` for each character that has none; quicker to search.
    """
    find: Callable[[int], int] = partial(text.find, value)
    if value.isascii() and "?" not in value:
        find = partial(narrow.find, value.encode())
    at = find(0)
    while at >= 0:
        end = at + len(value)
        if _is_word(text, at, end):
            yield at
        elif value[0].isascii():
            gap = _GAP.search(text, at + 1)
            if gap is None:
                return
            end = gap.start()
        at = find(end)


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
