"""What happened between two moments: differences of snapshots, added up over all instances."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

import msgspec

from .snapshot import Snapshot

Values = dict[str, list[float]]


class Window(msgspec.Struct, frozen=True):
    """Differences between `since` and `until`; `parts` are the same in equal slices of time."""

    since: float
    until: float
    values: Values
    parts: tuple[tuple[float, Values], ...] = ()


def window_of(snapshots: Iterable[Snapshot], since: float, until: float, parts: int = 24) -> Window:
    """Return the window; an instance that began inside it counts from zero."""
    total: Values = {}
    width_s = (until - since) / parts
    slices: list[Values] = [{} for _ in range(parts)]
    ordered = sorted(snapshots, key=lambda found: (found.boot, found.at))
    for _boot, group in groupby(ordered, key=lambda found: found.boot):
        for at, change in _changes(list(group), since, until):
            add(total, change)
            add(slices[min(parts - 1, int((at - since) / width_s))], change)
    marked = tuple((since + index * width_s, found) for index, found in enumerate(slices))
    return Window(since, until, total, marked)


def _changes(
    snapshots: Sequence[Snapshot], since: float, until: float
) -> Iterable[tuple[float, Values]]:
    before: Values = {}
    for snapshot in snapshots:
        if snapshot.at > until:
            return
        if snapshot.at > since:
            yield snapshot.at, _difference(snapshot.values, before)
        before = snapshot.values


def _difference(after: Values, before: Values) -> Values:
    found: Values = {}
    for key, values in after.items():
        earlier = before.get(key, [0.0] * len(values))
        change = [max(0.0, b - a) for a, b in zip(earlier, values, strict=True)]
        if any(change):
            found[key] = change
    return found


def add(into: Values, change: Values) -> None:
    """Add a change to values."""
    for key, values in change.items():
        if key in into:
            into[key] = [a + b for a, b in zip(into[key], values, strict=True)]
        else:
            into[key] = list(values)
