"""The one place that knows google-re2: linear-time patterns over views, built when first needed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
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

    def __init__(self, text: bytes, spans: list[tuple[int, int]]) -> None:
        self._text = text
        self._spans = spans

    def span(self, group: int = 0) -> tuple[int, int]:
        return self._spans[group]

    def start(self, group: int = 0) -> int:
        return self._spans[group][0]

    def end(self, group: int = 0) -> int:
        return self._spans[group][1]

    def __getitem__(self, group: int) -> bytes | None:
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


def _direct_spans(match: Any, text: bytes) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    anywhere, _ = _anchors()
    at, end = 0, len(text)
    while at <= end:
        span: tuple[int, int] = match(anywhere, text, at, end)[0]
        if span[0] < 0:
            break
        found.append(span)
        at = span[1] if span[1] > at else at + 1
    return found


class Pattern:
    """A pattern that never crosses the end of a line and takes linear time on any input."""

    def __init__(self, source: bytes | str) -> None:
        self._text = source
        self._compiled: Any = None

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
        if isinstance(text, bytes) and (core := self._core()):
            return _direct_matches(core, text, max(0, start), min(end, len(text)))
        return iter(self._engine().finditer(text, start, end))

    def spans(self, text: bytes) -> list[tuple[int, int]]:
        """Return where the matches lie, from left to right; the quickest way to know no more."""
        core = self._core()
        if core is None:
            return [match.span() for match in self.finditer(text)]
        return _direct_spans(core, text)

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


class Gate:
    """Many patterns in one pass: tells which of them occur somewhere."""

    def __init__(self, sources: Sequence[bytes]) -> None:
        self._sources = tuple(sources)
        self._set: Any = None
        self._always = len(self._sources)
        """Index of a pattern that is in every text."""

    def fired(self, view: bytes) -> Sequence[int]:
        """Return the indexes of the patterns that occur in the view."""
        if self._set is None:
            self._set = self._build()
        found = self._set.Match(view) or ()
        if self._always not in found:
            return range(self._always)  # the engine ran out of memory: look everywhere
        return [index for index in found if index != self._always]

    def _build(self) -> Any:
        import re2

        made = re2.Set.SearchSet(_options())
        for source in self._sources:
            made.Add(b"(?m)" + source)
        made.Add(b"")
        made.Compile()
        return made
