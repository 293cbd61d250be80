"""Which words stand near a place: the nearest label wins, left before right."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator

from .engine import Pattern
from .words import LATIN, OTHER, words_of

LEFT, RIGHT = 44, 18
_RIGHT_COST = 12

_LABEL_OF: dict[str, str] = {}
for _label in ("not", *(key for key in LATIN if key != "not")):
    for _word in words_of(LATIN[_label]):
        _LABEL_OF[_word] = _label
    for _word in words_of(OTHER.get(_label, "")):
        _LABEL_OF[_word.replace("\\", "")] = _label


def _alternation(words: list[str], space: str) -> str:
    ordered = sorted(set(words), key=lambda word: (-len(word), word))
    return "|".join(word.replace(" ", space) for word in ordered)


_LABEL_OF_BYTES = {word.encode(): label for word, label in _LABEL_OF.items() if word.isascii()}
_LATIN_WORDS = [word for cell in LATIN.values() for word in words_of(cell)]
_OTHER_WORDS = [word for cell in OTHER.values() for word in words_of(cell)]
_LATIN = Pattern(rf"\b(?:{_alternation(_LATIN_WORDS, '[ .]')})\b".encode())
_OTHER = Pattern(rf"(?:{_alternation(_OTHER_WORDS, ' ')})")

LOWER_VIEW = bytes(
    ord("#") if 48 <= code <= 57
    else code + 32 if 65 <= code <= 90
    else 32 if code in b"_-'"
    else ord("q") if code in (0xD8, 0xF8)
    else code
    for code in range(256)
)  # fmt: skip
"""Lowers a view for looking up words: digits, `_` and `-` end a word."""


class Labels:
    """All label words of a text by position."""

    def __init__(self, low_view: bytes, low_text: str | None) -> None:
        found = [(end, start, _label_of(low_view[start:end])) for start, end in _spans(low_view)]
        if low_text is not None:
            found += [
                (*match.span()[::-1], _LABEL_OF.get(match[0], ""))
                for match in _OTHER.finditer(low_text)
                if _stands_alone(low_text, *match.span())
            ]
            found.sort()
        self._found = found
        self._ends = [item[0] for item in found]
        self._view = low_view

    def nearest(self, start: int, end: int) -> tuple[str, int]:
        """Return the label nearest to a place and its distance; an empty label if none is near."""
        at = bisect_left(self._ends, start + 1)
        best, distance = "", LEFT + 1
        if at:
            left_end, _, label = self._found[at - 1]
            if start - left_end <= LEFT:
                best, distance = label, self._cost(left_end, start)
        while at < len(self._found) and self._found[at][1] < end:
            at += 1
        if at < len(self._found):
            _, right, label = self._found[at]
            gap = right - end
            is_near = gap <= RIGHT and gap + _RIGHT_COST < distance
            if is_near and b"\n" not in self._view[end:right]:
                best, distance = label, gap + _RIGHT_COST
        return best, distance

    def are_near(self, start: int, end: int, reach: int = LEFT) -> bool:
        """Tell whether any label can be the nearest of something in a run without letters."""
        at = bisect_left(self._ends, start - reach - 4)  # a sign before it belongs to a number
        return at < len(self._found) and self._found[at][1] <= end + RIGHT

    def within(self, start: int, label: str, reach: int = LEFT) -> bool:
        """Tell whether a label of this kind stands left of a place, whatever is between."""
        at = bisect_left(self._ends, start + 1) - 1
        while at >= 0 and start - self._ends[at] <= reach:
            if self._found[at][2] == label:
                return True
            at -= 1
        return False

    def _cost(self, left: int, right: int) -> int:
        """Distance counts more across the end of a sentence or clause."""
        between = self._view[left:right]
        if between == b". ":  # an abbreviation: `Passport No. 533380006`
            return 2
        clauses = between.count(b"; ") + between.count(b", ") + between.count(b". ")
        return right - left + 14 * clauses + 8 * between.count(b"\n")


def _spans(low_view: bytes) -> Iterator[tuple[int, int]]:
    return (match.span() for match in _LATIN.finditer(low_view))


def _label_of(word: bytes) -> str:
    return _LABEL_OF_BYTES.get(word) or _LABEL_OF_BYTES.get(word.replace(b".", b" "), "")


def _stands_alone(text: str, start: int, end: int) -> bool:
    """Tell whether a word is no part of a longer one; scripts without spaces do not ask."""
    if text[start] >= "\u0900":
        return True
    before, after = text[start - 1 : start], text[end : end + 1]
    return not (before.isalpha() or after.isalpha())
