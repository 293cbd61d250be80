"""One whole completion, for a client that does not stream."""

from __future__ import annotations

from typing import Any

from backends import Event, Other, Started, Text, TextRun
from gateway.stream.end import End
from gateway.stream.transcript import Tool, Transcript

from .own import add_choice, add_delta, own_chunk, usage_view
from .writer import finish_reason


class CompletionBuilder:
    """Keeps what a provider of this protocol says beyond our events; writes nothing on the way."""

    heartbeat = b""

    def __init__(self) -> None:
        self._content: list[str] = []
        self._refusal: list[str] = []
        self._top: dict[str, Any] = {}
        self._choice: dict[str, Any] = {}
        self._message: dict[str, Any] = {}

    def event(self, event: Event, sequence: int) -> bytes:
        """Take one event."""
        if type(event) is Text and event.channel == "answer":
            (self._refusal if event.is_refusal else self._content).append(event.text)
        elif type(event) is Started or type(event) is Other:
            self._take_own(event)
        return b""

    def _take_own(self, event: Started | Other) -> None:
        own = own_chunk(event.wire)
        if own is not None:
            self._top |= own.top
            if type(event) is Other:
                add_choice(self._choice, own.choice)
                add_delta(self._message, own.delta)

    def run(self, run: TextRun, sequence: int) -> list[bytes]:
        """Take pieces of text in a row."""
        self._content += run.texts
        return []

    def end(self, end: End, sequence: int) -> bytes:
        """Nothing to say."""
        return b""

    def completion(
        self, generation: str, model: str, created: int, transcript: Transcript, end: End
    ) -> dict[str, Any]:
        """Return the generation as one `chat.completion`."""
        choice = {
            "index": 0,
            "message": self._whole_message(transcript),
            "logprobs": None,
            "finish_reason": finish_reason(end, has_tools=bool(transcript.tools)),
        }
        return {
            "id": f"chatcmpl-{generation}",
            "object": "chat.completion",
            "created": created,
            "model": model,
            **self._top,
            "choices": [choice | self._choice],
            "usage": usage_view(end.usage),
        }

    def _whole_message(self, transcript: Transcript) -> dict[str, Any]:
        content, refusal = "".join(self._content), "".join(self._refusal) or None
        message: dict[str, Any] = {"role": "assistant", "content": content, "refusal": refusal}
        if transcript.reasoning:
            message["reasoning_content"] = transcript.reasoning
        if transcript.tools:
            message["tool_calls"] = [_call(tool) for _, tool in sorted(transcript.tools.items())]
        if not content and (transcript.tools or refusal):
            message["content"] = None
        return message | self._message


def _call(tool: Tool) -> dict[str, Any]:
    kind, words = ("custom", "input") if tool.is_custom else ("function", "arguments")
    return {"id": tool.id, "type": kind, kind: {"name": tool.name, words: "".join(tool.arguments)}}
