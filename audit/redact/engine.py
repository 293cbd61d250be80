"""The one place that knows google-re2: linear-time patterns over views, built when first needed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

Spans = tuple[tuple[int, int], ...]


@cache
def _options() -> Any:
    import re2

    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1
    options.never_nl = True
    options.log_errors = False
    options.max_mem = 64 << 20
    return options


class Pattern:
    """A pattern that never crosses the end of a line and takes linear time on any input."""

    def __init__(self, source: bytes | str) -> None:
        self._source = source
        self._compiled: Any = None

    def _engine(self) -> Any:
        if self._compiled is None:
            import re2

            if isinstance(self._source, bytes):
                self._compiled = re2.compile(b"(?m)" + self._source, _options())
            else:
                self._compiled = re2.compile(self._source)
        return self._compiled

    def finditer(self, text: bytes | str, start: int = 0, end: int | None = None) -> Iterator[Any]:
        """Yield the matches from left to right."""
        return iter(self._engine().finditer(text, start, len(text) if end is None else end))

    def search(self, text: bytes | str, start: int = 0, end: int | None = None) -> Any:
        """Return the first match."""
        return self._engine().search(text, start, len(text) if end is None else end)

    def match(self, text: bytes, start: int = 0, end: int | None = None) -> Any:
        """Return the match that begins exactly at `start`."""
        return self._engine().match(text, start, len(text) if end is None else end)

    def is_in(self, text: bytes) -> bool:
        """Tell whether there is a match, as cheaply as possible."""
        return self._engine().search(text) is not None


class Gate:
    """Many patterns in one pass: tells which of them occur somewhere."""

    def __init__(self, sources: Sequence[bytes]) -> None:
        self._sources = tuple(sources)
        self._set: Any = None

    def fired(self, view: bytes) -> Sequence[int]:
        """Return the indexes of the patterns that occur in the view."""
        if self._set is None:
            self._set = self._build()
        return self._set.Match(view) or ()

    def _build(self) -> Any:
        import re2

        made = re2.Set.SearchSet(_options())
        for source in self._sources:
            made.Add(b"(?m)" + source)
        made.Compile()
        return made
