"""The one encoder of this room: any record becomes one line, for any reader's idea of a line."""

from __future__ import annotations

import msgspec

_encode = msgspec.json.Encoder().encode
_BREAKS = ((b"\xc2\x85", b"\\u0085"), (b"\xe2\x80\xa8", b"\\u2028"), (b"\xe2\x80\xa9", b"\\u2029"))


def to_line(record: object) -> bytes:
    """Encode a record as JSON without any character that some reader takes for a line break."""
    line = _encode(record)
    if not line.isascii():
        for raw, escaped in _BREAKS:
            line = line.replace(raw, escaped)
    return line
