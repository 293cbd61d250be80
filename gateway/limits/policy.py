"""The `limits:` of the file made ready: whom each is about, whom it counts, what it counts."""

from __future__ import annotations

import functools
import ipaddress
from collections.abc import Iterable, Sequence

import msgspec

from gateway.auth.identity import Identity
from gateway.config.limits import is_route
from gateway.config.names import is_named
from gateway.config.schema import Config, Match, Per
from gateway.config.schema import Limit as LimitConfig
from ratelimit import Limit

from .price import MICRO, Prices

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Asking(msgspec.Struct, frozen=True):
    """What a limit looks at in a call."""

    identity: Identity
    app: str
    model: str
    route: str


class Policy(msgspec.Struct, frozen=True):
    """One limit with the calls that it is about and the callers that it passes over."""

    limit: Limit
    per: tuple[Per, ...]
    match: Match = Match()
    keys: frozenset[str] = frozenset()
    users: frozenset[str] = frozenset()
    networks: tuple[Network, ...] = ()
    anonymous: bool | None = None
    is_plain: bool = True
    """It is about everybody and everything."""

    @property
    def reserve_bound(self) -> int:
        """The most that a call without a bound of its own reserves."""
        return self.limit.burst or self.limit.quota

    def covers(self, asking: Asking) -> bool:
        """Whether the limit is about this call."""
        return self.is_plain or (self.matches(asking) and not self.exempts(asking.identity))

    def matches(self, asking: Asking) -> bool:
        """Whether the call is one of those that the limit is about, whoever is exempt."""
        match, identity = self.match, asking.identity
        key = identity.key.id if identity.key else None
        is_anonymous = identity.kind == "address"
        if self.anonymous is not None and self.anonymous != is_anonymous:
            return False
        return (
            (match.apps is None or asking.app in match.apps)
            and (match.models is None or is_named(asking.model, match.models))
            and (match.keys is None or key in match.keys)
            and (match.routes is None or any(is_route(r, asking.route) for r in match.routes))
        )

    def exempts(self, identity: Identity) -> bool:
        """Whether the limit passes over this caller."""
        if identity.key is not None and identity.key.id in self.keys:
            return True
        if identity.user is not None and identity.user in self.users:
            return True
        return bool(self.networks) and is_within(identity.address, self.networks)

    def subject(self, asking: Asking) -> str:
        """Return the name of whom the limit counts in this call."""
        return "|".join(_part(asking, per) for per in self.per)


class Policies:
    """All limits of a configuration, in order, and those of each app."""

    def __init__(self, config: Config) -> None:
        self.prices = Prices(config)
        self.all = {name: compile_policy(name, limit) for name, limit in config.limits.items()}
        named = {name for app in config.apps.values() for name in app.limits or ()}
        common = [name for name in self.all if name not in named]
        self._by_app = {
            name: tuple(self.all[limit] for limit in _limits_of(app.limits, common, self.all))
            for name, app in config.apps.items()
        }

    def of(self, asking: Asking) -> list[Policy]:
        """Return the limits that are about a call."""
        policies = self._by_app.get(asking.app, ())
        return [policy for policy in policies if policy.covers(asking)]

    def of_app(self, app: str) -> Sequence[Policy]:
        """Return the limits of an app, whoever asks for what."""
        return self._by_app.get(app, ())


def _limits_of(
    names: Sequence[str] | None, common: Sequence[str], all_names: Iterable[str]
) -> Iterable[str]:
    """Name the limits of an app: what it lists and what no app lists; nothing for `[]`."""
    if names is None:
        return all_names
    return [*names, *common] if names else []


def compile_policy(name: str, config: LimitConfig) -> Policy:
    """Return a limit of the file with whom it is about."""
    exempt = config.exempt
    is_exempting = bool(exempt.keys or exempt.users or exempt.addresses)
    return Policy(
        compile_limit(name, config),
        config.per,
        config.match,
        frozenset(exempt.keys),
        frozenset(exempt.users),
        tuple(ipaddress.ip_network(text, strict=False) for text in exempt.addresses),
        config.anonymous,
        config.match == Match() and not is_exempting and config.anonymous is None,
    )


def compile_limit(name: str, config: LimitConfig) -> Limit:
    """Return the policy that the limiter understands; money is counted in micro-units."""
    limit = Limit(name, "concurrent", config.concurrent or 1, 0.0, config.on_outage, config.shadow)
    if config.concurrent is not None:
        return limit
    window_s = 0.0 if config.period else config.window_s
    change = functools.partial(
        msgspec.structs.replace,
        limit,
        window_s=window_s,
        period=config.period,
        timezone=config.timezone,
        burst=config.burst or 0,
    )
    if config.requests is not None:
        return change(unit="requests", quota=config.requests)
    if config.tokens is not None:
        return change(unit="tokens", quota=config.tokens)
    return change(unit="money", quota=max(1, round((config.money or 0) * MICRO)))


def _part(asking: Asking, per: Per) -> str:
    identity = asking.identity
    match per:
        case "app":
            return f"app:{asking.app}"
        case "model":
            return f"model:{asking.model}"
        case "tenant":
            tenant = identity.key.tenant if identity.key else None
            return f"tenant:{tenant}" if tenant else identity.name_for("key")
        case _:
            return identity.name_for(per)


@functools.lru_cache(maxsize=4096)
def is_within(address: str, networks: tuple[Network, ...]) -> bool:
    """Whether an address, or the /64 of one, lies in one of the networks."""
    try:
        found = ipaddress.ip_network(address)
    except ValueError:
        return False
    return any(
        found.version == network.version and found.subnet_of(network)  # type: ignore[arg-type]
        for network in networks
    )
