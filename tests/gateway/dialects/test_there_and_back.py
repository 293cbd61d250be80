"""A conversation of ten turns, told to another protocol's provider and back, is the same.

What a protocol cannot say is left out on the way there and named; the rest returns to the letter.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import permutations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backends import (
    ChatRequest,
    DocumentPart,
    ImagePart,
    Message,
    ResponseFormat,
    TextPart,
    Tool,
    ToolChoice,
    ToolResultPart,
    ToolUsePart,
)
from backends.anthropic_messages import write_body as write_messages
from backends.carriage import merge_turns
from backends.openai_chat import write_body as write_chat
from backends.openai_responses import write_body as write_responses
from gateway.dialects import anthropic_messages, openai_chat, openai_responses

CLAUDE = "claude-sonnet-4-5"
"""A model that takes a temperature, as OpenAI's do."""


def chat(request: ChatRequest) -> tuple[ChatRequest, tuple[str, ...]]:
    body = write_chat("b", request, "max_completion_tokens")
    return openai_chat.parse(body.data)[1], body.dropped


def messages(request: ChatRequest) -> tuple[ChatRequest, tuple[str, ...]]:
    body = write_messages("b", request)
    return anthropic_messages.parse(body.data)[1], body.dropped


def responses(request: ChatRequest) -> tuple[ChatRequest, tuple[str, ...]]:
    body = write_responses("b", request)
    return openai_responses.parse(body.data)[1], body.dropped


Hop = Callable[[ChatRequest], tuple[ChatRequest, tuple[str, ...]]]
HOPS: dict[str, Hop] = {"chat": chat, "messages": messages, "responses": responses}

WORDS = (
    "plain", "Kopi, café 🌴", "two\nlines", " led by a blank", 'quotes " and \\ strokes', "مرحبا",
    "data: not a frame\n\n", "{}", "<b>&amp;</b>", "\u2028\u2029 lines of Unicode", "x" * 5000,
)  # fmt: skip
VALUES = (None, True, 0, -(2**53), 1.5, "", "Ubud", [], [1, [2]], {}, {"a": {"b": [None]}})
PICTURES = (ImagePart("image/png", "aWNvbg=="), ImagePart(url="https://example.org/a.png"))
PAPER = DocumentPart("application/pdf", "cGRm", name="a.pdf")
NAMES = ("look", "find_it", "a-b", "Z9")


def json_text(value: object) -> str:
    return msgspec.json.encode(value).decode()


class Author:
    """Writes conversations by the throw of dice."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)

    def text(self) -> TextPart:
        return TextPart(self.dice.choice(WORDS))

    def tool_turns(self, number: int) -> list[Message]:
        """The assistant says something, calls tools, and gets each of them answered."""
        pick = self.dice.choice
        calls = [
            ToolUsePart(
                f"call_{number}_{n}",
                pick(NAMES),
                json_text({name: pick(VALUES) for name in NAMES[: self.dice.randrange(4)]}),
            )
            for n in range(self.dice.randint(1, 3))
        ]
        results = [
            ToolResultPart(c.id, (self.text(),), is_error=pick((True, False))) for c in calls
        ]
        asks = (
            Message("assistant", (self.text(), *calls)),
            Message("user", (*results, self.text())),
        )
        return list(asks)

    def plain_turns(self, number: int) -> list[Message]:
        """The assistant answers, and the user shows something."""
        parts = [self.dice.choice((self.text(), *PICTURES, PAPER)) for _ in range(number % 3)]
        return [Message("assistant", (self.text(),)), Message("user", (self.text(), *parts))]

    def conversation(self) -> ChatRequest:
        """Ten turns and the first question."""
        pick = self.dice.choice
        turns = [Message("user", (self.text(),))]
        for number in range(5):
            turns += pick((self.plain_turns, self.tool_turns))(number)
        shape = ResponseFormat("json_schema", "answer", {"type": "object"})
        schema = {"type": "object", "properties": {"a": {"type": "string"}}}
        return ChatRequest(
            model=CLAUDE,
            messages=tuple(turns),
            system=pick(((), (self.text(),))),
            tools=tuple(Tool(name, schema, "does it") for name in NAMES),
            tool_choice=pick((None, ToolChoice("auto"), ToolChoice("required"))),
            max_tokens=self.dice.randint(1, 4096),
            temperature=pick((None, 0.0, 0.5, 1.0)),
            response_format=pick((None, shape)),
        )


def bare(request: ChatRequest) -> ChatRequest:
    """Leave out the client's own body, and how a protocol spells the same."""
    choice = request.tool_choice
    if choice is not None:
        choice = msgspec.structs.replace(choice, parallel=None)
    shape = request.response_format
    if shape is not None:
        shape = ResponseFormat("json_schema", "answer", shape.schema)
    return msgspec.structs.replace(
        request,
        origin=None,
        tool_choice=choice,
        response_format=shape,
        tools=tuple(msgspec.structs.replace(tool, strict=None) for tool in request.tools),
        messages=tuple(map(_joined, merge_turns(request.messages))),
    )


def _joined(message: Message) -> Message:
    """Join neighbouring texts, and write what is JSON in one way."""
    parts: list = []
    for part in message.parts:
        last = parts[-1] if parts else None
        if isinstance(part, ToolUsePart):
            value = msgspec.json.decode(part.arguments)
            parts.append(msgspec.structs.replace(part, arguments=json_text(value)))
        elif isinstance(part, TextPart) and isinstance(last, TextPart):
            parts[-1] = TextPart(last.text + part.text)
        elif isinstance(part, ToolResultPart):
            parts.append(_marked(part))
        else:
            parts.append(part)
    return Message(message.role, tuple(parts))


def _marked(result: ToolResultPart) -> ToolResultPart:
    """Say the mark of an error as the field that it stands for."""
    text = "".join(part.text for part in result.content)
    is_error = result.is_error or text.startswith("[tool error] ")
    return ToolResultPart(
        result.tool_use_id, (TextPart(text.removeprefix("[tool error] ")),), is_error
    )


@pytest.mark.parametrize("here, there", list(permutations(HOPS, 2)))
@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_ten_turns_return_to_the_letter(here: str, there: str, seed: int):
    request = Author(seed).conversation()
    mine, _ = HOPS[here](request)
    told, dropped = HOPS[there](mine)

    back, _ = HOPS[here](msgspec.structs.replace(told, model=mine.model))

    assert dropped == ()
    assert bare(back) == bare(mine)
    assert bare(mine).messages == bare(request).messages
