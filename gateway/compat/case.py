"""One thing that a client does, and what came of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import msgspec

State = Literal["ok", "failed", "not installed"]


class Case(msgspec.Struct, frozen=True):
    """A name and what is done; `act` gets a client and a model, and returns what is wrong."""

    name: str
    act: Callable[[Any, str], str]


class Tried(msgspec.Struct, frozen=True):
    """What came of a case of a client."""

    client: str
    case: str
    state: State
    seen: str = ""


def wrong(**expectations: bool) -> str:
    """Return the names of the expectations that did not hold; empty where all did."""
    return ", ".join(name.replace("_", " ") for name, holds in expectations.items() if not holds)
