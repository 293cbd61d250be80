"""What a call is charged: reserved before it is asked, corrected by what it really used.

The reservation is the input's estimate and the output's bound; the end replaces it by the true
usage, or by the estimate of what was written where a provider told none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from backends import Usage
from gateway.call import Call
from gateway.stream.transcript import estimate_input
from ratelimit import Charge, Decision

from .policy import Asking, Policies, Policy
from .price import Prices

OUTPUT_RESERVE = 1024
"""Tokens reserved for an answer whose caller gave no bound."""
METERED = frozenset({"tokens", "money"})
"""Units whose cost is known at the end only."""
SILENT = frozenset({"openai.embeddings"})
"""Dialects whose answers hold no tokens."""


class Bound(NamedTuple):
    """The most that a call is expected to use; `is_said` where the caller gave the bound."""

    usage: Usage
    is_said: bool


def charges_of(
    call: Call, policies: Policies, pseudonym: Callable[[str, str], str]
) -> list[Charge]:
    """Return what a call is charged: every limit that is about it, for the subject it counts."""
    asking = Asking(call.identity, call.app_name, call.chat.model, call.route)
    found = policies.of(asking)
    bound = None
    if any(policy.limit.unit in METERED for policy in found):
        bound = bound_of(call.dialect, estimate_input(call.chat), call.chat.max_tokens)
    return [
        Charge(
            policy.limit,
            pseudonym("limit", policy.subject(asking)),
            reserved(policy, policies.prices, asking.model, bound) if bound else 1,
        )
        for policy in found
    ]


def bound_of(dialect: str, input_tokens: int, max_tokens: int | None) -> Bound:
    """Return the most that a call is expected to use."""
    output = 0 if dialect in SILENT else max_tokens or OUTPUT_RESERVE
    return Bound(Usage(input_tokens=input_tokens, output_tokens=output), bool(max_tokens))


def reserved(policy: Policy, prices: Prices, model: str, bound: Bound) -> int:
    """Return the reservation; without a bound of the caller never above the quota by itself."""
    match policy.limit.unit:
        case "tokens":
            wanted = bound.usage.input_tokens + bound.usage.output_tokens
        case "money":
            wanted = prices.reserve(model, bound.usage)
        case _:
            return 1
    return wanted if bound.is_said else min(wanted, policy.reserve_bound)


def is_metered(decision: Decision) -> bool:
    """Whether a call's cost is known at its end only."""
    return any(charge.limit.unit in METERED for charge in decision.charges)


def spent(
    charges: Iterable[Charge], prices: Prices, model: str, served_by: str, usage: Usage
) -> dict[str, int]:
    """Return the true cost by limit. A call that no provider accepted has used nothing."""
    costs: dict[str, int] = {}
    for charge in charges:
        limit = charge.limit
        if limit.unit == "tokens":
            costs[limit.name] = usage.input_tokens + usage.output_tokens if served_by else 0
        elif limit.unit == "money":
            costs[limit.name] = prices.spent(model, served_by, usage) if served_by else 0
    return costs
