"""Values in other clothes: percent-encoding, escapes of JSON and HTML, base64. A hit hides the run."""

from __future__ import annotations

import base64
import binascii
import html
import re
from collections.abc import Callable, Iterator
from urllib.parse import unquote

from ..engine import Pattern
from ..finding import Hit
from ..scan import Scan

_ESCAPE = rb"%[0-9A-Fa-f]{2}|\\u[0-9A-Fa-f]{4}|\\x[0-9A-Fa-f]{2}|&#x?[0-9A-Fa-f]{2,4};|&commat;"

_PLAIN = rb"[A-Za-z0-9._~+*!@-]"
RUN = Pattern(_PLAIN + rb"*(?:" + _ESCAPE + rb")(?:" + _PLAIN + rb"|" + _ESCAPE + rb")*")
BASE64 = Pattern(rb"[A-Za-z0-9+/_-]{24,}={0,2}")
_UNICODE = re.compile(r"\\u([0-9A-Fa-f]{4})|\\x([0-9A-Fa-f]{2})")

Look = Callable[[str], list[Hit]]
"""Looks for values in a decoded text."""


def find_escaped(scan: Scan, look: Look) -> Iterator[Hit]:
    """Yield runs whose escapes hide a value."""
    for match in scan.matches(RUN):
        text = scan.text[match.start() : match.end()]
        decoded = html.unescape(_unescape(unquote(text.replace("+", " "))))
        if decoded != text:
            yield from _judge(match.span(), look(decoded))


def find_base64(scan: Scan, look: Look) -> Iterator[Hit]:
    """Yield runs of base64 that decode to a text with a value in it."""
    for match in scan.matches(BASE64):
        decoded = _decode(scan.view[match.start() : match.end()])
        if decoded:
            yield from _judge(match.span(), look(decoded))


def _judge(span: tuple[int, int], hits: list[Hit]) -> Iterator[Hit]:
    if hits:
        best = max(hits, key=lambda hit: hit.score)
        yield Hit(*span, best.type, best.score, best.value)


def _unescape(text: str) -> str:
    return _UNICODE.sub(lambda found: chr(int(found[1] or found[2], 16)), text)


def _decode(raw: bytes) -> str | None:
    body = raw.rstrip(b"=").translate(bytes.maketrans(b"-_", b"+/"))
    try:
        data = base64.b64decode(body + b"=" * (-len(body) % 4), validate=True)
        text = data.decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return (
        text if text.isprintable() or all(c.isprintable() or c in "\r\n\t" for c in text) else None
    )
