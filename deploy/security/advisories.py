"""Known flaws of the pinned packages: asked of a service, or looked up in a copy of the data.

A machine without a network brings the copy along. Old data cannot know new flaws: beyond some days
they still show what they show, but nothing passes by them.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from packaging.version import InvalidVersion

from .check import Check, State, judged
from .osv import Advisories, read_folder
from .sources import LOCKS, ROOT, pinned_here, tool

NAME = "advisories"
KNOWN_FLAW = ("jinja2", "2.10")
"""A version with published flaws: who finds none there did not look."""
MAX_DAYS = 30
Pins = Collection[tuple[str, str]]
Flaws = Mapping[tuple[str, str], list[str]]
"""Ids of what is known against each package that was looked up."""


def ask_service() -> Check:
    """Ask pip-audit about every pinned package; one that it could not look up is not checked."""
    pins = pinned_here()
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as canary:
        canary.write("==".join(KNOWN_FLAW) + "\n")
        canary.flush()
        known, _ = looked_up(_audited(Path(canary.name), "--no-deps"))
    if not any(known.values()):
        why = f"the service shows no flaw in {'=='.join(KNOWN_FLAW)}, which has some"
        return Check(NAME, "NOT CHECKED", f"0 of {len(pins)} packages audited: {why}")
    return judge(pins, *looked_up([one for lock in LOCKS for one in _audited(ROOT / lock)]))


def look_up(folder: Path, max_days: int = MAX_DAYS, now: datetime | None = None) -> Check:
    """Look every pinned package up in a folder of advisories in the OSV format."""
    pins, data = pinned_here(), read_folder(folder)
    flaws, skipped = _flaws(data, {*pins, KNOWN_FLAW})
    if not flaws.pop(KNOWN_FLAW, []):
        why = f"{folder} holds {data.count} advisories and none about {'=='.join(KNOWN_FLAW)}"
        return Check(NAME, "NOT CHECKED", f"0 of {len(pins)} packages audited: {why}")
    skipped += [f"{name} cannot be read" for name in data.unreadable]
    days = ((now or datetime.now(UTC)) - data.newest).days
    age = f"with data of {data.newest:%Y-%m-%d}, {days} days old"
    if days > max_days:
        age += f" (at most {max_days})"
    return judge(pins, flaws, skipped, age, is_fresh=0 <= days <= max_days)


def judge(
    pins: Pins, flaws: Flaws, skipped: list[str], age: str = "", *, is_fresh: bool = True
) -> Check:
    """Count what was really looked up; fewer than there are is no pass, nor are old data."""
    seen = f"{len(flaws.keys() & set(pins))} of {len(set(pins))} packages audited {age}".rstrip()
    found = [f"{'=='.join(pin)}: {id}" for pin, ids in sorted(flaws.items()) for id in ids]
    if found:
        return judged(NAME, seen, found)
    is_whole = flaws.keys() >= set(pins) and not skipped
    state: State = "ok" if is_whole and is_fresh else "NOT CHECKED"
    return Check(NAME, state, seen, tuple(skipped[:5]))


def looked_up(answers: list[dict[str, Any]]) -> tuple[Flaws, list[str]]:
    """Return what pip-audit says of each package, and which it skipped."""
    flaws = {
        (str(one["name"]), str(one["version"])): [str(flaw["id"]) for flaw in one["vulns"]]
        for one in answers
        if "skip_reason" not in one
    }
    skipped = [f"{one['name']}: {one['skip_reason']}" for one in answers if "skip_reason" in one]
    return flaws, skipped


def _flaws(data: Advisories, pins: Pins) -> tuple[dict[tuple[str, str], list[str]], list[str]]:
    flaws, skipped = {}, []
    for name, version in sorted(pins):
        try:
            flaws[name, version] = data.flaws_of(name, version)
        except InvalidVersion as exc:
            skipped.append(f"{name}: {exc}")
    return flaws, skipped


def _audited(requirements: Path, *more: str) -> list[dict[str, Any]]:
    arguments = ("--disable-pip", "--progress-spinner", "off", "--format", "json")
    shown = tool("pip-audit", "--requirement", str(requirements), *arguments, *more)
    try:
        found = json.loads(shown.stdout)
    except ValueError:
        return []
    return [one for one in found.get("dependencies", []) if isinstance(one, dict)]
