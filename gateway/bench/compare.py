"""Two runs side by side: what differs, with the 95 % interval of the difference (Welch, Newcombe).

Values of one run are taken as independent; first tokens of different streams are, gaps nearly.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Literal

import msgspec

from .result import Result, Spread

Z = 1.959964
Finding = Literal["better", "worse", "no difference shown"]


class Difference(msgspec.Struct, frozen=True):
    """One number of two runs; the interval is that of `after - before`."""

    name: str
    before: float
    after: float
    low: float
    high: float
    finding: Finding


class Unreadable(ValueError):
    """The file is not what `gateway bench --json` prints."""


def read_result(path: Path) -> Result:
    """Read what `gateway bench --json` printed; raises `Unreadable` with the reason."""
    try:
        document = msgspec.json.decode(path.read_bytes())
        found = msgspec.convert(document["result"], Result)
    except (OSError, msgspec.MsgspecError, KeyError, TypeError) as exc:
        raise Unreadable(f"{path} is no result of `gateway bench --json`: {exc}") from exc
    if found.first_token_ms.count > 1 and not found.first_token_ms.sd:
        raise Unreadable(f"{path} tells no spread; measure it anew with this version")
    return found


def compare(before: Result, after: Result) -> list[Difference]:
    """Return the differences: completion, first token, gaps."""
    return [
        _completed(before, after),
        _mean("first token, mean ms", before.first_token_ms, after.first_token_ms),
        _mean("gap of tokens, mean ms", before.gap_ms, after.gap_ms),
    ]


def _mean(name: str, a: Spread, b: Spread) -> Difference:
    if a.count < 2 or b.count < 2:
        return Difference(name, a.mean, b.mean, -math.inf, math.inf, "no difference shown")
    left, right = a.sd**2 / a.count, b.sd**2 / b.count
    error = math.sqrt(left + right)
    parts = left**2 / (a.count - 1) + right**2 / (b.count - 1)
    half = _student((left + right) ** 2 / parts if parts else math.inf) * error
    low, high = b.mean - a.mean - half, b.mean - a.mean + half
    finding: Finding = "worse" if low > 0 else "better" if high < 0 else "no difference shown"
    return Difference(name, a.mean, b.mean, round(low, 3), round(high, 3), finding)


def _student(degrees: float) -> float:
    """Return the 97.5 % quantile of Student's t (Cornish-Fisher; within 1 % from 5 degrees up)."""
    if math.isinf(degrees):
        return Z
    first = (Z**3 + Z) / 4
    second = (5 * Z**5 + 16 * Z**3 + 3 * Z) / 96
    third = (3 * Z**7 + 19 * Z**5 + 17 * Z**3 - 15 * Z) / 384
    return Z + first / degrees + second / degrees**2 + third / degrees**3


def _completed(before: Result, after: Result) -> Difference:
    p, q = before.success, after.success
    l1, u1 = _wilson(before.completed, before.started)
    l2, u2 = _wilson(after.completed, after.started)
    low = q - p - math.hypot(q - l2, u1 - p)
    high = q - p + math.hypot(u2 - q, p - l1)
    finding: Finding = "better" if low > 0 else "worse" if high < 0 else "no difference shown"
    return Difference("completed", round(p, 4), round(q, 4), round(low, 4), round(high, 4), finding)


def _wilson(hits: int, total: int) -> tuple[float, float]:
    """Return the 95 % interval of a share."""
    if not total:
        return 0.0, 1.0
    share = hits / total
    middle = (share + Z**2 / (2 * total)) / (1 + Z**2 / total)
    spread = share * (1 - share) / total + Z**2 / (4 * total**2)
    half = Z * math.sqrt(spread) / (1 + Z**2 / total)
    return max(0.0, middle - half), min(1.0, middle + half)
