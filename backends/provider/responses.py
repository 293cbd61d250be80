"""OpenAI's responses dialect of the scripted provider."""

from __future__ import annotations

import secrets
import time
from typing import Any

from ..script import Score, compose, count_words
from .dialect import arguments_of, frame, texts_of
from .openai import error_body

Item = dict[str, Any]


def score_of(body: dict[str, Any]) -> Score:
    """Write the score for a responses request."""
    given = body.get("input") or []
    items = [{"role": "user", "content": given}] if isinstance(given, str) else given
    turns = [item for item in items if isinstance(item, dict)]
    prompts = ["".join(texts_of(t.get("content"))) for t in turns if t.get("role") == "user"]
    is_after_tool = bool(turns) and turns[-1].get("type") == "function_call_output"
    said = [text for turn in turns for text in texts_of(turn.get("content"))]
    return compose(
        "" if is_after_tool or not prompts else prompts[-1],
        input_tokens=count_words([*said, str(body.get("instructions") or "")]),
        max_tokens=body.get("max_output_tokens"),
        tools={
            tool["name"]: tool.get("parameters") or {}
            for tool in body.get("tools") or []
            if tool.get("name")
        },
    )


class ResponsesWriter:
    """Writes the events of a response, item after item, numbered from 0."""

    def __init__(self, score: Score, body: dict[str, Any]) -> None:
        self._score = score
        self._number = -1
        self._items: list[Item] = []
        self._response: dict[str, Any] = {
            "id": f"resp_{secrets.token_hex(12)}",
            "object": "response",
            "created_at": int(time.time()),
            "model": str(body.get("model") or "scripted"),
            "status": "in_progress",
            "error": None,
            "incomplete_details": None,
            "output": [],
            "parallel_tool_calls": True,
            "tool_choice": "auto",
            "tools": [],
            "usage": None,
        }

    def opening(self) -> list[bytes]:
        """Write the response's birth."""
        return [
            self._event("response.created", response=self._response),
            self._event("response.in_progress", response=self._response),
        ]

    def pieces(self) -> list[bytes]:
        """Write one delta a token; an item's start and end ride with its first and last delta."""
        score = self._score
        pieces: list[bytes] = []
        if score.reasoning:
            pieces += self._reasoning(score.reasoning)
        if score.tokens:
            pieces += self._message(score.tokens)
        for position, call in enumerate(score.calls):
            pieces += self._call(call.name, call.fragments, arguments_of(score, position))
        return pieces

    def finish(self) -> list[bytes]:
        """Write nothing: the end and its reason are one event here."""
        return []

    def ending(self) -> list[bytes]:
        """Write the completed response."""
        if self._score.reason == "length":
            return [self._event("response.incomplete", response=self._complete())]
        return [self._event("response.completed", response=self._complete())]

    def unfinished(self) -> bytes:
        """Write nothing."""
        return b""

    def error(self) -> bytes:
        """Write the flat error event."""
        error = error_body(500)["error"]
        return self._event("error", code=error["code"], message=error["message"], param=None)

    def whole(self) -> dict[str, Any]:
        """Write the whole response."""
        self.pieces()
        return self._complete()

    def _complete(self) -> dict[str, Any]:
        score = self._score
        is_cut = score.reason == "length"
        return {
            **self._response,
            "status": "incomplete" if is_cut else "completed",
            "incomplete_details": {"reason": "max_output_tokens"} if is_cut else None,
            "output": self._items,
            "usage": {
                "input_tokens": score.input_tokens,
                "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
                "output_tokens": score.output_tokens,
                "output_tokens_details": {"reasoning_tokens": len(score.reasoning)},
                "total_tokens": score.input_tokens + score.output_tokens,
            },
        }

    def _reasoning(self, words: tuple[str, ...]) -> list[bytes]:
        item: Item = {"id": f"rs_{secrets.token_hex(8)}", "type": "reasoning", "summary": []}
        place = {"item_id": item["id"], "output_index": len(self._items), "summary_index": 0}
        part = {"type": "summary_text", "text": "".join(words)}
        first = self._added(item)
        first += self._event(
            "response.reasoning_summary_part.added", **place, part={**part, "text": ""}
        )
        deltas = [
            self._event("response.reasoning_summary_text.delta", **place, delta=word)
            for word in words
        ]
        last = self._event("response.reasoning_summary_text.done", **place, text=part["text"])
        last += self._event("response.reasoning_summary_part.done", **place, part=part)
        return self._item(first, deltas, last, {**item, "summary": [part]})

    def _message(self, tokens: tuple[str, ...]) -> list[bytes]:
        item: Item = {
            "id": f"msg_{secrets.token_hex(8)}", "type": "message", "role": "assistant",
            "status": "in_progress", "content": [],
        }  # fmt: skip
        place = {"item_id": item["id"], "output_index": len(self._items), "content_index": 0}
        part = {"type": "output_text", "text": "".join(tokens), "annotations": [], "logprobs": []}
        first = self._added(item)
        first += self._event("response.content_part.added", **place, part={**part, "text": ""})
        deltas = [
            self._event("response.output_text.delta", **place, delta=token, logprobs=[])
            for token in tokens
        ]
        last = self._event("response.output_text.done", **place, text=part["text"], logprobs=[])
        last += self._event("response.content_part.done", **place, part=part)
        return self._item(first, deltas, last, {**item, "status": "completed", "content": [part]})

    def _call(self, name: str, fragments: tuple[str, ...], arguments: str) -> list[bytes]:
        item: Item = {
            "id": f"fc_{secrets.token_hex(8)}", "type": "function_call", "name": name,
            "call_id": f"call_{secrets.token_hex(12)}", "arguments": "", "status": "in_progress",
        }  # fmt: skip
        place = {"item_id": item["id"], "output_index": len(self._items)}
        kind = "response.function_call_arguments"
        deltas = [
            self._event(f"{kind}.delta", **place, delta=piece) for piece in fragments or ("{}",)
        ]
        done = self._event(f"{kind}.done", **place, arguments=arguments, name=name)
        whole = {**item, "arguments": arguments, "status": "completed"}
        return self._item(self._added(item), deltas, done, whole)

    def _added(self, item: Item) -> bytes:
        index = len(self._items)
        return self._event("response.output_item.added", output_index=index, item=item)

    def _item(self, first: bytes, deltas: list[bytes], last: bytes, whole: Item) -> list[bytes]:
        index = len(self._items)
        self._items.append(whole)
        last += self._event("response.output_item.done", output_index=index, item=whole)
        deltas[0] = first + deltas[0]
        deltas[-1] += last
        return deltas

    def _event(self, kind: str, **fields: object) -> bytes:
        self._number += 1
        return frame({"type": kind, "sequence_number": self._number, **fields}, kind)
