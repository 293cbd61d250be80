"""From the body that `useChat` sends to a `ChatRequest`."""

from __future__ import annotations

from typing import Any

import msgspec

from backends import ChatRequest, Message, TextPart, Tool
from gateway.config.schema import App
from gateway.dialects.body import decode
from gateway.errors import bad_field

from .parts import UIPart, turns_of

MAX_ID = 256


class UIMessage(msgspec.Struct):
    """One message of the page."""

    role: str
    parts: list[UIPart]
    id: str = ""


class ToolIn(msgspec.Struct, rename="camel"):
    """A tool that the page can run."""

    name: str
    input_schema: dict[str, Any] | None = None
    description: str | None = None


class UIChat(msgspec.Struct):
    """The typed part of the body; `model` and `tools` are what a page may add of its own."""

    id: str
    messages: list[UIMessage]
    model: str | None = None
    tools: list[ToolIn] | None = None

    @property
    def answers(self) -> str | None:
        """The id of the message that the answer continues, where tools have just run."""
        last = self.messages[-1]
        return last.id if last.role == "assistant" and last.id else None


def parse(body: bytes) -> UIChat:
    """Read a body; raise an error that names the field."""
    typed = decode(body, UIChat)
    if not 1 <= len(typed.id) <= MAX_ID:
        raise bad_field("id", f"must have 1 to {MAX_ID} characters.")
    if not typed.messages:
        raise bad_field("messages", "must not be empty.")
    return typed


def chat_request(typed: UIChat, app: App) -> ChatRequest:
    """Return the question for a backend, with the system prompt of the app."""
    system = [TextPart(app.system_prompt)] if app.system_prompt else []
    messages: list[Message] = []
    for index, message in enumerate(typed.messages):
        at = f"messages[{index}]"
        if message.role not in ("system", "user", "assistant"):
            raise bad_field(f"{at}.role", "must be system, user or assistant.")
        for turn in turns_of(message.role, message.parts, at):
            if turn.role == "system" and not messages:
                system += [part for part in turn.parts if isinstance(part, TextPart)]
            else:
                messages.append(turn)
    if not messages:
        raise bad_field("messages", "hold nothing to answer.")
    return ChatRequest(
        model=typed.model or app.model,
        messages=tuple(messages),
        system=tuple(system),
        tools=tuple(_tool(tool) for tool in typed.tools or ()),
    )


def _tool(tool: ToolIn) -> Tool:
    schema = tool.input_schema or {"type": "object", "properties": {}}
    return Tool(tool.name, schema, tool.description)
