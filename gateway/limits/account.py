"""Where one caller stands in every limit that counts it: what operators look at and reset."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator
from typing import Literal, get_args

import msgspec

from gateway.auth.address import grouped
from gateway.auth.identity import Identity
from gateway.config.limits import ROUTES, is_route
from gateway.config.schema import Config, Key
from ratelimit import Charge, Limiter, Standing

from .policy import Asking, Policies, Policy

Kind = Literal["key", "user", "address", "tenant"]
KINDS: tuple[Kind, ...] = get_args(Kind)
Pseudonym = Callable[[str, str], str]


class Account(msgspec.Struct, frozen=True):
    """One counter of a caller. `app` and `model` only where the limit counts by them."""

    policy: Policy
    charge: Charge
    app: str | None
    model: str | None
    is_exempt: bool


class Row(msgspec.Struct, frozen=True, omit_defaults=True):
    """An account and what is used of it; money in micro-units."""

    limit: str
    unit: str
    quota: int
    used: int
    remaining: int
    reset_s: float
    per: tuple[str, ...]
    window_s: float | None = None
    period: str | None = None
    burst: int | None = None
    """Of `quota`, so many at once; `used` and `remaining` count these."""
    app: str | None = None
    model: str | None = None
    on_outage: str = "local"
    shadow: bool = False
    exempt: bool = False


def identity_of(config: Config, kind: Kind, name: str) -> Identity | None:
    """Return the caller of that name, as its requests would show it; None if it cannot exist."""
    match kind:
        case "user":
            return Identity("", None, name)
        case "tenant":
            return Identity("", Key("", "", tenant=name))
        case "key":
            key = next((key for key in config.keys if key.id == name), None)
            return Identity("", key) if key else None
    try:
        return Identity(grouped(ipaddress.ip_address(name.removesuffix("/64"))))
    except ValueError:
        return Identity(name) if name == "local" else None


def accounts_of(
    config: Config, policies: Policies, identity: Identity, kind: Kind, pseudonym: Pseudonym
) -> list[Account]:
    """Return the counters that hold this caller, and nobody else's."""
    found: dict[tuple[str, str], Account] = {}
    for app in config.apps:
        for policy in policies.of_app(app):
            for asking in _askings(config, policy, identity, app):
                subject = policy.subject(asking)
                if policy.matches(asking) and _is_his(subject, kind):
                    key = (policy.limit.name, subject)
                    found.setdefault(key, _account(policy, asking, pseudonym("limit", subject)))
    return list(found.values())


def _account(policy: Policy, asking: Asking, subject: str) -> Account:
    return Account(
        policy=policy,
        charge=Charge(policy.limit, subject),
        app=asking.app if "app" in policy.per else None,
        model=asking.model if "model" in policy.per else None,
        is_exempt=policy.exempts(asking.identity),
    )


def _askings(config: Config, policy: Policy, identity: Identity, app: str) -> Iterator[Asking]:
    """Yield the calls that would be counted apart, one for each model where that matters."""
    models = policy.match.models or tuple(config.models)
    pattern = (policy.match.routes or ("",))[0]
    route = next((route for route in ROUTES if is_route(pattern, route)), "")
    for model in models if "model" in policy.per else models[:1]:
        yield Asking(identity, app, model, route)


def _is_his(subject: str, kind: Kind) -> bool:
    """Whether a counter is one caller's own: it names him, and no part of it is unknown."""
    parts = subject.split("|")
    return any(part.startswith(f"{kind}:") for part in parts) and not any(
        part.endswith(":") for part in parts
    )


async def rows_of(limiter: Limiter, accounts: list[Account]) -> list[Row]:
    """Return the accounts with what is used of them."""
    standings = await limiter.peek([account.charge for account in accounts]) if accounts else ()
    return [_row(account, s) for account, s in zip(accounts, standings, strict=True)]


def _row(account: Account, standing: Standing) -> Row:
    limit = standing.limit
    size = limit.burst or limit.quota
    return Row(
        limit=limit.name,
        unit=limit.unit,
        quota=limit.quota,
        used=size - standing.remaining,
        remaining=standing.remaining,
        reset_s=round(standing.reset_s, 3),
        per=account.policy.per,
        window_s=limit.window_s or None,
        period=limit.period,
        burst=limit.burst or None,
        app=account.app,
        model=account.model,
        on_outage=limit.on_outage,
        shadow=limit.shadow,
        exempt=account.is_exempt,
    )
