"""What a single value must be, by the schema's types, in words without jargon."""

from __future__ import annotations

import math
from typing import Any

from msgspec import inspect

from .problems import listed

TRUE = frozenset({"true", "yes", "on", "1"})
FALSE = frozenset({"false", "no", "off", "0"})


def stand_in(kind: inspect.Type) -> Any:
    """Return a harmless value of the right type for one that was wrong."""
    match kind:
        case inspect.StrType():
            return ""
        case inspect.IntType() | inspect.FloatType():
            return 1
        case inspect.BoolType():
            return False
        case inspect.LiteralType():
            return kind.values[0]
        case inspect.VarTupleType():
            return ()
        case inspect.DictType():
            return {}
        case inspect.StructType():
            needed = {f.name: stand_in(f.type) for f in kind.fields if f.required}
            return kind.cls(**needed)
        case _:
            return None


def from_text(kind: inspect.Type, text: str) -> Any:
    """Return text of a variable as the number or truth value that the schema wants."""
    try:
        match kind:
            case inspect.IntType():
                return int(text)
            case inspect.FloatType():
                return float(text)
    except ValueError:
        return text
    if isinstance(kind, inspect.BoolType) and text.lower() in TRUE | FALSE:
        return text.lower() in TRUE
    return text


def fault_of(kind: inspect.Type, value: Any) -> str | None:
    """Return what to do about a value that does not fit, or None if it fits."""
    match kind:
        case inspect.StrType():
            return None if isinstance(value, str) else "put it in quotes"
        case inspect.BoolType():
            return None if isinstance(value, bool) else "write true or false without quotes"
        case inspect.LiteralType():
            return None if value in kind.values else "choose one"
        case inspect.IntType() | inspect.FloatType():
            return _number_fault(kind, value)
        case _:
            return None


def _number_fault(kind: inspect.IntType | inspect.FloatType, value: Any) -> str | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not math.isfinite(value):
        return "write a number without quotes" if isinstance(value, str) else "write a number"
    if isinstance(kind, inspect.IntType) and not isinstance(value, int):
        return "write a whole number"
    is_inside = (
        (kind.ge is None or value >= kind.ge)
        and (kind.gt is None or value > kind.gt)
        and (kind.le is None or value <= kind.le)
    )
    return None if is_inside else f"choose {expected(kind)}"


def expected(kind: inspect.Type) -> str:
    """Return in plain words what a type wants."""
    match kind:
        case inspect.IntType() | inspect.FloatType():
            noun = "a whole number" if isinstance(kind, inspect.IntType) else "a number"
            return noun + _range(kind)
        case inspect.StrType():
            return "text"
        case inspect.BoolType():
            return "true or false"
        case inspect.LiteralType():
            return "one of " + listed(str(name) for name in kind.values)
        case inspect.VarTupleType():
            return "a list"
        case inspect.UnionType():
            return expected(next(t for t in kind.types if not isinstance(t, inspect.NoneType)))
        case _:
            return "a mapping"


def _range(kind: inspect.IntType | inspect.FloatType) -> str:
    if kind.gt is not None:
        return f" above {kind.gt}"
    if kind.ge is not None and kind.le is not None:
        return f" from {kind.ge} to {kind.le}"
    return "" if kind.ge is None else f" of at least {kind.ge}"
