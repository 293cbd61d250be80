"""Runs rows one after another; whatever breaks refuses its own row and no other."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence

from .conclusion import conclude
from .flags import restore
from .load import chat_times
from .numbers import mark
from .row import Ground, Outcome, Row, State, Ticked
from .site import CannotLook, NoAnswer

PHASES = ("pre", "1", "2", "3", "4", "5", "rollback", "metrics", "alerts", "after", "verdict")
NEEDS_ON = frozenset({"pre", "3", "4", "5", "metrics", "verdict"})
"""Phases that need streaming on; the flag is put back at the end."""


def run(
    rows: Iterable[Row], ground: Ground, on_row: Callable[[Row], None] | None = None
) -> list[Ticked]:
    """Return every row with its evidence."""
    ticked, phase = [], ""
    _remember(ground)
    try:
        for row in rows:
            if on_row is not None:
                on_row(row)
            if row.phase != phase:
                phase = row.phase
                _prepare(ground, phase)
            ticked.append(_tick(row, ground))
    finally:
        _restore(ground)
    return ticked


def _remember(ground: Ground) -> None:
    """Take what later rows compare with: the counters, and the older endpoint's times."""
    try:
        mark(ground)
        ground.once("chat before", lambda: chat_times(ground.site))
    except NoAnswer:
        return  # rows that need it will say so


def _prepare(ground: Ground, phase: str) -> None:
    from .flags import switch

    if phase in NEEDS_ON:
        try:
            switch(ground, "on", "the checklist begins a phase")
        except NoAnswer:
            return  # rows that need it will say so


def _restore(ground: Ground) -> None:
    try:
        restore(ground)
    except NoAnswer:
        return  # without an admin key nothing was changed


def _tick(row: Row, ground: Ground) -> Ticked:
    began = time.monotonic()
    try:
        found = row.check(ground)
    except NoAnswer as exc:
        found = Outcome(False, str(exc), is_open=isinstance(exc, CannotLook))
    except (KeyError, IndexError, StopIteration, ValueError, OSError) as exc:
        found = Outcome(False, f"an answer was not understood: {type(exc).__name__} {exc}")
    took_s = round(time.monotonic() - began, 2)
    return Ticked(
        row.number, row.phase, row.title, found.ok, found.state, found.seen, found.limit,
        "" if found.ok else found.remedy, row.command, took_s,
    )  # fmt: skip


def markdown(ticked: Sequence[Ticked], url: str) -> str:
    """Return the ticked checklist as Markdown."""
    done, found = sum(row.ok for row in ticked), conclude(ticked)
    lines = [f"# Deployment checklist of {url}", "", f"{done} of {len(ticked)} rows hold.", ""]
    lines += [f"**{found.word}**", *(f"- {reason}" for reason in found.reasons)]
    phase = ""
    for row in ticked:
        if row.phase != phase:
            phase = row.phase
            lines += ["", f"## {NAMES[phase]}", ""]
        lines.append(f"- {BOXES[row.state]} **{row.row}. {row.title}**: {row.seen}")
        lines.append(f"  - limit: {row.limit or '-'}; `{row.command}`")
        if row.remedy:
            lines.append(f"  - to do: {row.remedy}")
    return "\n".join(lines) + "\n"


BOXES: dict[State, str] = {"held": "[x]", "refused": "[ ] ✗", "open": "[ ] not looked at:"}
NAMES = {
    "pre": "Before the deployment",
    "1": "Phase 1: flag off",
    "2": "Phase 2: enabled in staging",
    "3": "Phase 3: staging validated",
    "4": "Phase 4: production",
    "5": "Phase 5: production validated",
    "rollback": "Rollback",
    "metrics": "Metrics",
    "alerts": "Alerts",
    "after": "After the deployment",
    "verdict": "Verdict",
}
