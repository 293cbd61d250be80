"""The AI SDK's resume: a full replay for whoever comes back, 204 when there is nothing."""

from __future__ import annotations

import asyncio
import json

import aiohttp
import pytest

from backends import ImagePart, ReasoningPart, Text, TextPart, ToolCall, ToolResultPart, ToolUsePart
from gateway.config.schema import App
from gateway.dialects.ai_sdk import UIWriter, chat_request, parse

QUESTION = {
    "role": "user",
    "id": "m1",
    "parts": [{"type": "text", "text": "[[n=30]][[delay=0.02]]"}],
}


@pytest.fixture
async def session():
    async with aiohttp.ClientSession() as client:
        yield client


def chunks_of(text: str) -> list[dict]:
    blocks = [b[6:] for b in text.split("\n\n") if b.startswith("data: ")]
    return [json.loads(block) for block in blocks if block != "[DONE]"]


async def leave_in_the_middle(session, gateway, chat: str) -> None:
    body = {"id": chat, "messages": [QUESTION]}
    async with session.post(f"{gateway}/api/chat", json=body) as answer:
        assert answer.headers["x-vercel-ai-ui-message-stream"] == "v1"
        seen = b""
        while seen.count(b"text-delta") < 5:
            seen += await answer.content.readany()
        answer.close()


async def test_who_comes_back_gets_everything_from_the_first_event(session, gateway):
    await leave_in_the_middle(session, gateway, "c1")

    async with session.get(f"{gateway}/api/chat/c1/stream") as answer:
        chunks = chunks_of(await answer.text())

    assert answer.headers["x-vercel-ai-ui-message-stream"] == "v1"
    assert [c["type"] for c in chunks[:3]] == ["start", "start-step", "text-start"]
    text = "".join(c["delta"] for c in chunks if c["type"] == "text-delta")
    assert text.split() == [f"token{n}" for n in range(1, 31)]
    assert chunks[-1]["type"] == "finish"


async def test_an_answer_that_ended_unheard_is_replayed_once(session, gateway):
    await leave_in_the_middle(session, gateway, "c1")
    await asyncio.sleep(0.8)

    first = await session.get(f"{gateway}/api/chat/c1/stream")
    assert chunks_of(await first.text())[-1]["type"] == "finish"
    second = await session.get(f"{gateway}/api/chat/c1/stream")
    assert second.status == 204


async def test_there_is_nothing_to_resume_after_a_whole_answer_or_in_an_unknown_chat(
    session, gateway
):
    body = {"id": "c1", "messages": [QUESTION]}
    async with session.post(f"{gateway}/api/chat", json=body) as answer:
        await answer.read()

    for chat in ("c1", "unknown"):
        assert (await session.get(f"{gateway}/api/chat/{chat}/stream")).status == 204


async def test_a_stop_ends_the_answer_for_all_readers(session, gateway):
    body = {"id": "c1", "messages": [QUESTION]}
    async with session.post(f"{gateway}/api/chat", json=body) as answer:
        await answer.content.readuntil(b"text-delta")
        stopped = await session.delete(f"{gateway}/api/chat/c1/stream")
        rest = (await answer.read()).decode()

    assert (await stopped.json())["outcome"] == "cancelled"
    assert '"type":"abort"' in rest
    assert '"type":"finish"' not in rest
    assert (await session.get(f"{gateway}/api/chat/c1/stream")).status == 204
    assert (await session.delete(f"{gateway}/api/chat/c1/stream")).status == 404


def test_a_snapshot_says_all_blocks_and_leaves_the_open_one_open():
    writer = UIWriter("default")
    live = b""
    for event in (
        Text("hm", channel="reasoning"),
        Text("one "),
        Text("two"),
        ToolCall(0, '{"a":', id="t1", name="f"),
    ):
        live += writer.event(event, 1)

    again = chunks_of(writer.snapshot("", 4).decode())
    rest = chunks_of(writer.event(ToolCall(0, "1}"), 5).decode())

    assert [c["type"] for c in again] == [
        "reasoning-start", "reasoning-delta", "reasoning-end",
        "text-start", "text-delta", "text-end", "tool-input-start", "tool-input-delta",
    ]  # fmt: skip
    assert again[4]["delta"] == "one two"
    assert rest == [{"type": "tool-input-delta", "toolCallId": "t1", "inputTextDelta": "1}"}]


def test_a_message_with_tools_becomes_the_steps_that_it_was():
    parts = [
        {"type": "step-start"},
        {
            "type": "reasoning", "text": "hm",
            "providerMetadata": {"sluicegate": {"signature": "sig"}},
        },
        {
            "type": "tool-f", "toolCallId": "t1", "state": "output-available",
            "input": {"a": 1}, "output": {"b": 2},
        },
        {"type": "tool-g", "toolCallId": "t2", "state": "input-available", "input": {}},
        {"type": "step-start"},
        {"type": "text", "text": "done"},
        {"type": "data-note", "data": 1},
    ]  # fmt: skip
    picture = {"type": "file", "mediaType": "image/png", "url": "data:image/png;base64,aGk="}
    body = {
        "id": "c",
        "messages": [
            {"role": "user", "parts": [{"type": "text", "text": "q"}, picture]},
            {"role": "assistant", "id": "a1", "parts": parts},
        ],
    }

    typed = parse(json.dumps(body).encode())
    chat = chat_request(typed, App(model="default", system_prompt="Be kind."))

    assert typed.answers == "a1"
    assert chat.system == (TextPart("Be kind."),)
    assert [(m.role, m.parts) for m in chat.messages] == [
        ("user", (TextPart("q"), ImagePart("image/png", "aGk="))),
        ("assistant", (ReasoningPart("hm", "sig"), ToolUsePart("t1", "f", '{"a":1}'))),
        ("user", (ToolResultPart("t1", (TextPart('{"b":2}'),)),)),
        ("assistant", (TextPart("done"),)),
    ]
