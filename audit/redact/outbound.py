"""Before the provider: prompts leave with pseudonyms of fixed shape, answers come back restored.

The map lives in one object of one call and dies with it; names are random, so that a provider
cannot link two calls.
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Iterable, Sequence
from typing import Any

from .finding import Memory
from .redactor import Redactor

_TAG = 8


class Outbound:
    """Hides values of one call and restores them in what comes back."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._memory = Memory()
        self._names: dict[str, str] = {}
        self._values: dict[str, str] = {}

    @property
    def is_slow(self) -> bool:
        """Tell whether hiding waits for another process."""
        return self._redactor.is_slow

    @property
    def count(self) -> int:
        """How many values are hidden."""
        return len(self._names)

    def hide(self, texts: Sequence[str]) -> list[str]:
        """Return the texts of a prompt without personal values; equal values get equal names."""
        done = []
        for text, redaction in zip(texts, self._redactor.session(texts, self._memory), strict=True):
            pieces, at = [], 0
            for finding in redaction.findings:
                written = text[finding.start : finding.end]
                pieces += [text[at : finding.start], self._name(finding.type, written)]
                at = finding.end
            done.append("".join([*pieces, text[at:]]))
        return done

    def hide_value(self, value: Any) -> Any:
        """Hide in all texts of a JSON value, keys left alone."""
        match value:
            case str():
                return self.hide([value])[0]
            case list() | tuple():
                return [self.hide_value(item) for item in value]
            case dict():
                return {key: self.hide_value(item) for key, item in value.items()}
            case _:
                return value

    def restore(self, text: str) -> str:
        """Put the values back into a whole text."""
        restorer = self.restorer()
        return restorer.feed(text) + restorer.close()

    def restorer(self, *, in_json: bool = False) -> Restorer:
        """Return a restorer of one channel; `in_json`: its text is part of a JSON string."""
        return Restorer(self._values, in_json=in_json)

    def _name(self, kind: str, written: str) -> str:
        if written not in self._names:
            tag = base64.b32encode(secrets.token_bytes(5)).decode().lower()[:_TAG]
            name = f"{kind}_{tag}"
            self._names[written] = name
            for form in {name, name.replace("_", "\\_")}:  # some models escape it for Markdown
                self._values[form] = written
        return self._names[written]


class Restorer:
    """Restores values in a stream, whatever way names are split between its pieces."""

    def __init__(self, values: dict[str, str], *, in_json: bool) -> None:
        self._values = {
            name: json.dumps(value, ensure_ascii=False)[1:-1] if in_json else value
            for name, value in values.items()
        }
        self._parts = frozenset(_proper_parts(values))
        self._longest = max(map(len, values), default=0)
        self._held = ""

    def feed(self, text: str) -> str:
        """Take a piece and return what is certain; at most one name is held back."""
        if not self._values:
            return text
        text = self._replace(self._held + text)
        keep = self._unfinished(text)
        self._held = text[len(text) - keep :]
        return text[: len(text) - keep]

    def close(self) -> str:
        """Return what was held back."""
        rest, self._held = self._held, ""
        return rest

    def _replace(self, text: str) -> str:
        done, at = [], 0
        while (found := self._next(text, at)) is not None:
            start, name = found
            done += [text[at:start], self._values[name]]
            at = start + len(name)
        return "".join([*done, text[at:]]) if done else text

    def _next(self, text: str, at: int) -> tuple[int, str] | None:
        places = [(place, name) for name in self._values if (place := text.find(name, at)) >= 0]
        return min(places, default=None)

    def _unfinished(self, text: str) -> int:
        """Return the length of an end of the text that may become a name."""
        for size in range(min(self._longest - 1, len(text)), 0, -1):
            if text[len(text) - size :] in self._parts:
                return size
        return 0


def _proper_parts(names: Iterable[str]) -> Iterable[str]:
    for name in names:
        for size in range(1, len(name)):
            yield name[:size]
