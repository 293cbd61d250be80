"""The one place that knows google-re2: linear-time patterns over views, built when first needed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import chain
from typing import Any, Protocol


class Match(Protocol):
    """What google-re2 returns of a match, as far as it is used here."""

    def span(self, group: int = 0) -> tuple[int, int]:
        """Return where a group lies."""
        ...

    def start(self, group: int = 0) -> int:
        """Return where a group begins."""
        ...

    def end(self, group: int = 0) -> int:
        """Return where a group ends."""
        ...

    def __getitem__(self, group: int) -> Any:
        """Return what a group holds."""
        ...


@cache
def _options(*, is_view: bool = True) -> Any:
    import re2

    options = re2.Options()
    if is_view:
        options.encoding = re2.Options.Encoding.LATIN1
        options.never_nl = True
    options.log_errors = False
    options.max_mem = 64 << 20
    return options


@cache
def _anchors() -> tuple[Any, Any]:
    """Return how the core is told to match anywhere, and only at the start."""
    import re2

    return re2._re2.RE2.Anchor.UNANCHORED, re2._re2.RE2.Anchor.ANCHOR_START


class _Spans:
    """A match as the library's core gives it: the places of all groups."""

    __slots__ = ("_spans", "_text")

    def __init__(self, text: bytes | str, spans: list[tuple[int, int]]) -> None:
        self._text = text
        self._spans = spans

    def span(self, group: int = 0) -> tuple[int, int]:
        return self._spans[group]

    def start(self, group: int = 0) -> int:
        return self._spans[group][0]

    def end(self, group: int = 0) -> int:
        return self._spans[group][1]

    def __getitem__(self, group: int) -> bytes | str | None:
        start, end = self._spans[group]
        return None if start < 0 else self._text[start:end]


def _direct_matches(match: Any, text: bytes, at: int, end: int) -> Iterator[Match]:
    """Ask the library's core, for its Python layer costs more than most matches."""
    anywhere, _ = _anchors()
    while at <= end:
        spans = match(anywhere, text, at, end)
        start, stop = spans[0]
        if start < 0:
            return
        yield _Spans(text, spans)
        at = stop if stop > at else at + 1


def _text_matches(match: Any, text: str, start: int, end: int) -> Iterator[Match]:
    """Match in the bytes of a part of a text; tells places in characters."""
    raw, at = text[start:end].encode(), 0
    anywhere, _ = _anchors()
    while at <= len(raw):
        spans = match(anywhere, raw, at, len(raw))
        first, stop = spans[0]
        if first < 0:
            return
        start += len(raw[at:first].decode())
        yield _Spans(text, [_in_characters(raw, first, start, *span) for span in spans])
        start += len(raw[first:stop].decode())
        at = stop if stop > first else stop + 1


def _in_characters(raw: bytes, first: int, start: int, begin: int, stop: int) -> tuple[int, int]:
    """Return a span of bytes in characters, where `start` is that of the byte `first`."""
    if begin < 0:
        return -1, -1
    begin_at = start + len(raw[first:begin].decode())
    return begin_at, begin_at + len(raw[begin:stop].decode())


def _direct_spans(match: Any, text: bytes, at: int, end: int) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    anywhere, _ = _anchors()
    while at <= end:
        span: tuple[int, int] = match(anywhere, text, at, end)[0]
        if span[0] < 0:
            break
        found.append(span)
        at = span[1] if span[1] > at else at + 1
    return found


