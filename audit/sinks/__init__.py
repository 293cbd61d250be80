"""Further places for records, behind the journal; each passes `audit.contract`."""

from __future__ import annotations

from typing import Literal, Protocol

from ..sink import Sink
from .postgres import PostgresSink
from .redis import RedisSink
from .sqlite import SqliteSink
from .stdout import StdoutSink

__all__ = ["PostgresSink", "RedisSink", "SinkKind", "SqliteSink", "StdoutSink", "open_sink"]

SinkKind = Literal["jsonl", "sqlite", "stdout", "redis", "postgres"]


class Settings(Protocol):
    """What the configuration says about a sink."""

    @property
    def kind(self) -> SinkKind:
        """Return what it is."""
        ...

    @property
    def path(self) -> str:
        """Return its file."""
        ...

    @property
    def url(self) -> str:
        """Return its address."""
        ...

    @property
    def name(self) -> str:
        """Return its stream or table; empty for ours."""
        ...


def open_sink(settings: Settings) -> Sink:
    """Return a sink that connects when it is first written to."""
    match settings.kind:
        case "sqlite":
            return SqliteSink(settings.path)
        case "stdout":
            return StdoutSink()
        case "redis":
            return RedisSink(settings.url, settings.name or "sluicegate:audit")
        case "postgres":
            return PostgresSink(settings.url, settings.name or "sluicegate_audit")
        case "jsonl":
            raise ValueError("the journal itself is no further sink")
