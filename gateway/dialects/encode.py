"""JSON for frames: one encoder, compact, never a raw line break, and no text that can break it."""

from __future__ import annotations

import orjson


def json_bytes(value: object) -> bytes:
    """Encode a value; lone surrogates from a provider become U+FFFD instead of an exception."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return orjson.dumps(_mended(value))


def _mended(value: object) -> object:
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, dict):
        return {str(_mended(key)): _mended(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_mended(item) for item in value]
    if isinstance(value, int) and not -(1 << 63) <= value < 1 << 63:
        return (1 << 63) - 1 if value > 0 else -(1 << 63)  # no count of a provider breaks a frame
    return value
