"""Reads `[[name=value]]` instructions out of a prompt. Pure; the wire provider uses it as well."""

from __future__ import annotations

import re
from typing import Literal, cast, get_args

import msgspec

MAX_TOKENS = 100_000
MAX_WAIT_S = 60.0

Fault = Literal[
    "429", "503", "500", "529", "400", "401", "403", "404",
    "cut", "err", "stall", "slow", "garbage", "split_utf8",
    "empty", "no_finish", "double_finish", "reset",
]  # fmt: skip

FAULTS: frozenset[str] = frozenset(get_args(Fault))

_INSTRUCTION = re.compile(r"\[\[(n|delay|ttft|text|reasoning|tool|args|fault)=(.*?)\]\]", re.DOTALL)


class Instructions(msgspec.Struct, frozen=True):
    """What a prompt asks of the scripted provider; `rest` is the prompt without them."""

    rest: str = ""
    n: int | None = None
    delay_s: float | None = None
    ttft_s: float | None = None
    text: str | None = None
    reasoning: str | None = None
    tools: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    fault: Fault | None = None
    fault_at: int = 0


def parse(prompt: str) -> Instructions:
    """Read every instruction; of a kind given twice the last counts, tools add up.

    A value that is no number, or an unknown fault, is left out; numbers are clamped to sane bounds.
    """
    if "[[" not in prompt:
        return Instructions(rest=prompt)
    found: dict[str, str] = {}
    tools: list[str] = []
    arguments: list[str] = []
    for name, value in _INSTRUCTION.findall(prompt):
        if name == "tool":
            tools.append(value.strip())
        elif name == "args":
            arguments.append(value.strip())
        else:
            found[name] = value
    fault, fault_at = _fault(found.get("fault", ""))
    n = _number(found.get("n"), MAX_TOKENS)
    return Instructions(
        rest=_INSTRUCTION.sub("", prompt).strip(),
        n=None if n is None else int(n),
        delay_s=_number(found.get("delay"), MAX_WAIT_S),
        ttft_s=_number(found.get("ttft"), MAX_WAIT_S),
        text=found.get("text"),
        reasoning=found.get("reasoning"),
        tools=tuple(tools[:16]),
        arguments=tuple(arguments[:16]),
        fault=fault,
        fault_at=fault_at,
    )


def _number(value: str | None, limit: float) -> float | None:
    try:
        number = float(value or "")
    except ValueError:
        return None
    return min(max(number, 0.0), limit) if number == number else None


def _fault(value: str) -> tuple[Fault | None, int]:
    kind, _, at = value.strip().partition("@")
    if kind not in FAULTS:
        return None, 0
    return cast(Fault, kind), int(_number(at, MAX_TOKENS) or 0)
