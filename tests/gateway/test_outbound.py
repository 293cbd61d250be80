"""`redact: outbound`: the provider sees no personal value, the reader sees all of them."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit import Outbound, Redactor
from backends import (
    Finished,
    Message,
    Started,
    Text,
    TextPart,
    Timeouts,
    ToolCall,
    ToolResultPart,
    ToolUsePart,
)
from backends.request import ChatRequest, Origin
from gateway.outbound import HidingSource, Returning

EMAIL, CARD = "maria.rossi@example.com", "4111 1111 1111 1111"


@pytest.fixture(scope="module")
def redactor():
    return Redactor(lambda kind, value: "")


class Parrot:
    """Says back what it was asked, in pieces, and remembers what it saw."""

    def __init__(self, size: int = 3) -> None:
        self.seen: list[ChatRequest] = []
        self.size = size

    def timeouts_of(self, served_by: str) -> Timeouts:
        return Timeouts()

    async def batches(self, request):
        self.seen.append(request)
        words = request.messages[-1].parts[-1].text
        yield (Started("parrot"),)
        starts = range(0, len(words), self.size)
        yield [Text(words[start : start + self.size]) for start in starts]
        arguments = msgspec.json.encode({"to": words}).decode()
        yield (ToolCall(0, "", id="call_1", name="send"),)
        for start in range(0, len(arguments), self.size):
            yield (ToolCall(0, arguments[start : start + self.size]),)
        yield (Finished("stop"),)


def asked(text: str) -> ChatRequest:
    messages = (
        Message("assistant", (ToolUsePart("c1", "find", f'{{"mail":"{EMAIL}"}}'),)),
        Message("user", (ToolResultPart("c1", (TextPart(f"found {EMAIL}"),)), TextPart(text))),
    )
    return ChatRequest("m", messages, system=(TextPart(f"You serve {EMAIL}."),),
                       origin=Origin("openai.chat", {"raw": text}))  # fmt: skip


async def answer(source, request):
    events = [event async for batch in source.batches(request) for event in batch]
    text = "".join(e.text for e in events if isinstance(e, Text))
    arguments = "".join(e.arguments for e in events if isinstance(e, ToolCall))
    return events, text, arguments


async def test_the_provider_sees_no_value_and_the_reader_sees_all(redactor):
    parrot = Parrot()
    prompt = f"Write to {EMAIL} about card {CARD}, please."

    events, text, arguments = await answer(HidingSource(parrot, redactor), asked(prompt))

    sent = msgspec.json.encode(parrot.seen[0]).decode()
    assert EMAIL not in sent
    assert CARD not in sent
    assert parrot.seen[0].origin.body == {"raw": "..."}
    assert not parrot.seen[0].origin.relays
    assert text == prompt
    assert msgspec.json.decode(arguments) == {"to": prompt}
    assert isinstance(events[-1], Finished)


async def test_one_value_has_one_name_in_the_whole_request(redactor):
    parrot = Parrot()

    await answer(HidingSource(parrot, redactor), asked(f"Again {EMAIL}"))

    request = parrot.seen[0]
    name = request.system[0].text.removeprefix("You serve ").removesuffix(".")
    assert name in request.messages[-1].parts[-1].text
    assert name in request.messages[0].parts[0].arguments


@given(cuts=st.lists(st.integers(1, 30), max_size=12))
def test_names_are_restored_however_the_answer_is_cut(redactor, cuts):
    outbound = Outbound(redactor)
    [hidden] = outbound.hide([f"Mail {EMAIL} or {EMAIL}."])
    returning, got, at = Returning(outbound), [], 0

    for size in [*cuts, len(hidden)]:
        got += returning.take(Text(hidden[at : at + size]))
        at += size
    got += returning.take(Finished("stop"))

    assert "".join(e.text for e in got if isinstance(e, Text)) == f"Mail {EMAIL} or {EMAIL}."


async def test_what_was_held_is_let_go_before_another_part_begins(redactor):
    outbound = Outbound(redactor)
    [hidden] = outbound.hide([EMAIL])
    returning = Returning(outbound)

    events = returning.take(Text(hidden[:-1]))
    events += returning.take(ToolCall(0, "{}", id="c", name="f"))

    assert "".join(e.text for e in events if isinstance(e, Text)) == hidden[:-1]
    assert isinstance(events[-1], ToolCall)
