"""What travels through the rooms: one request on its way."""

from __future__ import annotations

import time

import msgspec

from backends import ChatRequest
from gateway.auth.identity import Identity
from gateway.config.schema import App
from gateway.telemetry.context import Trace, new_trace


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One admitted-or-not call: who asks what, through which door."""

    request_id: str
    route: str
    dialect: str
    app_name: str
    app: App
    identity: Identity
    chat: ChatRequest
    user_email: str | None = None
    user_role: str | None = None
    trace: Trace = msgspec.field(default_factory=new_trace)
    received_at: float = msgspec.field(default_factory=time.perf_counter)
