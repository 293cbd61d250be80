"""Finds the factory of a kind among the installed entry points and builds a backend from it.

Kinds are loaded one by one, on first use, so that an SDK nobody asked for is never imported.
"""

from __future__ import annotations

import difflib
from importlib.metadata import EntryPoint, entry_points
from typing import cast

from .backend import Backend, BackendFactory, BackendOptions
from .errors import BackendUnavailable

GROUP = "sluicegate.backends"


def load_backend(name: str, options: BackendOptions) -> Backend:
    """Build the backend that the configuration calls `name`; raise `BackendUnavailable`."""
    factory = cast(BackendFactory, _find(options.kind).load())
    return factory(name, options)


def known_kinds() -> tuple[str, ...]:
    """Name every kind that is installed, in order."""
    return tuple(sorted({point.name for point in entry_points(group=GROUP)}))


def nearest_kind(kind: str) -> str | None:
    """Return the installed kind that looks most like a mistyped one."""
    close = difflib.get_close_matches(kind, known_kinds(), n=1, cutoff=0.5)
    return close[0] if close else None


def _find(kind: str) -> EntryPoint:
    points = {(_owner(p), p.value): p for p in entry_points(group=GROUP, name=kind)}
    if not points:
        raise BackendUnavailable(_unknown(kind))
    if len(points) > 1:
        owners = " and ".join(sorted(f"{owner} ({value})" for owner, value in points))
        raise BackendUnavailable(
            f"The backend kind '{kind}' is registered twice, by {owners}. Uninstall one of them."
        )
    return next(iter(points.values()))


def _owner(point: EntryPoint) -> str:
    return point.dist.name if point.dist is not None else "an unknown distribution"


def _unknown(kind: str) -> str:
    kinds = known_kinds()
    if not kinds:
        return (
            f"No backend kind '{kind}': this installation registers none. "
            "Install the project itself (`pip install -e .`)."
        )
    nearest = nearest_kind(kind)
    hint = f"Did you mean '{nearest}'? " if nearest else ""
    return f"No backend kind '{kind}'. {hint}Installed kinds: {', '.join(kinds)}."
