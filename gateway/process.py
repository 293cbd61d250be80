"""What a process knows of itself beside the configuration: which worker it is, what it shares."""

from __future__ import annotations

import secrets
from collections.abc import Callable

import msgspec

from gateway.config import Config

Reread = Callable[[], Config]
"""Reads file and environment again; raises `ConfigInvalid`."""


class Process(msgspec.Struct, frozen=True):
    """One worker. The supervisor makes these; a process that stands alone makes its own."""

    index: int = 0
    secret: bytes = msgspec.field(default_factory=lambda: secrets.token_bytes(32))
    """Signs stream tickets where no Redis shares a secret among replicas."""
    metrics_folder: str | None = None
    announces: bool = True
    """Says on standard output that the instance is ready; one worker does, once."""
    config_path: str | None = None

    @property
    def is_supervised(self) -> bool:
        """Whether a supervisor started this process and passes signals on to it."""
        return self.metrics_folder is not None
