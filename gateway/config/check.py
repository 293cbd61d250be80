"""Whether a sound configuration is also a safe one: rules of the production profile, warnings."""

from __future__ import annotations

import ipaddress

from .document import Document, Path
from .form import is_host
from .schema import Config

STRONG_LENGTH = 16


def judge_safety(document: Document, config: Config) -> None:
    """Add what the profile forbids to the problems, what it merely dislikes to the warnings."""
    _workers(document, config)
    _public_address(document, config)
    if config.profile == "production":
        _production(document, config)
    _origins(document, config)
    _unused_limits(document, config)
    for path, secret in (
        (("audit", "key"), config.audit.key),
        (("jwt_secret",), config.jwt_secret),
    ):
        if secret:
            warn_of_weak(document, path, secret)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower().rstrip(".") in ("localhost", "ip6-localhost")


def warn_of_weak(document: Document, path: Path, *secrets: str) -> None:
    """Warn of a secret that can be guessed."""
    shortest = min(len(secret) for secret in secrets)
    if shortest < STRONG_LENGTH:
        document.warning(
            path, f"a secret of {shortest} character{'s' * (shortest > 1)} can be guessed",
            f"use {STRONG_LENGTH} or more, e.g. from `openssl rand -hex 32`",
        )  # fmt: skip


def _workers(document: Document, config: Config) -> None:
    if config.server.workers > 1 and not _is_given(document, ("redis", "url"), config.redis.url):
        document.problem(
            ("server", "workers"),
            f"{config.server.workers} workers need Redis to share streams and limits",
            "set REDIS_URL (or `redis.url`), or use one worker",
        )


def _public_address(document: Document, config: Config) -> None:
    host = config.server.host
    if not is_host(host) or is_loopback(host) or config.keys:
        return
    message = f"{host} can be reached from other machines and no key is asked for"
    remedy = "set GATEWAY_API_KEYS or add `keys`, or listen on 127.0.0.1"
    if config.profile == "production":
        document.problem(("server", "host"), message, remedy)
    else:
        document.warning(("server", "host"), f"ANYBODY CAN USE THIS: {message}", remedy)


def _production(document: Document, config: Config) -> None:
    if not _is_given(document, ("redis", "url"), config.redis.url):
        document.problem(
            ("redis", "url"),
            "the production profile needs Redis for limits, streams and tickets",
            "set REDIS_URL or `redis.url`",
        )
    if not _is_given(document, ("audit", "key"), config.audit.key):
        document.problem(
            ("audit", "key"),
            "the production profile needs a secret for pseudonyms in the audit trail",
            "set GATEWAY_AUDIT_KEY or `audit.key`, e.g. from `openssl rand -hex 32`",
        )
    origins = [*(app.origins for app in config.apps.values()), *(k.origins for k in config.keys)]
    if not any(origins):
        document.problem(
            ("apps",),
            "the production profile needs the list of pages that may use the gateway",
            "set GATEWAY_CORS_ORIGINS or `origins` of an app, e.g. https://chat.example.com",
        )
    if not config.keys and is_loopback(config.server.host):
        document.warning(
            ("keys",), "no key is asked for; only this machine can reach the gateway",
            "set GATEWAY_API_KEYS or add `keys` before it is reachable through a proxy",
        )  # fmt: skip


def _origins(document: Document, config: Config) -> None:
    """`*` lets every page on the Internet start paid calls."""
    lists: list[tuple[Path, tuple[str, ...]]] = [
        (("apps", name, "origins"), app.origins) for name, app in config.apps.items()
    ]
    lists += [(("keys", index, "origins"), key.origins) for index, key in enumerate(config.keys)]
    for path, origins in lists:
        for index, origin in enumerate(origins):
            if origin == "*":
                report = document.problem if config.profile == "production" else document.warning
                report((*path, index), "`*` lets every page use the gateway", "list the origins")


def _unused_limits(document: Document, config: Config) -> None:
    """Limits where every app says `[]` look like a protection and are none."""
    if any(app.limits != () for app in config.apps.values()):
        return
    for name in config.limits:
        document.warning(
            ("limits", name), "it counts nothing: every app says `limits: []`",
            "name it in `limits` of an app, or leave that list out to use all",
        )  # fmt: skip


def _is_given(document: Document, path: Path, value: str | None) -> bool:
    """Whether a value is there, or was meant to be: an unset variable is told elsewhere."""
    section = document.data.get(str(path[0]))
    raw = section.get(path[1]) if isinstance(section, dict) else None
    return bool(value) or (raw is not None and not isinstance(raw, str))
