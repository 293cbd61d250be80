"""How a decision is told: status, body and every family of headers that a client may read.

RateLimit fields: draft-ietf-httpapi-ratelimit-headers (structured fields, quoted names), beside the
older `X-RateLimit-*` and the two providers' own families on their routes.
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Iterable, Mapping

from gateway.errors import ApiError, CostAboveLimit, TooManyRequests
from ratelimit import Decision, Limit, Standing

RETRY_BOUND_S = 60
"""Longer waits are told as not worth a retry: one SDK would sleep until a budget's next month."""
DAY_S = 86_400
UNITS: Mapping[str, str] = {
    "requests": "",
    "tokens": ';qu="tokens"',
    "money": ';qu="micro-units"',
    "concurrent": ';qu="concurrent-requests"',
}
"""Quota units. `tokens` and `micro-units` are not in the registry, which has none for them."""
FAMILY_UNITS = ("requests", "tokens")
"""Units for which the two providers have headers of their own."""


def refusal(decision: Decision, dialect: str) -> ApiError:
    """Return the error for a decision that said no."""
    limits = refusing(decision)
    names = [limit.name for limit in limits]
    if decision.is_closed:
        return ApiError(
            "limiter_unavailable",
            "The limit store is away and this limit is closed meanwhile.",
            headers=_wait(decision.retry_after_s),
            extra={"violated-policies": names},
            type_uri="https://iana.org/assignments/http-problem-types#temporary-reduced-capacity",
        )
    headers = standing_headers(decision, dialect)
    if decision.is_impossible:
        return CostAboveLimit(names, headers | {"x-should-retry": "false"})
    headers |= _wait(decision.retry_after_s)
    return TooManyRequests(names, headers, is_budget=any(limit.period for limit in limits))


def refusing(decision: Decision) -> list[Limit]:
    """Return the limits that said no, without those that only watch."""
    limits = [c.limit for c in decision.charges if c.limit.name in decision.violated]
    return [limit for limit in limits if not limit.shadow]


def _wait(wait_s: float) -> dict[str, str]:
    """Return when to come back, spread so that not everybody does at once; never too early."""
    told_s = wait_s + random.uniform(0.05, max(0.5, wait_s * 0.05))
    headers = {"Retry-After": str(max(1, math.ceil(told_s)))}
    if wait_s > RETRY_BOUND_S:
        return headers | {"x-should-retry": "false"}
    return headers | {"retry-after-ms": str(math.ceil(told_s * 1000)), "x-should-retry": "true"}


def standing_headers(decision: Decision, dialect: str) -> dict[str, str]:
    """Return where the caller stands, in every family that a client of this dialect reads."""
    standings = [item for item in decision.standings if not item.limit.shadow]
    if not standings:
        return {}
    tightest = _tightest(standings)
    headers = {
        "RateLimit-Policy": ", ".join([_policy(item.limit) for item in standings]),
        "RateLimit": ", ".join([_state(item) for item in standings]),
        "X-RateLimit-Limit": str(_size(tightest.limit)),
        "X-RateLimit-Remaining": str(tightest.remaining),
        "X-RateLimit-Reset": str(math.ceil(time.time() + tightest.reset_s)),
    }
    if dialect.startswith("openai"):
        return headers | _family(standings, _openai)
    if dialect.startswith("anthropic"):
        return headers | _family(standings, _anthropic)
    return headers


def _window_s(limit: Limit) -> int:
    return math.ceil(limit.window_s) or (DAY_S if limit.period == "day" else 0)


def _policy(limit: Limit) -> str:
    window_s = _window_s(limit)
    window = f";w={window_s}" if window_s else ""
    return f'"{limit.name}";q={limit.quota}{UNITS[limit.unit]}{window}'


def _state(item: Standing) -> str:
    """Return `t` within the window, though a part of it leaves up to a 60th later."""
    reset_s = math.ceil(item.reset_s)
    window_s = _window_s(item.limit) or reset_s
    return f'"{item.limit.name}";r={item.remaining};t={min(reset_s, window_s)}'


def _size(limit: Limit) -> int:
    return limit.burst or limit.quota


def _tightest(standings: Iterable[Standing]) -> Standing:
    return min(standings, key=lambda item: item.remaining / _size(item.limit))


def _family(
    standings: list[Standing], tell: Callable[[str, Standing], dict[str, str]]
) -> dict[str, str]:
    """Tell the tightest limit of each unit that the providers have headers for."""
    headers: dict[str, str] = {}
    for unit in FAMILY_UNITS:
        found = [item for item in standings if item.limit.unit == unit]
        if found:
            headers |= tell(unit, _tightest(found))
    return headers


def _openai(unit: str, item: Standing) -> dict[str, str]:
    return {
        f"x-ratelimit-limit-{unit}": str(_size(item.limit)),
        f"x-ratelimit-remaining-{unit}": str(item.remaining),
        f"x-ratelimit-reset-{unit}": duration(item.reset_s),
    }


def _anthropic(unit: str, item: Standing) -> dict[str, str]:
    at = time.gmtime(math.ceil(time.time() + item.reset_s))
    prefix = f"anthropic-ratelimit-{unit}"
    return {
        f"{prefix}-limit": str(_size(item.limit)),
        f"{prefix}-remaining": str(item.remaining),
        f"{prefix}-reset": time.strftime("%Y-%m-%dT%H:%M:%SZ", at),
    }


def duration(seconds: float) -> str:
    """Return a time as OpenAI writes it: `120ms`, `7.66s`, `6m0s`, `1h2m3s`."""
    if seconds < 1:
        return f"{math.ceil(seconds * 1000)}ms"
    if seconds < 60:
        return f"{math.ceil(seconds * 1000) / 1000:g}s"
    minutes, rest = divmod(math.ceil(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes}m{rest}s" if hours else f"{minutes}m{rest}s"
