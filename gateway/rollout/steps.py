"""The steps of a rollout: the next one up, the next one down, and how a step is written."""

from __future__ import annotations

from collections.abc import Sequence

from .flag import Flag


def step_up(flag: Flag, steps: Sequence[float]) -> str | None:
    """Return the value of the next step, or None where everybody is in already."""
    higher = [step for step in steps if step > flag.percent]
    return written(higher[0], flag) if higher else None


def step_down(flag: Flag, steps: Sequence[float]) -> str:
    """Return the value of the step below; from the first step that is off."""
    lower = [step for step in steps if step < flag.percent]
    return written(lower[-1] if lower else 0.0, flag)


def written(percent: float, flag: Flag) -> str:
    """Return the value of a step; listed users and apps stay in."""
    head = "on" if percent >= 100 else f"{percent:g}%" if percent else "off"
    lists = (("users", flag.users), ("apps", flag.apps))
    return head + "".join(f",{kind}:{','.join(sorted(names))}" for kind, names in lists if names)
