"""Redaction of a text that arrives in pieces: the same result on every cutting.

What is held back is the current line, or the current segment of a long line (see `cut`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .cut import SPAN, next_cut
from .detect.columns import Table, find_rows
from .finding import Memory
from .fold import Folded
from .pem import find_keys
from .recall import learn, recall
from .resolve import resolve
from .scan import Scan
from .strategy import Replacer

if TYPE_CHECKING:
    from .redactor import Finder

CONTEXT = 192
"""Characters before a segment that detectors may look at."""


class RedactionStream:
    """Takes text by `feed`, gives redacted text as soon as it cannot change any more."""

    def __init__(self, finder: Finder, replacer: Replacer, memory: Memory) -> None:
        self._finder = finder
        self._replacer = replacer
        self._memory = memory
        self._pending = ""
        self._text, self._view = "", b""
        self._is_in_key = False
        self._table: Table | None = None

    def feed(self, text: str) -> str:
        """Take the next piece and return what is ready."""
        self._pending += text
        if len(self._pending) <= SPAN + 1 and "\n" not in text:
            return ""
        return self._drain(is_whole=False)

    def close(self) -> str:
        """Return the rest."""
        return self._drain(is_whole=True)

    def _drain(self, *, is_whole: bool) -> str:
        folded = Folded(self._pending)
        done: list[str] = []
        start = raw = 0
        while start < len(folded.view):
            end = next_cut(folded.view, start, is_whole)
            if end is None:
                break
            raw_end = folded.back(end)
            is_last = is_whole and end == len(folded.view)
            done.append(self._segment(folded, (start, end), (raw, raw_end), is_last))
            start, raw = end, raw_end
        if is_whole:
            done.append(self._pending[raw:])
            raw = len(self._pending)
        self._pending = self._pending[raw:]
        return "".join(done)

    def _segment(
        self, folded: Folded, place: tuple[int, int], raw_place: tuple[int, int], is_last: bool
    ) -> str:
        """Redact one segment, with what came before it as context."""
        (start, end), (raw, raw_end), pending = place, raw_place, self._pending
        text, view = folded.text[start:end], folded.view[start:end]
        if not view.endswith(b"\n") and not is_last:
            text, view = text[:-1] + "\n", view[:-1] + b"\n"
        offset = len(self._view)
        view = self._view + view
        scan = Scan(self._text + text, view, self._finder.places(view, offset))
        keys, self._is_in_key = find_keys(scan.view, offset, self._is_in_key)
        rows, self._table = find_rows(scan, offset, self._table)
        found = (hit for hit in self._finder.hits(scan) if hit.start >= offset)
        hits = resolve([*keys, *rows, *found])
        known = frozenset(self._memory.values)
        hits = recall(scan, hits, self._memory, known, learn(scan, hits, self._memory), offset)
        self._text, self._view = scan.text[-CONTEXT:], scan.view[-CONTEXT:]
        done: list[str] = []
        for hit in hits:
            first = folded.back(hit.start - offset + start)
            last = folded.back_end(hit.end - offset + start)
            done += (pending[raw:first], self._replacer.of(hit, pending[first:last]))
            raw = last
        return "".join([*done, pending[raw:raw_end]])
