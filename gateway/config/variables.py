"""The table of environment variables, and which unknown ones look like a slip of the pen."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import msgspec

from .document import Path, Place
from .problems import Problem, nearest

OVERRIDE = "GATEWAY__"


class Variable(msgspec.Struct, frozen=True):
    """One variable. `path` is the field of the file that it sets; empty where it does more."""

    name: str
    help: str
    path: Path = ()
    default: str = ""


VARIABLES = (
    Variable("GATEWAY_CONFIG", "the configuration file"),
    Variable("GATEWAY_HOST", "address to listen on", ("server", "host"), "127.0.0.1"),
    Variable("GATEWAY_PORT", "port to listen on", ("server", "port"), "8080"),
    Variable("GATEWAY_WORKERS", "processes", ("server", "workers"), "1"),
    Variable("GATEWAY_PROFILE", "`development` or `production`", ("profile",), "development"),
    Variable("REDIS_URL", "the shared store; absent: in memory", ("redis", "url")),
    Variable(
        "ENABLE_SSE_STREAMING",
        "the flag: `off`, `on`, `25%`, `users:a,b`, `apps:x,y`",
        ("flags", "ENABLE_SSE_STREAMING"),
        "on in development, off in production",
    ),
    Variable("OPENAI_API_KEY", "switches the backend `openai` on"),
    Variable("OPENAI_BASE_URL", "the same, for any OpenAI-compatible server"),
    Variable("ANTHROPIC_API_KEY", "switches the backend `claude` on"),
    Variable("ANTHROPIC_BASE_URL", "the same, for any Anthropic-compatible server"),
    Variable(
        "GATEWAY_MODEL",
        "model name sent to the first backend",
        (),
        "gpt-5-mini (OpenAI), claude-sonnet-4-5 (Anthropic)",
    ),
    Variable("GATEWAY_API_KEYS", "keys of clients, comma-separated; kept as hashes only"),
    Variable("GATEWAY_CORS_ORIGINS", "origins of pages that may use the gateway, comma-separated"),
    Variable("GATEWAY_HOSTS", "further Host names that are ours, comma-separated"),
    Variable("GATEWAY_LIMIT", "requests per user, e.g. `20/60s`, or `off`", (), "20/60s"),
    Variable("GATEWAY_BREAKER", "circuit breaker: `on` or `off`", ("breaker",), "on"),
    Variable("GATEWAY_AUDIT_PATH", "where the audit trail goes", (), "var/audit"),
    Variable("GATEWAY_AUDIT_KEY", "secret that makes pseudonyms", ("audit", "key")),
    Variable("GATEWAY_ADMIN_KEY", "switches `/admin` on; kept as a hash only"),
    Variable(
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "collector of OpenTelemetry spans; needs the extra `otel`",
        ("otel_endpoint",),
    ),
    Variable("GATEWAY_JWT_SECRET", "secret of signed user claims (HS256)", ("jwt_secret",)),
)
NAMES = frozenset(variable.name for variable in VARIABLES)
_RESTS = [name.removeprefix("GATEWAY_") for name in NAMES if name.startswith("GATEWAY_")]

OTHER_NAMES: Mapping[str, str] = {
    "OPENAI_API_BASE": "OPENAI_BASE_URL",
    "OPENAI_KEY": "OPENAI_API_KEY",
    "ANTHROPIC_API_BASE": "ANTHROPIC_BASE_URL",
    "ANTHROPIC_KEY": "ANTHROPIC_API_KEY",
}
FOREIGN = re.compile(r"GATEWAY_(INTERFACE|SERVICE_.*|PORT_\d+_.*)")
"""Set by CGI servers and by Kubernetes for a service named `gateway`."""


def said(name: str) -> Place:
    """Return the place of a value that a variable says."""
    return Place("environment", name, is_text=True)


def split(text: str) -> list[str]:
    """Return the parts of a comma-separated list."""
    return [part.strip() for part in text.split(",") if part.strip()]


def strangers(names: Iterable[str]) -> list[Problem]:
    """Return a warning for each name that is none of ours but looks as if it were meant to be."""
    found = []
    for name in sorted(names):
        if name in NAMES or name.startswith(OVERRIDE) or FOREIGN.fullmatch(name):
            continue
        meant = OTHER_NAMES.get(name) or nearest(name, NAMES, 0.88)
        is_ours = name.startswith("GATEWAY_")
        if is_ours and meant is None:
            rest = nearest(name.removeprefix("GATEWAY_"), _RESTS)
            meant = f"GATEWAY_{rest}" if rest else None
        if meant is not None or is_ours:
            remedy = f"did you mean {meant}?" if meant else "remove it, or see `config --help`"
            found.append(
                Problem(name, "this variable is not known and has no effect", remedy, nearest=meant)
            )
    return found
