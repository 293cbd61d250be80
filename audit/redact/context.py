"""Which words stand near a place: the nearest label wins, left before right."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right

import msgspec

from .engine import Pattern
from .words import LATIN, OTHER, words_of

LEFT, RIGHT = 44, 18
MOST_COST = 60
ASKED = 120
_RIGHT_COST = 12
_LONGEST_REPLY, _LINES_BETWEEN = 48, 3
"""An answer begins so near its line's start, and comes at most so many lines after the question."""

_REPLY = re.compile(
    rb"(?:[\[(][^\])\n]{3,20}[\])] ?)?(?:[a-zq]{2,14}(?: [a-zq]{2,14})?: )?"
    rb"(?:(?:sure|yes|ok|okay|ya|iya|baik|ini|hi|oui|si|ja|tak|it is|it s|its|"
    rb"this is|my|here|here it is|"
    rb"adalah|yaitu|c est|es ist|es el)[,:]? )*"
)
"""What stands before an answer on its line: who says it, a word or two."""
_QUESTION = re.compile(
    rb"[^\n]{0,60}(?:[?:]|\b(?:please|pls|plz|dong|ya|kak|bitte|svp|por favor|per favore))"
    rb"[ .!\"'*)]*\r?$"
)
_SAYS_SO = (b"is ", b"s ", b"es ", b"el ", b"est ", b"ist ", b"h ", b"u ", b"is: ", b"s: ")
_LABEL_OF: dict[str, str] = {}
for _label in ("not", *(key for key in LATIN if key != "not")):
    for _word in words_of(LATIN[_label]):
        _LABEL_OF[_word.replace("\\", "")] = _label
    for _word in words_of(OTHER.get(_label, "")):
        _LABEL_OF[_word.replace("\\", "")] = _label


def _alternation(words: list[str], space: str) -> str:
    ordered = sorted(set(words), key=lambda word: (-len(word), word))
    return "|".join(word.replace(" ", space) for word in ordered)


LABELS = {word.encode(): label for word, label in _LABEL_OF.items() if word.isascii()}
"""Which label each word of Latin letters is, in small letters."""
_LATIN_WORDS = [word for cell in LATIN.values() for word in words_of(cell)]
_OTHER_WORDS = [word for cell in OTHER.values() for word in words_of(cell)]
_LATIN = Pattern(rf"\b(?:{_alternation(_LATIN_WORDS, '[ .]')})(?:nya|ku)?\b".encode())
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


class Beside(msgspec.Struct, frozen=True, gc=False):
    """The label that ends left of a place and the one that begins right of it.

    A gap is counted in characters; a cost weighs what lies in the gap.
    """

    left: str
    left_gap: int
    left_cost: int
    right: str
    right_gap: int
    is_empty: bool = False

    def label(self, before: int = 0, behind: int = 0) -> tuple[str, int]:
        """Return the nearer label and its cost for a part of the place, so far from its ends."""
        best, cost = "", MOST_COST
        if self.left and self.left_gap + before <= LEFT:
            best, cost = self.left, self.left_cost + before
        gap = self.right_gap + behind
        if self.right and gap <= RIGHT and gap + _RIGHT_COST < cost:
            return self.right, gap + _RIGHT_COST
        return best, cost


class Labels:
    """All label words of a text by position."""

    def __init__(self, low_view: bytes, low_text: str | None) -> None:
        known = LABELS.get
        found = [
            (end, start, known(word := low_view[start:end]) or _spaced(word))
            for start, end in _LATIN.spans(low_view)
        ]
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

    @property
    def is_empty(self) -> bool:
        """Whether the text holds no label at all, so that none is near any place."""
        return not self._found

    def beside(self, start: int, end: int) -> Beside:
        """Return the labels next to a place."""
        found = self._found
        if not found:
            return _NONE
        left, left_gap, cost, right, right_gap = "", LEFT + 1, MOST_COST, "", RIGHT + 1
        at = bisect_right(self._ends, start)
        if at and start - self._ends[at - 1] <= LEFT:
            left_end, _, label = found[at - 1]
            if (priced := self._cost(left_end, start)) < MOST_COST:
                left, left_gap, cost = label, start - left_end, priced
        while at < len(found) and found[at][1] < end:
            at += 1
        if at < len(found):
            _, begin, label = found[at]
            if begin - end <= RIGHT and b"\n" not in self._view[end:begin]:
                right, right_gap = label, begin - end
        return Beside(left, left_gap, cost, right, right_gap) if left or right else _NONE

    def asked(self, start: int) -> Beside:
        """Return what a line before asked for, where a place only answers: `It is 5550123`."""
        view = self._view
        at = bisect_right(self._ends, start) - 1
        if at < 0 or start - self._ends[at] > ASKED:
            return _NONE
        line = view.rfind(b"\n", max(0, start - _LONGEST_REPLY), start) + 1
        if not line or not _REPLY.fullmatch(view, line, start):
            return _NONE
        while at >= 0 and self._ends[at] > line:
            at -= 1
        if at < 0 or start - self._ends[at] > ASKED:
            return _NONE
        end, _, label = self._found[at]
        asked = view.find(b"\n", end)
        between = view[asked:line]
        if between.count(b"\n") > _LINES_BETWEEN or b"#" in between:
            return _NONE
        is_said = between.count(b"\n") == 1 and view[line:start].endswith(_SAYS_SO)
        if not is_said and not _QUESTION.fullmatch(view, end, asked):
            return _NONE
        return Beside(label, _RIGHT_COST, _RIGHT_COST, "", RIGHT + 1)

    def nearest(self, start: int, end: int) -> tuple[str, int]:
        """Return the label nearest to a place and its cost; an empty label if none is near."""
        return self.beside(start, end).label()

    def within(self, start: int, label: str, reach: int = LEFT) -> bool:
        """Tell whether a label of this kind stands left of a place, whatever is between."""
        at = bisect_left(self._ends, start + 1) - 1
        while at >= 0 and start - self._ends[at] <= reach:
            if self._found[at][2] == label:
                return True
            at -= 1
        return False

    def _cost(self, left: int, right: int) -> int:
        """Distance counts more across the end of a sentence or clause, and behind another field."""
        between = self._view[left:right]
        if len(between) < 3:
            return 2 if between == b". " else right - left  # `Passport No. 533380006`
        clauses = between.count(b"; ") + between.count(b", ") + between.count(b". ")
        is_other_field = between.endswith(b": ") and len(between) > 4
        return right - left + 14 * clauses + 8 * between.count(b"\n") + 30 * is_other_field


_NONE = Beside("", LEFT + 1, MOST_COST, "", RIGHT + 1, True)


def label_of(word: bytes) -> str:
    """Return what a word or words in small letters name; empty if they are no label."""
    return LABELS.get(word) or _spaced(word)


def _spaced(word: bytes) -> str:
    """Return the label of a word that is written otherwise than in the table: `paspornya`."""
    plain = word.replace(b".", b" ")
    for form in (plain, plain.removesuffix(b"nya"), plain.removesuffix(b"ku")):
        if label := LABELS.get(form):
            return label
    return ""


def _stands_alone(text: str, start: int, end: int) -> bool:
    """Tell whether a word is no part of a longer one; scripts without spaces do not ask."""
    if text[start] >= "\u0900":
        return True
    before, after = text[start - 1 : start], text[end : end + 1]
    return not (before.isalpha() or after.isalpha())
