"""Token counts as providers send them: whole numbers, whatever their type; an answer never fails by
what stands in place of one."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

T = TypeVar("T")


def counts_of(given: object, shape: type[T]) -> T | None:
    """Read counts into a Struct; None where they are none."""
    try:
        return msgspec.convert(_numbers(given), shape)
    except msgspec.ValidationError:
        return None


def _numbers(given: object) -> dict[str, Any] | None:
    if not isinstance(given, dict):
        return None
    return {
        name: _numbers(value) if isinstance(value, dict) else int(value)
        for name, value in given.items()
        if isinstance(value, dict | int | float) and not isinstance(value, bool)
    }
