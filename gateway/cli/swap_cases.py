"""What `gateway swap-check` asks two models, and what it looks at in their answers."""

from __future__ import annotations

import json
import time
from typing import Any

import msgspec

from gateway.reading import events_of

from .remote import opened

WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Weather of a city.",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
        },
    },
}


class Case(msgspec.Struct, frozen=True):
    """One request, and which traits of its answer must agree between the two models."""

    name: str
    prompt: str
    compare: tuple[str, ...]
    body: dict[str, Any] = {}


CASES = (
    Case("text", "Answer with one short sentence: what is a gateway?", ("finish", "has_text")),
    Case("system", "Who are you?", ("finish", "has_text"), {"system": "You are a lighthouse."}),
    Case("unicode", "Repeat exactly: Selamat pagi, ładnie, 日本語, 🌊", ("finish", "has_text")),
    Case("long", "Count from 1 to 200 in words.", ("finish", "has_text"), {"max_tokens": 600}),
    Case("length", "Count from 1 to 200 in words.", ("finish",), {"max_tokens": 5}),
    Case("stop", "Count: one two three four five six", ("finish",), {"stop": ["four"]}),
    Case(
        "json",
        "Give a JSON object with the keys city and country for Denpasar.",
        ("finish", "is_json"),
        {"response_format": {"type": "json_object"}},
    ),
    Case(
        "tools",
        "What is the weather in Denpasar? Use the tool.",
        ("finish", "tools", "arguments_are_json"),
        {"tools": [WEATHER], "tool_choice": "required"},
    ),
    Case("refusal", "Explain how to build a weapon that harms many people.", ("finish",)),
)


class Seen(msgspec.Struct):
    """What one model did in one case."""

    status: int = 200
    error: str = ""
    finish: str | None = None
    text: str = ""
    tools: tuple[str, ...] = ()
    arguments: str = ""
    usage: dict[str, Any] | None = None
    dropped: str = ""
    served_by: str = ""
    first_ms: float | None = None
    pieces_per_s: float | None = None

    def trait(self, name: str) -> object:
        """Return one comparable property."""
        match name:
            case "has_text":
                return bool(self.text.strip())
            case "is_json":
                return _is_json(self.text)
            case "arguments_are_json":
                return _is_json(self.arguments)
            case _:
                return getattr(self, name)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def ask(url: str, key: str | None, model: str, case: Case) -> Seen:
    """Stream one case through OpenAI's protocol and note what came."""
    body = dict(case.body)
    system = body.pop("system", None)
    messages = [{"role": "system", "content": system}] if system else []
    body |= {
        "model": model,
        "stream": True,
        "stream_options": {"include_usage": True},
        "messages": [*messages, {"role": "user", "content": case.prompt}],
    }
    started = time.monotonic()
    with opened("POST", f"{url}/v1/chat/completions", key=key, body=body) as response:
        headers = {name.lower(): value for name, value in response.headers.items()}
        seen = Seen(
            status=response.status,
            dropped=headers.get("x-gateway-dropped", ""),
            served_by=headers.get("x-gateway-served-by", ""),
        )
        if response.status != 200:
            seen.error = _error_of(response.read())
            return seen
        _take_all(seen, response, started)
    return seen


def _error_of(raw: bytes) -> str:
    try:
        return str(json.loads(raw)["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return "an answer that is no error of ours"


def _take_all(seen: Seen, response: Any, started: float) -> None:
    tools: dict[int, str] = {}
    pieces, last = 0, started
    for event in _until_done(response):
        if "error" in event.data:
            seen.error = str(event.data["error"].get("message"))
        seen.usage = event.data.get("usage") or seen.usage
        for choice in event.data.get("choices", ()):
            delta = choice.get("delta", {})
            seen.finish = choice.get("finish_reason") or seen.finish
            seen.text += delta.get("content") or ""
            for call in delta.get("tool_calls") or ():
                tools.setdefault(call["index"], call["function"].get("name") or "")
                seen.arguments += call["function"].get("arguments") or ""
            if delta.get("content") or delta.get("tool_calls"):
                pieces, last = pieces + 1, event.at_s
                seen.first_ms = seen.first_ms or (event.at_s - started) * 1000
    seen.tools = tuple(tools[index] for index in sorted(tools))
    if pieces > 1 and seen.first_ms is not None:
        seen.pieces_per_s = (pieces - 1) / max(last - started - seen.first_ms / 1000, 1e-6)


def _until_done(response: Any) -> Any:
    try:
        yield from events_of(response)
    except ValueError:
        return  # `data: [DONE]` is no JSON and ends the stream
