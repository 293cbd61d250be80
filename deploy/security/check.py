"""One line of the gate, and the verdict over all: what could not look is no pass."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

State = Literal["ok", "FAILED", "NOT CHECKED"]


@dataclass(frozen=True)
class Check:
    """What one check saw; the details name each place."""

    name: str
    state: State
    seen: str
    details: tuple[str, ...] = ()


def judged(name: str, seen: str, wrong: Sequence[str], *, count: bool = True) -> Check:
    """Return a check that fails where anything is wrong."""
    words = f"{seen}, {len(wrong)} wrong" if wrong and count else seen
    return Check(name, "FAILED" if wrong else "ok", words, tuple(wrong))


def holds(checks: Sequence[Check], allowed: Collection[str]) -> bool:
    """Whether nothing failed, and only what is allowed to was not checked."""
    return not any(
        c.state == "FAILED" or (c.state == "NOT CHECKED" and c.name not in allowed) for c in checks
    )


def lines_of(checks: Sequence[Check], allowed: Collection[str]) -> list[str]:
    """Return the table, with the places of what is wrong below it."""
    width = max(len(check.name) for check in checks)
    lines = []
    for check in checks:
        mark = {"ok": "✓", "FAILED": "✗"}.get(check.state, "?")
        state = f"{check.state} (allowed)" if _is_let_pass(check, allowed) else check.state
        lines.append(f"{mark} {check.name.ljust(width)}  {state:<12} {check.seen}")
        lines += [f"    {detail}" for detail in check.details]
    return lines


def _is_let_pass(check: Check, allowed: Collection[str]) -> bool:
    return check.state == "NOT CHECKED" and check.name in allowed


def document(checks: Sequence[Check], allowed: Collection[str]) -> str:
    """Return the same as one JSON document."""
    found = {
        "version": 1,
        "ok": holds(checks, allowed),
        "allowed_unchecked": sorted(allowed),
        "checks": [asdict(check) for check in checks],
    }
    return json.dumps(found, indent=2)
