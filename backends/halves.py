"""Halves of a character: JSON escapes text in UTF-16, and a provider may cut between two escapes.

An emoji is then `\\ud83d` in one frame and `\\ude00` in the next, and neither is JSON that a strict
parser takes. The halves are put together again; what stays alone becomes U+FFFD.
"""

from __future__ import annotations

import re

_HIGH = rb"u[dD][89abAB][0-9a-fA-F]{2}"
_LOW = rb"u[dD][c-fC-F][0-9a-fA-F]{2}"
_ESCAPE = re.compile(
    rb'\\(?:%b\\%b|(?P<last>%b)(?=")|(?P<low>%b)|(?P<lone>%b)|.)'
    % (_HIGH, _LOW, _HIGH, _LOW, _HIGH),
    re.DOTALL,
)
_UNKNOWN = rb"\ufffd"


class Halves:
    """Mends the frames of one stream, one after the other."""

    __slots__ = ("_high",)

    def __init__(self) -> None:
        self._high: bytes | None = None

    def mended(self, payload: bytes) -> bytes:
        """Return the frame without halves; one that ends a text waits for the other."""
        if b"\\ud" not in payload and b"\\uD" not in payload:
            return payload
        return _ESCAPE.sub(self._mend, payload)

    def _mend(self, escape: re.Match[bytes]) -> bytes:
        if escape["last"]:
            self._high = escape["last"]
            return b""
        if escape["low"]:
            high, self._high = self._high, None
            return b"\\%b\\%b" % (high, escape["low"]) if high else _UNKNOWN
        return _UNKNOWN if escape["lone"] else escape[0]
