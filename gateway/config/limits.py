"""Limits that make sense: one unit, a window or a calendar, networks, and a price for money."""

from __future__ import annotations

import ipaddress
from zoneinfo import ZoneInfo

from .document import Document, Path
from .form import NAME, is_network
from .schema import Config, Exempt, Limit, Match

UNITS = ("requests", "tokens", "money", "concurrent")
ROUTES = (
    "/api/v2/{app}/chat-stream", "/api/v2/{app}/streams", "/api/v2/{app}/chat",
    "/v1/chat/completions", "/v1/messages", "/v1/responses", "/v1/embeddings", "/api/chat", "/agui",
)  # fmt: skip
"""The routes whose calls are charged."""
HIGHEST = 100_000_000_000_000
"""Quotas stand in headers, whose whole numbers have fifteen digits."""
GROUP_BITS = 64
"""Callers by IPv6 are counted by this much of their address."""


def judge_limits(document: Document, config: Config) -> None:
    """Add a problem for each limit that cannot be counted as it is written."""
    for name, limit in config.limits.items():
        path: Path = ("limits", name)
        if not NAME.fullmatch(name):
            document.problem(
                path, "a limit's name stands in headers: letters, digits, `.`, `_`, `-`",
                "rename it",
            )  # fmt: skip
        if not limit.per and document.data["limits"][name].get("per") in (None, []):
            document.problem((*path, "per"), "nobody is counted", "write per: [user]")
        units = [unit for unit in UNITS if getattr(limit, unit)]
        if len(units) != 1:
            document.problem(
                path,
                f"it has {' and '.join(units) or 'no quota'}",
                "give exactly one of `requests`, `tokens`, `money`, `concurrent`; for more, add "
                "a limit",
            )
        else:
            _unit(document, path, limit, units[0])
        _match(document, path, limit.match)
        _exempt(document, path, limit.exempt)


def _unit(document: Document, path: Path, limit: Limit, unit: str) -> None:
    """Judge the quota and what goes with its unit: window, calendar, burst, prices."""
    given = document.data["limits"][path[1]]
    if getattr(limit, unit) > HIGHEST:
        document.problem(
            (*path, unit), "its quota does not fit into a header", f"choose at most {HIGHEST}"
        )  # fmt: skip
    if unit == "concurrent":
        for field in ("window_s", "period", "burst"):
            if field in given:
                document.problem(
                    (*path, field), f"`concurrent` has no {field.removesuffix('_s')}",
                    f"remove `{field}`",
                )  # fmt: skip
        return
    if limit.period and "window_s" in given:
        document.problem(
            (*path, "window_s"), f"it counts by the {limit.period} already",
            "remove `window_s` or `period`",
        )  # fmt: skip
    _timezone(document, path, limit, has_zone="timezone" in given)
    _burst(document, path, limit, unit)


def _timezone(document: Document, path: Path, limit: Limit, *, has_zone: bool) -> None:
    if has_zone and not limit.period:
        document.problem(
            (*path, "timezone"), "a sliding window knows no time zone",
            "add `period: day` or `period: month`, or remove `timezone`",
        )  # fmt: skip
    try:
        ZoneInfo(limit.timezone or "UTC")
    except (KeyError, ValueError, OSError):
        document.problem(
            (*path, "timezone"), f"`{limit.timezone[:60]}` is no time zone of this machine",
            "write a name such as Europe/Berlin or UTC (Debian: package tzdata)",
        )  # fmt: skip


def _burst(document: Document, path: Path, limit: Limit, unit: str) -> None:
    if limit.burst is None:
        return
    quota = limit.requests or limit.tokens
    if limit.period or quota is None:
        what = f"by the {limit.period}" if limit.period else f"in `{unit}`"
        document.problem(
            (*path, "burst"), f"a limit {what} cannot be spread evenly",
            "remove `burst`, or use `requests` or `tokens` over a window",
        )  # fmt: skip
    elif limit.burst >= quota:
        document.problem(
            (*path, "burst"), f"`{limit.burst}` leaves nothing of {quota} to spread",
            f"choose less than {quota}, or remove `burst`",
        )  # fmt: skip


def _match(document: Document, path: Path, match: Match) -> None:
    for field in ("apps", "models", "routes", "keys"):
        if getattr(match, field) == ():
            document.problem(
                (*path, "match", field), "the list is empty, so no call is limited",
                "add an entry, or remove it to match all",
            )  # fmt: skip
    for index, route in enumerate(match.routes or ()):
        if route and not any(is_route(route, known) for known in ROUTES):
            document.problem(
                (*path, "match", "routes", index), f"no call comes by `{route[:60]}`",
                f"use one of {', '.join(ROUTES)}, or a beginning with `*`, such as /v1/*",
            )  # fmt: skip


def is_route(pattern: str, route: str) -> bool:
    """Whether a route is the one written, or begins as the part before the `*`."""
    if pattern.endswith("*"):
        return route.startswith(pattern[:-1])
    return pattern == route


def _exempt(document: Document, path: Path, exempt: Exempt) -> None:
    for index, text in enumerate(exempt.addresses):
        inner: Path = (*path, "exempt", "addresses", index)
        if text and not is_network(text):
            document.problem(
                inner, f"`{text[:60]}` is not a network",
                "write an address or a network such as 10.0.0.0/8",
            )  # fmt: skip
        elif text and _is_too_narrow(text):
            document.problem(
                inner, "callers by IPv6 are counted by /64, so this is less than one of them",
                f"write {_grouped(text)}",
            )  # fmt: skip


def _is_too_narrow(text: str) -> bool:
    network = ipaddress.ip_network(text, strict=False)
    return network.version == 6 and network.prefixlen > GROUP_BITS


def _grouped(text: str) -> str:
    network = ipaddress.ip_network(text, strict=False)
    return str(network.supernet(new_prefix=GROUP_BITS))