class Pattern:
    """A pattern that never crosses the end of a line and takes linear time on any input."""

    def __init__(self, source: bytes | str, gate: bytes | None = None) -> None:
        self._text = source
        self._compiled: Any = None
        self.gate = self.source if gate is None else gate
        """What occurs in each line where the pattern does, with fewer states than that."""

    def _engine(self) -> Any:
        if self._compiled is None:
            import re2

            if isinstance(self._text, bytes):
                self._compiled = re2.compile(b"(?m)" + self._text, _options())
            else:
                self._compiled = re2.compile(self._text, _options(is_view=False))
        return self._compiled

    def _core(self) -> Any:
        """Return the library's own way to match; None where it hides it."""
        return getattr(getattr(self._engine(), "_regexp", None), "Match", None)

    def finditer(
        self, text: bytes | str, start: int = 0, end: int | None = None
    ) -> Iterator[Match]:
        """Yield the matches from left to right."""
        end = len(text) if end is None else end
        core = self._core()
        if core is None:
            return iter(self._engine().finditer(text, start, end))
        if isinstance(text, str):
            return _text_matches(core, text, start, end)
        return _direct_matches(core, text, max(0, start), min(end, len(text)))

    def spans(self, text: bytes, start: int = 0, end: int | None = None) -> list[tuple[int, int]]:
        """Return where the matches lie, from left to right; the quickest way to know no more."""
        end = len(text) if end is None else end
        core = self._core()
        if core is None:
            return [match.span() for match in self.finditer(text, start, end)]
        return _direct_spans(core, text, start, end)

    def search(self, text: bytes, start: int = 0, end: int | None = None) -> Match | None:
        """Return the first match."""
        return next(self.finditer(text, start, end), None)

    def match(self, text: bytes, start: int = 0, end: int | None = None) -> Match | None:
        """Return the match that begins exactly at `start`."""
        end = len(text) if end is None else end
        if core := self._core():
            spans = core(_anchors()[1], text, start, end)
            return _Spans(text, spans) if spans[0][0] >= 0 else None
        found: Match | None = self._engine().match(text, start, end)
        return found

    @property
    def source(self) -> bytes:
        """Return the pattern as bytes, to be part of another one."""
        return self._text if isinstance(self._text, bytes) else self._text.encode()

    @property
    def groups(self) -> int:
        """Return how many groups the pattern has."""
        return int(self._engine().groups)


PIECE = 512
"""In parts of so many bytes, and up to the end of the line, a text is asked what occurs."""
PER_SET = 10
"""So many patterns share a pass. The states of many multiply, and new texts would always need new
ones; of few, they are soon all known."""
_COUNTED = re.compile(rb"\{([0-9]+),[0-9]+\}")

Places = dict[Pattern, list[tuple[int, int]]]
"""Which patterns occur, and between which places, all at ends of lines."""


class Gate:
    """Many patterns in few passes: tells which of them may occur, and in which parts of a text."""

    def __init__(self, patterns: Iterable[Pattern], per_set: int = PER_SET) -> None:
        wanted = tuple(dict.fromkeys(patterns))
        self._sets = [_Set(wanted[at : at + per_set]) for at in range(0, len(wanted), per_set)]

    def fired(self, view: bytes) -> list[Pattern]:
        """Return the patterns that may occur in the view."""
        return [pattern for one in self._sets for pattern in one.fired(view)]

    def places(self, view: bytes, start: int = 0) -> Places:
        """Return the patterns that may occur from `start` on, each with the parts that may hold it.

        `start`: of a line.
        """
        places: Places = {}
        end = len(view)
        while start < end:
            stop = view.find(b"\n", start + PIECE) + 1 or end
            piece = view[start:stop]
            for pattern in chain.from_iterable([one.fired(piece) for one in self._sets]):
                parts = places.setdefault(pattern, [])
                if parts and parts[-1][1] == start:
                    parts[-1] = (parts[-1][0], stop)
                else:
                    parts.append((start, stop))
            start = stop
        return places


class _Set:
    """Patterns in one pass."""

    def __init__(self, patterns: Sequence[Pattern]) -> None:
        self._patterns = patterns
        self._match: Any = None
        self._always = len(patterns)
        """Index of a pattern that is in every text."""

    def fired(self, view: bytes) -> Sequence[Pattern]:
        if self._match is None:
            self._match = self._build()
        found = self._match(view)
        if self._always not in found:
            return self._patterns  # the engine ran out of memory: look everywhere
        if len(found) == 1:
            return ()
        return [self._patterns[index] for index in found if index != self._always]

    def _build(self) -> Any:
        import re2

        made = re2.Set.SearchSet(_options())
        for pattern in self._patterns:
            made.Add(b"(?m)" + _uncounted(pattern.gate))
        made.Add(rb"\z")
        made.Compile()
        return getattr(made, "_set", made).Match  # the library's Python layer costs a third more


def _uncounted(source: bytes) -> bytes:
    """Widen a pattern to one that needs fewer states, as it does not count what it repeats."""
    return _COUNTED.sub(rb"{\1,}", source)
