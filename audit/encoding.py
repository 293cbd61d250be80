"""The one encoder of this room: any record becomes one line, for any reader's idea of a line."""

from __future__ import annotations

from typing import Any

import msgspec

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode
_BREAKS = ((b"\xc2\x85", b"\\u0085"), (b"\xe2\x80\xa8", b"\\u2028"), (b"\xe2\x80\xa9", b"\\u2029"))


def to_line(record: object) -> bytes:
    """Encode a record as JSON without any character that some reader takes for a line break."""
    line = _encode(record)
    if not line.isascii():
        for raw, escaped in _BREAKS:
            line = line.replace(raw, escaped)
    return line


def from_line(line: bytes) -> dict[str, Any] | None:
    """Decode a line; None if it holds no JSON object."""
    try:
        record = _decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return record if isinstance(record, dict) else None
