"""What makes a run of digits a telephone number, and the form in which it is the same number."""

from __future__ import annotations

import re

from .token import Number

_NORTH_AMERICA = re.compile(rb"(?:1[ .-]?)?\(?[2-9]\d\d\)?[ .-]{1,2}\d{3}[ .-]\d{4}")
EXTENSION = re.compile(rb" ?(?:x|ext\.?|extension|#) ?\d{1,6}(?!\d)", re.IGNORECASE)
_COUNTING = "01234567890123456789"
HOME = "62"
"""Calling code of numbers written without one."""


def phone_score(number: Number) -> float:
    """Return how sure a number is one of a telephone, by its shape alone."""
    digits, sizes = number.digits, number.sizes
    if (
        number.is_money
        or not _has_phone_groups(sizes)
        or not digits.strip("01")
        or digits in _COUNTING
    ):
        return 0.0
    if len(set(digits[2:])) < 2:
        return 0.6 if number.raw.startswith(b"(") and _NORTH_AMERICA.fullmatch(number.raw) else 0.0
    if number.is_plus:
        return 0.85 if 8 <= len(digits) <= 16 and digits[0] != "0" else 0.0
    if _NORTH_AMERICA.fullmatch(number.raw):
        return 0.6
    if number.raw.startswith(b"(") and sizes in ((2, 5, 4), (2, 4, 4)) and digits[0] != "0":
        return 0.6  # as Brazil writes it: `(11) 97482-9103`
    if digits.startswith("00"):
        return 0.6 if 11 <= len(digits) <= 16 and digits[2] != "0" and sizes[0] != 3 else 0.0
    if digits[0] == "0":
        return _national(digits, sizes, number.raw)
    if digits.startswith("628") and 11 <= len(digits) <= 14:
        return 0.65
    if len(digits) == 10 and len(sizes) == 1 and digits[0] not in "01":
        return 0.5 if is_valid_anywhere(number, ("US",)) else 0.0
    if len(sizes) >= 3 and sizes[0] <= 3 and 10 <= len(digits) <= 13 and b"." not in number.raw:
        return 0.4 if b"/" in number.raw else 0.45
    return 0.0


def _national(digits: str, sizes: tuple[int, ...], raw: bytes) -> float:
    size = len(digits)
    if digits.startswith("08") and 10 <= size <= 13:
        return 0.75
    if not 9 <= size <= 12 or digits[1] == "0":
        return 0.0
    if len(sizes) == 1:
        return 0.55 if size in (10, 11) else 0.0
    if b"." in raw and len(sizes) < 4:
        return 0.0
    return 0.6


def _has_phone_groups(sizes: tuple[int, ...]) -> bool:
    if len(sizes) > 7:
        return False
    if len(sizes) == 1:
        return True
    return (min(sizes[1:]) >= 2 or sizes.count(1) <= 1) and max(sizes) <= 11


def e164(number: Number) -> str:
    """Return the number as digits with its calling code."""
    digits = number.digits
    if number.is_plus:
        return digits.replace("0", "", 1) if b"(0)" in number.raw else digits
    if digits.startswith("00"):
        return digits[2:]
    if digits.startswith("0"):
        return HOME + digits[1:]
    return digits


def is_valid_anywhere(number: Number, regions: tuple[str, ...]) -> bool:
    """Ask Google's library whether the number exists in one of the regions."""
    import phonenumbers

    for region in regions:
        try:
            parsed = phonenumbers.parse(number.digits, region)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(parsed):
            return True
    return False
