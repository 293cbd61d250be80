"""One text under examination: its folded form, its view, and the label words in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property

from .context import LOWER_VIEW, Labels
from .engine import Match, Pattern, Places
from .fold import LOWER, UPPER, lower

FOREIGN = Pattern(b"[%b]" % bytes((UPPER, LOWER)))
"""Letters of other scripts than the Latin one."""


class Scan:
    """What detectors look at. Nothing found here may cross a line's end of the view."""

    def __init__(self, text: str, view: bytes, places: Places) -> None:
        self.text = text
        self.view = view
        self.places = places

    def parts(self, pattern: Pattern) -> Sequence[tuple[int, int]]:
        """Return the parts of the view, whole lines, in which a pattern of the gate occurs."""
        return self.places.get(pattern, ())

    def matches(self, pattern: Pattern) -> Iterator[Match]:
        """Yield the matches of a pattern of the gate in the view."""
        for start, end in self.parts(pattern):
            yield from pattern.finditer(self.view, start, end)

    def spans(self, pattern: Pattern) -> Iterator[tuple[int, int]]:
        """Yield where the matches of a pattern of the gate lie in the view."""
        for start, end in self.parts(pattern):
            yield from pattern.spans(self.view, start, end)

    def foreign(self, pattern: Pattern, *, is_low: bool = False) -> Iterator[Match]:
        """Yield the matches of a pattern of text, where the text holds letters of other scripts."""
        text = (self.low_text or "") if is_low else self.text
        for start, end in self.parts(FOREIGN):
            yield from pattern.finditer(text, max(0, start - 1), end)

    @cached_property
    def low(self) -> bytes:
        """The view for looking up words: lower case, digits as `#`, `_` and `-` as spaces."""
        return self.view.translate(LOWER_VIEW)

    @cached_property
    def low_text(self) -> str | None:
        """The folded text in lower case, if it holds other letters than Latin ones."""
        has_foreign = UPPER in self.view or LOWER in self.view
        return lower(self.text) if has_foreign else None

    @cached_property
    def labels(self) -> Labels:
        """Label words and where they stand."""
        return Labels(self.low, self.low_text)

    def line_start(self, at: int) -> int:
        """Return where the line of a place begins."""
        return self.view.rfind(b"\n", 0, at) + 1

    def line_end(self, at: int) -> int:
        """Return where the line of a place ends."""
        end = self.view.find(b"\n", at)
        return len(self.view) if end < 0 else end
