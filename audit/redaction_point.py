"""The one place where words of people become words for the trail. Nothing passes it unredacted.

If the redactor fails or is late, the words are withheld and the record says so.
"""

from __future__ import annotations

import asyncio
import functools
import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any

import msgspec

from .redact import Memory, Redactor

BIG = 4 << 10
LIMIT = 64 << 10
BUDGET_S = 2.0
SAMPLE = "Name: Ann Lee, 1 Main St, phone +1 415 555 0100, a@example.com, password: x1, имя %40"
MAX_NAME = 64
MAX_VALUES = 64
_NAME = re.compile(r"[A-Za-z0-9._:/{}-]*")
_NUMBER = re.compile(r"\d{9}|^(?:sk|pk|gh[opsu]|xox.|AKIA|AIza|eyJ)[-_A-Za-z0-9]{12}")


class Words(msgspec.Struct, frozen=True):
    """Texts of one record after redaction, and what was found in them (types and counts only)."""

    texts: tuple[str, ...]
    found: dict[str, int] = {}
    withheld: str | None = None
    is_truncated: bool = False


class RedactionPoint:
    """Redacts texts with a size limit and a time budget; big ones in a thread of its own.

    So are all texts whose detectors run in another process; those are not asked about names and
    parameters.
    """

    def __init__(
        self, redactor: Redactor, *, limit: int = LIMIT, budget_s: float = BUDGET_S
    ) -> None:
        self._redactor = redactor
        self._own = redactor.own()
        self._limit = limit
        self._budget_s = budget_s
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="audit-redact")
        self._is_late = False

    async def words(
        self, texts: Sequence[str], memory: Memory, redactor: Redactor | None = None
    ) -> Words:
        """Redact the texts of one record; what one of them reveals is redacted in all."""
        kept, is_truncated = _bounded(texts, self._limit)
        redactor = redactor or self._redactor
        if sum(map(len, kept)) <= BIG and not redactor.is_slow:
            return self._guarded(kept, memory, is_truncated, redactor)
        if self._is_late:
            return _withheld(kept, "redactor_late")
        job = asyncio.get_running_loop().run_in_executor(
            self._thread, self._guarded, kept, memory, is_truncated, redactor
        )
        try:
            async with asyncio.timeout(self._budget_s):
                return await asyncio.shield(job)
        except TimeoutError:
            self._is_late = True
            job.add_done_callback(self._caught_up)
            return _withheld(kept, "redactor_late")

    def name(self, value: str) -> str:
        """Return a short technical name as it is, anything else redacted."""
        if _is_plain(value):
            return value
        return self._guarded((value[:256],), Memory(), False, self._own).texts[0]

    def parameters(self, values: dict[str, Any], *, with_texts: bool) -> dict[str, Any]:
        """Keep numbers and switches; redact texts, or leave them out."""
        return {
            self.name(key): kept
            for key, value in islice(values.items(), MAX_VALUES)
            if (kept := self._value(value, with_texts, depth=4)) is not None
        }

    def warm(self) -> None:
        """Build the patterns in the background, so that the first call does not wait for it."""
        self._thread.submit(self._redactor.redact, SAMPLE)

    def close(self) -> None:
        """Stop the thread, and what runs in other processes."""
        self._thread.shutdown(wait=False)
        self._redactor.close()

    def _caught_up(self, _: object) -> None:
        self._is_late = False

    def _value(self, value: Any, with_texts: bool, depth: int) -> Any:
        if isinstance(value, int | float):
            return value
        if isinstance(value, str) and with_texts:
            if _is_plain(value):
                return value
            return self._guarded((value[: self._limit],), Memory(), False, self._own).texts[0]
        if isinstance(value, list | tuple) and depth:
            kept = [self._value(item, with_texts, depth - 1) for item in value[:MAX_VALUES]]
            return [item for item in kept if item is not None]
        if isinstance(value, dict) and depth:
            return self.parameters(value, with_texts=with_texts)
        return None

    def _guarded(
        self,
        texts: Sequence[str],
        memory: Memory,
        is_truncated: bool,
        redactor: Redactor,
    ) -> Words:
        try:
            return _redact(redactor, texts, memory, is_truncated)
        except Exception:  # noqa: BLE001 - the dispatcher: a fault here reveals and stops nothing
            return _withheld(texts, "redactor_failed")


def _redact(redactor: Redactor, texts: Sequence[str], memory: Memory, is_truncated: bool) -> Words:
    found: dict[str, int] = {}
    done = [""] * len(texts)
    places = [place for place, text in enumerate(texts) if text]
    redactions = redactor.session([texts[place] for place in places], memory)
    for place, text in zip(places, redactions, strict=True):
        done[place] = text.text
        for finding in text.findings:
            found[finding.type] = found.get(finding.type, 0) + 1
    return Words(tuple(done), found, None, is_truncated)


def _bounded(texts: Sequence[str], limit: int) -> tuple[list[str], bool]:
    """Cut what is beyond the limit: of many texts the last ones stay."""
    if sum(map(len, texts)) <= limit:
        return [_encodable(text) for text in texts], False
    kept: list[str] = []
    room = limit
    for text in reversed(texts):
        kept.append(_encodable(text[:room]))
        room -= len(kept[-1])
    kept.reverse()
    return kept, True


def _encodable(text: str) -> str:
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode()
    return text


def _is_plain(value: str) -> bool:
    return len(value) <= MAX_NAME and _is_name(value)


@functools.lru_cache(maxsize=1024)
def _is_name(value: str) -> bool:
    """Whether a text is a short technical name, in which nothing can hide."""
    return _NAME.fullmatch(value) is not None and not _NUMBER.search(value)


def _withheld(texts: Sequence[str], reason: str) -> Words:
    return Words(tuple(f"[CONTENT_WITHHELD {reason}]" for _ in texts), {}, reason)
