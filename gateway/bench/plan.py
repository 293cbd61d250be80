"""What a load run does, and how each protocol's answers are read."""

from __future__ import annotations

import json
import re
from typing import Literal
from urllib.parse import urlsplit

import msgspec

Protocol = Literal["openai", "anthropic", "widget"]


PACE = re.compile(r"\[\[(ttft|delay|n)=([0-9.]+)\]\]")
"""What tells the scripted backend how fast to play."""


class Plan(msgspec.Struct, frozen=True):
    """One load run: `total` streams, or as many as fit `duration_s`, `streams` at a time."""

    url: str
    protocol: Protocol = "openai"
    prompt: str = "Say something short."
    model: str = "default"
    streams: int = 10
    total: int = 0
    duration_s: float = 10.0
    ramp_s: float = 0.0
    timeout_s: float = 120.0
    headers: tuple[tuple[str, str], ...] = ()

    is_marked: bool = False
    """Let the scripted backend repeat a marker of each stream, to see whether streams mix."""

    @property
    def pace_ms(self) -> tuple[float, float] | None:
        """Return delays of the first token and between tokens, where the prompt tells them."""
        told = _told(self.prompt)
        if "delay" not in told or self.is_marked:
            return None
        return told.get("ttft", 0.0) * 1000, told["delay"] * 1000

    @property
    def length_s(self) -> float:
        """Return how long the scripted backend plays, where the prompt tells it; else 0."""
        told = _told(self.prompt)
        return told.get("ttft", 0.0) + told.get("n", 0.0) * told.get("delay", 0.0)

    def request(self, marker: str = "") -> bytes:
        """The bytes that one client sends: head and JSON body."""
        target = urlsplit(self.url)
        path = (target.path or "/") + (f"?{target.query}" if target.query else "")
        body = json.dumps(_body(self, marker)).encode()
        lines = [
            f"POST {path} HTTP/1.1",
            f"Host: {target.netloc.rpartition('@')[2]}",
            "Content-Type: application/json",
            "Accept: text/event-stream",
            f"Content-Length: {len(body)}",
            "Connection: close",
            *(f"{name}: {value}" for name, value in self.headers),
        ]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class Marks(msgspec.Struct, frozen=True):
    """The patterns that tell a protocol's text, end and failure apart in raw bytes."""

    text: re.Pattern[bytes]
    end: bytes
    failure: re.Pattern[bytes]


MARKS: dict[Protocol, Marks] = {
    "openai": Marks(
        re.compile(rb'"content":\s*"[^"]'), b"data: [DONE]", re.compile(rb'"error":\s*\{')
    ),
    "anthropic": Marks(
        re.compile(rb'"text_delta"'), b"message_stop", re.compile(rb'"type":\s*"error"')
    ),
    "widget": Marks(
        re.compile(rb'"type":\s*"token"'), b'"type":"done"', re.compile(rb'"type":\s*"error"')
    ),
}

MARKER = re.compile(rb"mk[0-9a-f]{12}")
"""What a marked stream is told to repeat."""
# A stand-in that stamps its tokens writes the monotonic clock in microseconds as the text.
STAMP = re.compile(rb" t(\d{12})")


def _told(prompt: str) -> dict[str, float]:
    return {name: float(value) for name, value in PACE.findall(prompt)}


def _body(plan: Plan, marker: str) -> dict[str, object]:
    prompt = f"[[text={' '.join([marker] * 8)}]]" if marker else plan.prompt
    messages = [{"role": "user", "content": prompt}]
    match plan.protocol:
        case "widget":
            return {"query": prompt, "model": plan.model}
        case "anthropic":
            return {
                "model": plan.model,
                "messages": messages,
                "max_tokens": 4096,
                "stream": True,
            }
        case "openai":
            return {"model": plan.model, "messages": messages, "stream": True}
