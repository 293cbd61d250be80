"""Limits seen from HTTP: what a call is charged, and how the decision is told in headers.

RateLimit fields: draft-ietf-httpapi-ratelimit-headers (structured fields, quoted names), beside the
older `X-RateLimit-*` and the two providers' own families on their routes.
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable

from gateway.call import Call
from gateway.errors import ApiError, TooManyRequests
from gateway.settings import Settings
from gateway.stream.transcript import estimate_input
from ratelimit import Charge, Decision, Standing

OUTPUT_RESERVE = 1024
"""Tokens reserved for an answer whose caller gave no bound."""
RETRY_BOUND_S = 60


def charges_of(
    call: Call, settings: Settings, pseudonym: Callable[[str, str], str]
) -> list[Charge]:
    """Return what the call is charged: every limit of its app, for the subjects it counts."""
    names = call.app.limits if call.app.limits is not None else settings.limits
    charges = []
    for name in names:
        config, limit = settings.config.limits[name], settings.limits[name]
        subject = "|".join(_part(call, per) for per in config.per)
        cost = _tokens(call, limit.quota) if limit.unit == "tokens" else 1
        charges.append(Charge(limit, pseudonym("limit", subject), cost))
    return charges


def _part(call: Call, per: str) -> str:
    match per:
        case "app":
            return f"app:{call.app_name}"
        case "model":
            return f"model:{call.chat.model}"
        case "tenant":
            return "tenant"
        case _:
            return call.identity.name_for(per)


def _tokens(call: Call, quota: int) -> int:
    """Return the reservation: input estimate and output bound, never above the quota by itself."""
    wanted = estimate_input(call.chat) + (call.chat.max_tokens or OUTPUT_RESERVE)
    return wanted if call.chat.max_tokens else min(wanted, quota)


def refusal(decision: Decision, dialect: str) -> ApiError:
    """Return the error for a decision that said no."""
    if decision.is_closed:
        return ApiError(
            "limiter_unavailable",
            "The limit store is away and this limit is closed meanwhile.",
            headers={"Retry-After": "2"},
            type_uri="https://iana.org/assignments/http-problem-types#temporary-reduced-capacity",
        )
    headers = standing_headers(decision, dialect)
    wait_s = decision.retry_after_s
    jitter_s = random.uniform(0, max(1.0, wait_s * 0.1))
    headers["Retry-After"] = str(max(1, math.ceil(wait_s + jitter_s * 0.5)))
    if decision.is_impossible or wait_s > RETRY_BOUND_S:
        headers["x-should-retry"] = "false"
    else:
        headers["retry-after-ms"] = str(int(headers["Retry-After"]) * 1000)
    return TooManyRequests(decision, headers)


def standing_headers(decision: Decision, dialect: str) -> dict[str, str]:
    """Return where the caller stands, in every family that a client of this dialect reads."""
    standings = decision.standings
    if not standings:
        return {}
    headers = {
        "RateLimit-Policy": ", ".join(_policy(item) for item in standings),
        "RateLimit": ", ".join(
            f'"{item.limit.name}";r={item.remaining};t={math.ceil(item.reset_s)}'
            for item in standings
        ),
    }
    tightest = min(standings, key=lambda item: item.remaining / item.limit.quota)
    headers["X-RateLimit-Limit"] = str(tightest.limit.quota)
    headers["X-RateLimit-Remaining"] = str(tightest.remaining)
    headers["X-RateLimit-Reset"] = str(math.ceil(time.time() + tightest.reset_s))
    for item in standings:
        if dialect.startswith("openai"):
            headers |= _openai(item)
        elif dialect.startswith("anthropic"):
            headers |= _anthropic(item)
    return headers


def _policy(item: Standing) -> str:
    unit = {"requests": "", "tokens": ';qu="tokens"', "concurrent": ';qu="concurrent-requests"'}
    window = f";w={math.ceil(item.limit.window_s)}" if item.limit.window_s else ""
    return f'"{item.limit.name}";q={item.limit.quota}{unit[item.limit.unit]}{window}'


def _openai(item: Standing) -> dict[str, str]:
    if item.limit.unit == "concurrent":
        return {}
    unit = item.limit.unit
    return {
        f"x-ratelimit-limit-{unit}": str(item.limit.quota),
        f"x-ratelimit-remaining-{unit}": str(item.remaining),
        f"x-ratelimit-reset-{unit}": f"{item.reset_s:.3f}s",
    }


def _anthropic(item: Standing) -> dict[str, str]:
    if item.limit.unit == "concurrent":
        return {}
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + math.ceil(item.reset_s)))
    prefix = f"anthropic-ratelimit-{item.limit.unit}"
    return {
        f"{prefix}-limit": str(item.limit.quota),
        f"{prefix}-remaining": str(item.remaining),
        f"{prefix}-reset": at,
    }
