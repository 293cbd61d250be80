"""Output items as the responses protocol's events, each with a rising `sequence_number`."""

from __future__ import annotations

from typing import Any

import msgspec

from gateway.dialects.blocks import Block
from gateway.dialects.encode import json_bytes

Item = dict[str, Any]
_DELTAS: dict[str, tuple[str, dict[str, Any]]] = {
    "text": ("response.output_text.delta", {"content_index": 0, "logprobs": []}),
    "refusal": ("response.refusal.delta", {"content_index": 0}),
    "reasoning": ("response.reasoning_summary_text.delta", {"summary_index": 0}),
    "tool": ("response.function_call_arguments.delta", {}),
}  # fmt: skip


class ItemFrames:
    """Writes items for a stream and keeps those that are done."""

    def __init__(self, generation: str) -> None:
        self.sequence = 0
        self.done: list[Item] = []
        self.finals: dict[int, Item] = {}
        self._annotations: dict[int, list[Any]] = {}
        self._generation = generation

    def event(self, kind: str, fields: dict[str, Any]) -> bytes:
        """Return one event with the next sequence number."""
        payload = {"type": kind, **fields, "sequence_number": self.sequence}
        self.sequence += 1
        return b"event: %b\ndata: %b\n\n" % (kind.encode(), json_bytes(payload))

    def open(self, block: Block) -> bytes:
        """Add an item, and the first part of its content."""
        item = self._item(block, is_done=False)
        if block.kind == "opaque":
            return self.event(
                "response.output_item.added", {"output_index": block.index, "item": item}
            )
        kind, fields = _DELTAS[block.kind]
        place = {"item_id": item["id"], "output_index": block.index}
        head = json_bytes({"type": kind, **place, **fields})[:-1]
        block.head = b"event: %b\ndata: %b" % (kind.encode(), head + b',"delta":')
        added = {"output_index": block.index, "item": item}
        frames = self.event("response.output_item.added", added)
        if block.kind in ("text", "refusal"):
            part = {**place, "content_index": 0, "part": _content_part(block.kind, "")}
            frames += self.event("response.content_part.added", part)
        elif block.kind == "reasoning":
            part = {**place, "summary_index": 0, "part": _summary("")}
            frames += self.event("response.reasoning_summary_part.added", part)
        return frames

    def delta(self, block: Block, text: str) -> bytes:
        """Add to the open item; what is opaque is an event of the provider's own."""
        if block.kind == "opaque":
            return self._own(text, {"output_index": block.index})
        sequence = self.sequence
        self.sequence = sequence + 1
        return b'%b%b,"sequence_number":%d}\n\n' % (block.head, json_bytes(text), sequence)

    def aside(self, block: Block, delta: str) -> bytes:
        """Pass on what a provider of this protocol says of its text, such as a citation."""
        item = self._item(block, is_done=False)
        annotation = msgspec.json.decode(delta).get("annotation")
        if annotation is not None:
            self._annotations.setdefault(block.index, []).append(annotation)
        return self._own(delta, {"item_id": item["id"], "output_index": block.index})

    def _own(self, payload: str, place: dict[str, Any]) -> bytes:
        fields = msgspec.json.decode(payload)
        fields.pop("sequence_number", None)
        return self.event(fields.pop("type"), fields | place)

    def close(self, block: Block) -> bytes:
        """Say the whole of an item and that it is done."""
        item = self._item(block, is_done=True)
        self.done.append(item)
        place = {"item_id": item["id"], "output_index": block.index}
        text = block.text
        frames = b""
        if block.kind in ("text", "refusal"):
            place["content_index"] = 0
            part = item["content"][0]
            said = {"refusal": text} if block.kind == "refusal" else {"text": text, "logprobs": []}
            frames = self.event(f"response.{part['type']}.done", place | said)
            frames += self.event("response.content_part.done", place | {"part": part})
        elif block.kind == "reasoning":
            place["summary_index"] = 0
            frames = self.event("response.reasoning_summary_text.done", place | {"text": text})
            part = place | {"part": _summary(text)}
            frames += self.event("response.reasoning_summary_part.done", part)
        elif block.kind == "tool":
            said = place | {"name": block.name, "arguments": text}
            frames = self.event("response.function_call_arguments.done", said)
        done = {"output_index": block.index, "item": item}
        return frames + self.event("response.output_item.done", done)

    def unfinished(self, block: Block) -> Item:
        """Return an item of an answer that broke off."""
        return self._item(block, is_done=True) | {"status": "incomplete"}

    def _item(self, block: Block, *, is_done: bool) -> Item:
        status = "completed" if is_done else "in_progress"
        name = f"{self._generation}_{block.index}"
        text = block.text if is_done else ""
        match block.kind:
            case "reasoning":
                item: Item = {"id": f"rs_{name}", "type": "reasoning", "summary": []}
                if is_done:
                    item["summary"] = [_summary(text)] if text else []
                    item["encrypted_content"] = block.signature or None
                return item
            case "tool":
                call = {"call_id": block.id, "name": block.name, "arguments": text}
                return {"id": f"fc_{name}", "type": "function_call", "status": status, **call}
            case "opaque":
                begun: Item = msgspec.json.decode(block.opening)["item"]
                return self.finals.get(block.key, begun) if is_done else begun
            case _:
                message = {"id": f"msg_{name}", "type": "message", "status": status}
                part = _content_part(block.kind, text)
                if notes := self._annotations.get(block.index):
                    part["annotations"] = notes
                content = [part] if is_done else []
                return {**message, "role": "assistant", "content": content}


def _content_part(kind: str, text: str) -> Item:
    if kind == "refusal":
        return {"type": "refusal", "refusal": text}
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def _summary(text: str) -> Item:
    return {"type": "summary_text", "text": text}
