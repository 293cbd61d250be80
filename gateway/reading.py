"""A stream of ours as a reader finds it: events out of a plain answer, text out of events."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from http.client import HTTPResponse
from typing import Any

import msgspec


class Event(msgspec.Struct, frozen=True):
    """One event of a stream: when it came, its id, its JSON."""

    at_s: float
    id: str
    data: dict[str, Any]

    @property
    def kind(self) -> str:
        """Return its type."""
        return str(self.data.get("type", ""))


def events_of(response: HTTPResponse) -> Iterator[Event]:
    """Yield the events of a stream as they come; comments are skipped."""
    event_id, data = "", ""
    while line := response.readline(1 << 20).decode("utf-8", "replace"):
        line = line.rstrip("\r\n")
        if line.startswith("id:"):
            event_id = line[3:].strip()
        elif line.startswith("data:"):
            data += line[5:].strip()
        elif not line and data:
            parsed = json.loads(data)
            yield Event(time.monotonic(), event_id, parsed if isinstance(parsed, dict) else {})
            event_id, data = "", ""


def text_of(events: list[Event]) -> str:
    """Return the text that a page holds after these events."""
    text = ""
    for event in events:
        if event.kind == "token":
            text += event.data["data"]
        elif event.kind == "snapshot":
            text = event.data["data"]
    return text
