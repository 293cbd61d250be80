"""Frames that are no plain OpenAI chunk: other makers' fields and types, brought into one shape.

What it cannot hold comes back beside it, as a chunk of its own for clients of this dialect.
"""

from __future__ import annotations

from typing import Any

import msgspec
import orjson

from ..counts import counts_of
from ..errors import BackendError
from ..foreign import objects
from .chunks import Chunk, UsageCounts

_TYPED_DELTA = (
    "content", "role", "tool_calls", "function_call", "reasoning", "reasoning_content", "refusal",
)  # fmt: skip
_SAID = ("id", "created", "system_fingerprint", "service_tier")
_TYPED_TOP = frozenset(
    ("id", "object", "created", "model", "choices", "usage", "error", "obfuscation",
     "system_fingerprint", "service_tier")
)  # fmt: skip


class OddChunk(msgspec.Struct, frozen=True):
    """A frame in the known shape, and what the shape had no place for."""

    chunk: Chunk
    refusal: str = ""
    stop_sequence: str | None = None
    rest: bytes | None = None


def read_odd(backend: str, payload: bytes, counts: dict[str, int]) -> OddChunk:
    """Read any frame; one that is no chunk at all is a `BackendError`.

    `counts` numbers the entries of lists over all frames of one answer.
    """
    try:
        frame = msgspec.json.decode(payload)
        if not isinstance(frame, dict):
            raise TypeError("no object")
        if frame.get("error"):
            return OddChunk(Chunk(error=frame["error"]))
        return _read(frame, counts)
    except (msgspec.MsgspecError, ValueError, TypeError, AttributeError, RecursionError) as exc:
        raise BackendError(
            "The provider sent a frame that is no chat chunk.", backend=backend
        ) from exc


def _read(frame: dict[str, Any], counts: dict[str, int]) -> OddChunk:
    if not ("choices" in frame or "usage" in frame or "id" in frame or "object" in frame):
        raise TypeError("no chunk")
    choices = objects(frame.get("choices"))
    choice: dict[str, Any] = choices[0] if choices else {}
    delta: dict[str, Any] = choice.get("delta") or choice.get("message") or {}
    clean = {
        **{key: frame.get(key) for key in _SAID},
        "model": frame.get("model"),
        "choices": [_clean_choice(choice, delta)] if choices else [],
    }
    stop = choice.get("stop_reason")
    refusal = delta.get("refusal")
    return OddChunk(
        chunk=msgspec.structs.replace(
            msgspec.convert(clean, Chunk), usage=counts_of(frame.get("usage"), UsageCounts)
        ),
        refusal=refusal if isinstance(refusal, str) else "",
        stop_sequence=stop if isinstance(stop, str) else None,
        rest=_rest(frame, choice, delta, counts),
    )


def _clean_choice(choice: dict[str, Any], delta: dict[str, Any]) -> dict[str, Any]:
    content, thought = _words(delta.get("content"))
    reasoning = delta.get("reasoning_content") or delta.get("reasoning")
    index = choice.get("index")
    return {
        "index": index if isinstance(index, int) else 0,
        "finish_reason": choice.get("finish_reason"),
        "delta": {
            "content": content,
            "reasoning_content": reasoning if isinstance(reasoning, str) else thought,
            "tool_calls": [_clean_tool(tool) for tool in delta.get("tool_calls") or []],
            "function_call": _clean_function(delta.get("function_call")),
        },
    }


def _words(content: object) -> tuple[str, str]:
    """Read content that may be a list of parts (Mistral): answer and reasoning."""
    if isinstance(content, str):
        return content, ""
    answer: list[str] = []
    thought: list[str] = []
    for part in content if isinstance(content, list) else ():
        if part.get("type") == "thinking":
            inner = part.get("thinking")
            thought.append(inner if isinstance(inner, str) else _words(inner)[0])
        elif isinstance(part.get("text"), str):
            answer.append(part["text"])
    return "".join(answer), "".join(thought)


def _clean_tool(tool: dict[str, Any]) -> dict[str, Any]:
    index = tool.get("index")
    return {
        "index": index if isinstance(index, int) else None,
        "id": tool.get("id"),
        "function": _clean_function(tool.get("function")),
        "custom": _clean_custom(tool.get("custom")),
    }


def _clean_function(function: dict[str, Any] | None) -> dict[str, Any] | None:
    if not function:
        return None
    return {"name": function.get("name"), "arguments": function.get("arguments")}


def _clean_custom(custom: dict[str, Any] | None) -> dict[str, Any] | None:
    if not custom:
        return None
    return {"name": custom.get("name"), "input": custom.get("input")}


def _rest(
    frame: dict[str, Any], choice: dict[str, Any], delta: dict[str, Any], counts: dict[str, int]
) -> bytes | None:
    """Make a chunk of everything that the events do not say; None where nothing is left."""
    top = {k: v for k, v in frame.items() if k not in _TYPED_TOP and v is not None}
    inner = {
        k: _indexed(k, v, counts)
        for k, v in delta.items()
        if k not in _TYPED_DELTA and v is not None
    }
    side = {
        k: v
        for k, v in choice.items()
        if k not in ("index", "delta", "message", "finish_reason") and v is not None
    }
    if not (top or inner or side):
        return None
    if not (inner or side):
        return orjson.dumps({**_head(frame), **top, "choices": []})
    place = {"index": 0, "delta": inner, "finish_reason": None, **side}
    return orjson.dumps({**_head(frame), **top, "choices": [place]})


def _head(frame: dict[str, Any]) -> dict[str, Any]:
    return {key: frame.get(key) for key in ("id", "object", "created", "model")}


def _indexed(name: str, value: object, counts: dict[str, int]) -> object:
    """Give the entries of a list an index: OpenAI's own accumulator fails without one."""
    if not isinstance(value, list):
        return value
    entries: list[object] = []
    for entry in value:
        if isinstance(entry, dict) and "index" not in entry:
            entries.append({"index": counts.get(name, 0), **entry})
            counts[name] = counts.get(name, 0) + 1
        else:
            entries.append(entry)
    return entries
