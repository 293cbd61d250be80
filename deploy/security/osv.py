"""Advisories in the OSV format, read from a folder: which versions of which packages have flaws.

One file an advisory, as in a clone of the Python Packaging Advisory Database (YAML) or an unpacked
export of osv.dev (JSON). Evaluated as the schema says: https://ossf.github.io/osv-schema/#evaluation
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import yaml
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

ECOSYSTEM = "PyPI"
_Loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
"""Leaves every scalar a text: version 2.10 is not the number 2.1."""


class Event(msgspec.Struct, frozen=True):
    """One turn on the line of versions."""

    introduced: str | None = None
    fixed: str | None = None
    last_affected: str | None = None
    limit: str | None = None


class Range(msgspec.Struct, frozen=True):
    """Turns of one kind; those of commits (`GIT`) say nothing about versions."""

    type: str
    events: tuple[Event, ...] = ()


class Package(msgspec.Struct, frozen=True):
    """Whom it is about."""

    name: str
    ecosystem: str


class Affected(msgspec.Struct, frozen=True):
    """Versions of one package: a list, ranges, or both."""

    package: Package
    ranges: tuple[Range, ...] = ()
    versions: tuple[str, ...] = ()


class Advisory(msgspec.Struct, frozen=True):
    """One published flaw, as far as it is read."""

    id: str
    modified: datetime
    affected: tuple[Affected, ...] = ()
    withdrawn: datetime | None = None


class Advisories(msgspec.Struct):
    """What a folder holds: by package, with the day of the newest, and what could not be read."""

    count: int = 0
    newest: datetime = datetime.min.replace(tzinfo=UTC)
    by_package: dict[str, list[tuple[str, Affected]]] = msgspec.field(default_factory=dict)
    unreadable: list[str] = msgspec.field(default_factory=list)

    def add(self, advisory: Advisory) -> None:
        """Take in one advisory; one that was withdrawn only shows how new the data are."""
        moment = advisory.modified
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        self.count, self.newest = self.count + 1, max(self.newest, moment)
        for one in advisory.affected if advisory.withdrawn is None else ():
            if one.package.ecosystem == ECOSYSTEM:
                name = canonicalize_name(one.package.name)
                self.by_package.setdefault(name, []).append((advisory.id, one))

    def flaws_of(self, name: str, version: str) -> list[str]:
        """Return the ids of what is known against a version; raises InvalidVersion."""
        asked = Version(version)
        found = self.by_package.get(canonicalize_name(name), ())
        return sorted({id for id, affected in found if is_affected(affected, asked)})


def read_folder(folder: Path) -> Advisories:
    """Read every advisory below a folder; of a clone of the database, those below `vulns`."""
    found = Advisories()
    root = folder / "vulns" if (folder / "vulns").is_dir() else folder
    for path in sorted((*root.rglob("*.yaml"), *root.rglob("*.json"))):
        try:
            found.add(msgspec.convert(_raw(path), Advisory, strict=False))
        except (msgspec.ValidationError, msgspec.DecodeError, yaml.YAMLError, ValueError):
            found.unreadable.append(str(path.relative_to(folder)))
    return found


def _raw(path: Path) -> Any:
    if path.suffix == ".json":
        return msgspec.json.decode(path.read_bytes())
    return yaml.load(path.read_text(encoding="utf-8"), _Loader)  # nosec B506 - makes texts only


def is_affected(affected: Affected, version: Version) -> bool:
    """Whether a version is listed or lies in one of the ranges; raises InvalidVersion."""
    if any(_same(text, version) for text in affected.versions):
        return True
    ranges = [one.events for one in affected.ranges if one.type == "ECOSYSTEM"]
    if not ranges and not affected.versions:
        raise InvalidVersion("the advisory names no versions")
    return any(_is_within(events, version) for events in ranges)


def _same(text: str, version: Version) -> bool:
    try:
        return Version(text) == version
    except InvalidVersion:  # of before PEP 440: no version that can be installed today
        return False


def _is_within(events: Iterable[Event], version: Version) -> bool:
    turns = [(_place(event), event) for event in events]
    limits = [Version(event.limit) for _, event in turns if event.limit not in (None, "*")]
    if limits and not any(version < limit for limit in limits):
        return False
    is_inside = False
    for place, event in sorted(turns, key=lambda turn: turn[0]):
        is_past = version > place if event.last_affected is not None else version >= place
        if is_past and event.limit is None:
            is_inside = event.introduced is not None
    return is_inside


def _place(event: Event) -> Version:
    """Return where an event stands; `0` is before all versions, also before `0.dev0`."""
    text = event.introduced or event.fixed or event.last_affected or event.limit or "0"
    return Version("0.dev0") if text in ("0", "*") else Version(text)
