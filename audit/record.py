"""What the trail holds: one flat record per event, no raw content anywhere in it."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

Level = Literal["none", "metadata", "redacted", "sealed"]
Outcome = Literal[
    "done", "cancelled", "client_gone", "upstream_error", "upstream_truncated",
    "upstream_rate_limited", "upstream_refused", "timeout_connect", "timeout_first", "timeout_idle",
    "timeout_total", "shutdown", "lost", "internal", "unknown",
]  # fmt: skip


class Turn(msgspec.Struct, frozen=True):
    """Raw words on their way to redaction; never stored as they are."""

    role: str
    text: str


class Received(msgspec.Struct, frozen=True, kw_only=True):
    """A call that will reach a provider. Written durably before it does.

    `identity` and `address` are raw: the trail turns them into a pseudonym and a reduced network.
    """

    stream_id: str
    request_id: str
    app: str
    route: str
    dialect: str
    model: str
    identity: str
    identity_kind: Literal["key", "user", "address"]
    address: str
    user_email: str | None = None
    user_role: str | None = None
    trace_id: str | None = None
    turns: tuple[Turn, ...] = ()
    parameters: dict[str, Any] = {}


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """How a received call ended; exactly one for each `Received`."""

    stream_id: str
    outcome: Outcome
    model_served: str = ""
    backend: str = ""
    finish_reason: str | None = None
    error_code: str | None = None
    usage: dict[str, int | bool] = {}
    attempts: tuple[dict[str, Any], ...] = ()
    first_token_ms: int | None = None
    duration_ms: int = 0
    answer: str = ""
    reasoning: str = ""
    tools: tuple[str, ...] = ()
    """Names of tools called; arguments are content and travel in `tool_arguments`."""
    tool_arguments: tuple[str, ...] = ()


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """Anything that is not a chat: `event` is `ratelimit.hit`, `auth.denied`, `flag.changed`."""

    event: str
    app: str = ""
    request_id: str = ""
    identity: str | None = None
    identity_kind: Literal["key", "user", "address"] | None = None
    fields: dict[str, Any] = {}
    """Values of ours only (names, numbers, reasons); never words of a user."""
