"""Finds personal values and secrets in a text and puts something harmless in their place."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from itertools import chain

from .cut import mark_cuts
from .detect import DETECTORS, Detector, columns, encoded
from .engine import Gate, Pattern, Places
from .finding import Finding, Hit, Memory, Redaction
from .fold import Folded
from .pem import TYPE, find_keys
from .recall import learn, recall
from .resolve import resolve
from .scan import Scan
from .strategy import Replacer, Strategy, Tag
from .stream import RedactionStream

THRESHOLD = 0.5


class Finder:
    """Runs the detectors whose gates fire; the same on a whole text and on a piece of a stream."""

    def __init__(self, detectors: Sequence[Detector] = DETECTORS) -> None:
        self._detectors = tuple(detectors)
        self._users: dict[Pattern, list[int]] = {}
        """Which detectors, by number, a pattern opens."""
        for index, detector in enumerate(self._detectors):
            for pattern in detector.openings:
                self._users.setdefault(pattern, []).append(index)
        self._gate = Gate([*self._users, encoded.RUN, encoded.BASE64, columns.HEADER])

    def places(self, view: bytes, start: int = 0) -> Places:
        """Return what might be found from `start` on, and where; empty if nothing."""
        return self._gate.places(view, start)

    def hits(self, scan: Scan, *, is_inner: bool = False) -> list[Hit]:
        """Return everything that is sure enough."""
        found: list[Hit] = []
        users = [self._users[one] for one in scan.places if one in self._users]
        for index in sorted(set(chain.from_iterable(users))):
            found += self._detectors[index].find(scan)
        if not is_inner:
            found += encoded.find_escaped(scan, self._look)
            found += encoded.find_base64(scan, self._look)
        return [hit for hit in found if hit.score >= THRESHOLD]

    def _look(self, text: str) -> list[Hit]:
        folded = Folded(text)
        return self.hits(Scan(folded.text, folded.view, self.places(folded.view)), is_inner=True)


class Redactor:
    """Redacts texts; `tag` makes the keyed part of a pseudonym from type and normalised value.

    Takes linear time on any input. Holds no state between texts: `Memory` is the caller's.
    """

    def __init__(
        self,
        tag: Tag,
        *,
        strategies: Mapping[str, Strategy] | None = None,
        detectors: Sequence[Detector] = DETECTORS,
    ) -> None:
        self._detectors = tuple(detectors)
        self._finder = Finder(detectors)
        self._replacer = Replacer(tag, strategies)
        self.is_slow = any(detector.close for detector in self._detectors)
        """Whether a detector runs in another process, so that a loop must not wait for it."""

    def own(self) -> Redactor:
        """Return a redactor with the detectors of this process alone, for short technical texts."""
        if not self.is_slow:
            return self
        other = copy.copy(self)
        other._detectors = tuple(one for one in self._detectors if not one.close)
        other._finder = Finder(other._detectors)
        other.is_slow = False
        return other

    def close(self) -> None:
        """End the processes of detectors."""
        for detector in self._detectors:
            if detector.close:
                detector.close()

    def varied(self, strategies: Mapping[str, Strategy]) -> Redactor:
        """Return a redactor with other strategies for some types and the same detectors."""
        other = copy.copy(self)
        other._replacer = self._replacer.varied(strategies)
        return other

    def redact(self, text: str, memory: Memory | None = None) -> Redaction:
        """Return the text without what was found in it, equal to what `stream` makes of it."""
        folded, scan, hits = self._examine(text)
        if scan is None:
            return Redaction(text)
        memory = Memory() if memory is None else memory
        known = frozenset(memory.values)
        hits = recall(scan, hits, memory, known, learn(scan, hits, memory))
        return self._compose(text, folded, hits, memory)

    def session(self, texts: Sequence[str], memory: Memory) -> list[Redaction]:
        """Redact texts of one call; what any of them reveals is redacted in all of them."""
        examined = [self._examine(text) for text in texts]
        for _, scan, hits in examined:
            if scan is not None:
                learn(scan, hits, memory)
        done = []
        for text, (folded, scan, hits) in zip(texts, examined, strict=True):
            if scan is None and memory.values:
                scan = Scan(folded.text, mark_cuts(folded.view), {})
            if scan is None:
                done.append(Redaction(text))
            else:
                hits = recall(scan, hits, memory, frozenset(memory.values), {})
                done.append(self._compose(text, folded, hits, memory))
        return done

    def stream(self, memory: Memory | None = None) -> RedactionStream:
        """Return an incremental redactor: `feed` and `close` give the redacted text."""
        return RedactionStream(self._finder, self._replacer, memory or Memory())

    def _examine(self, text: str) -> tuple[Folded, Scan | None, list[Hit]]:
        folded = Folded(text)
        view = mark_cuts(folded.view)
        places = self._finder.places(view)
        keys, _ = find_keys(view, 0, False)
        if not places and not keys:
            return folded, None, []
        scan = Scan(marked(folded.text, folded.view, view), view, places)
        rows, _ = columns.find_rows(scan, 0, None)
        return folded, scan, resolve([*keys, *rows, *self._finder.hits(scan)])

    def _compose(self, text: str, folded: Folded, hits: Sequence[Hit], memory: Memory) -> Redaction:
        done: list[str] = []
        findings: list[Finding] = []
        at = 0
        for hit in hits:
            start, end = folded.back(hit.start), folded.back_end(hit.end)
            replacement = self._replacer.of(hit, text[start:end], memory.seal)
            kind = TYPE if hit.type.startswith(TYPE) else hit.type
            findings.append(Finding(kind, start, end, hit.score, replacement))
            done += (text[at:start], replacement)
            at = end
        done.append(text[at:])
        return Redaction("".join(done), tuple(findings))


def marked(text: str, plain: bytes, view: bytes) -> str:
    """Put the cuts of a view into its text too, where patterns look at the text."""
    if plain is view or text.isascii():
        return text
    lines, at = [], 0
    for line in view.split(b"\n"):
        lines.append(text[at : at + len(line)])
        at += len(line) + 1
    return "\n".join(lines)
