"""Every setting with the place that it came from, secrets masked."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import msgspec

from .document import Path, Place, spell
from .load import Loaded
from .schema import Backend, Config
from .secrecy import masked

DEFAULT = Place("default")


class Setting(msgspec.Struct, frozen=True):
    """One value that is in force, and who said it."""

    path: str
    value: Any
    source: str
    origin: str
    """`gateway.yaml:12`, `env GATEWAY_PORT`, `--port` or `default`."""


def settings(loaded: Loaded) -> list[Setting]:
    """Return all settings in the order of the schema."""
    found = []
    for path, value in _leaves((), loaded.config):
        place = loaded.document.places.get(path, DEFAULT)
        found.append(Setting(spell(path), masked(path, value), place.source, place.spell()))
    return found


def fingerprint(config: Config) -> str:
    """Return a short digest of a configuration without its secrets: the same, the same settings."""
    lines = [f"{spell(path)}={masked(path, value)!r}" for path, value in _leaves((), config)]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def _leaves(path: Path, value: Any) -> Iterator[tuple[Path, Any]]:
    match value:
        case msgspec.Struct():
            for name in value.__struct_fields__:
                inner = getattr(value, name)
                is_extra = isinstance(value, Backend) and name == "extra"
                yield from _leaves(path if is_extra else (*path, name), inner)
        case dict() if value and all(isinstance(inner, msgspec.Struct) for inner in value.values()):
            for name, inner in value.items():
                yield from _leaves((*path, name), inner)
        case dict():
            for name, inner in value.items():
                yield from _leaves((*path, name), inner)
        case tuple() if any(isinstance(inner, msgspec.Struct) for inner in value):
            for index, inner in enumerate(value):
                yield from _leaves((*path, index), inner)
        case tuple():
            yield path, list(value)
        case _:
            yield path, value
