"""Reading JSON bodies: every mistake becomes an error that names the field."""

from __future__ import annotations

import re
from typing import TypeVar

import msgspec

from gateway.errors import ApiError, bad_field

T = TypeVar("T")
_AT = re.compile(r"^(?P<what>.*?)(?: - at `\$(?P<path>.*)`)?$", re.DOTALL)
_EXPECTED = re.compile(r"Expected `(?P<want>[^`]*)`(?:, got `(?P<got>[^`]*)`)?")
_MISSING = re.compile(r"Object missing required field `(?P<name>[^`]*)`")
_WORDS = {
    "str": "text", "int": "a whole number", "float": "a number", "bool": "true or false",
    "array": "a list", "object": "an object", "null": "null",
}  # fmt: skip
_STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*+"', re.DOTALL)
_MARKS = re.compile(rb"[\[{\]}]")
MAX_DEPTH = 200
"""Levels of a body; the JSON writer of the adapters stops at 254."""
_AS_DIGIT = bytes(ord("0") if chr(code) in "0123456789" else ord(" ") for code in range(256))
_MANY = b"0" * 19
"""What as many digits become: a hundred times as quick to find as by a pattern."""
_DIGITS = re.compile(rb"(?<![\d.eE+-])-?\d{19,}(?![\d.eE])")
_KEYED = re.compile(rb'"(\w{1,64})"\s*:\s*(-?\d{19,})(?![\d.eE])')
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
"""Not those that break lines and pages: they come along with what is pasted from documents."""


def decode(body: bytes, shape: type[T]) -> T:
    """Decode a JSON body into `shape`; unknown fields are tolerated."""
    if _is_deep(body):
        raise _too_deep()
    _check_digits(body)
    try:
        return msgspec.json.decode(body, type=shape)
    except msgspec.ValidationError as exc:
        raise _named(exc) from exc
    except msgspec.DecodeError as exc:
        raise ApiError("bad_request", "The body is not valid JSON.", field="body") from exc
    except UnicodeDecodeError as exc:
        raise ApiError("bad_request", "The body is not valid UTF-8.", field="body") from exc
    except RecursionError as exc:
        raise _too_deep() from exc


def _is_deep(body: bytes) -> bool:
    """Tell whether lists and objects go deeper than our JSON writer can follow."""
    if body.count(b"[") + body.count(b"{") <= MAX_DEPTH:
        return False
    depth = 0
    for mark in _MARKS.findall(_STRINGS.sub(b"", body)):
        depth += 1 if mark in b"[{" else -1
        if depth > MAX_DEPTH:
            return True
    return False


def _check_digits(body: bytes) -> None:
    """Raise for whole numbers that our JSON writer cannot hold; it stops at 64 bits."""
    if _MANY not in body.translate(_AS_DIGIT):
        return
    if any(_is_huge(number) for number in _DIGITS.findall(_STRINGS.sub(b"", body))):
        names = [name.decode() for name, number in _KEYED.findall(body) if _is_huge(number)]
        raise bad_field(names[0] if names else "body", "holds a number beyond 64 bits.")


def _is_huge(number: bytes) -> bool:
    return len(number) > 20 or not -(1 << 63) <= int(number) < 1 << 64


def _too_deep() -> ApiError:
    detail = f"The body is nested more than {MAX_DEPTH} levels deep."
    return ApiError("bad_request", detail, field="body")


def convert(value: object, shape: type[T], prefix: str) -> T:
    """Turn an already decoded value into `shape`; `prefix` is where it stands in the request."""
    try:
        return msgspec.convert(value, shape)
    except msgspec.ValidationError as exc:
        raise _named(exc, prefix) from exc


def _named(exc: msgspec.ValidationError, prefix: str = "") -> ApiError:
    match = _AT.match(str(exc))
    what = match["what"] if match else str(exc)
    path = prefix + (match["path"] or "" if match else "")
    missing = _MISSING.search(what)
    if missing:
        field = f"{path}.{missing['name']}".lstrip(".")
        return bad_field(field, "is required.")
    field = path.lstrip(".") or "body"
    expected = _EXPECTED.search(what)
    if expected:
        wanted = " or ".join(
            _WORDS.get(name.strip(), name.strip()) for name in expected[1].split("|")
        )
        return bad_field(field, f"must be {wanted}.")
    return bad_field(field, what[:1].lower() + what[1:] + ".")


def clean_text(field: str, text: str, limit: int, *, allow_blank: bool = False) -> str:
    """Return the text if it is fit for a prompt; blank, too long and control characters are not."""
    if not allow_blank and not text.strip():
        raise bad_field(field, "must not be blank.")
    if len(text) > limit:
        raise ApiError("too_large", f"{field}: at most {limit} characters.", field=field)
    bad = _CONTROL.search(text)
    if bad:
        raise bad_field(
            field, f"holds the control character U+{ord(bad[0]):04X} at position {bad.start()}."
        )
    return text
