"""Clients of every dialect, as strict as the real ones: most of them are the real ones."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

import aiohttp
import anthropic
import openai

WEATHER = {"type": "object", "properties": {"city": {"type": "string"}}}
TOOLS = ("get_weather", "get_time")


class Broken(Exception):
    """The answer is not whole, and the protocol said so."""


@dataclass
class Said:
    """What a client understood of an answer."""

    text: str = ""
    reasoning: str = ""
    tools: list[tuple[str, str, dict]] = field(default_factory=list)
    """Id, name, arguments."""
    finish: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None


@dataclass
class Speaker:
    """One way to ask: `whole` answers at once, the others stream."""

    name: str
    ask: Callable[[str, str], Awaitable[Said]]
    finishes: dict[str, str]
    is_whole: bool = False

    def __repr__(self) -> str:
        return self.name


CHAT = {"stop": "stop", "tools": "tool_calls", "length": "length"}
MESSAGES = {"stop": "end_turn", "tools": "tool_use", "length": "max_tokens"}
RESPONSES = {"stop": "completed", "tools": "completed", "length": "incomplete"}
UI = {"stop": "stop", "tools": "tool-calls", "length": "length"}
RUN = {"stop": "success", "tools": "success", "length": "success"}


def openai_tools() -> list[dict]:
    return [{"type": "function", "function": {"name": n, "parameters": WEATHER}} for n in TOOLS]


async def chat_stream(base: str, prompt: str) -> Said:
    said = Said()
    async with openai.AsyncOpenAI(base_url=f"{base}/v1", api_key="k", max_retries=0) as client:
        try:
            async with client.chat.completions.stream(
                model="default",
                messages=[{"role": "user", "content": prompt}],
                tools=openai_tools(),
                max_tokens=100,
                stream_options={"include_usage": True},
            ) as stream:
                async for event in stream:
                    if event.type == "chunk":
                        for choice in event.chunk.choices:
                            said.reasoning += getattr(choice.delta, "reasoning_content", "") or ""
                final = await stream.get_final_completion()
        except openai.LengthFinishReasonError as error:
            final = error.completion
        except openai.APIStatusError:
            raise
        except openai.APIError as error:
            raise Broken(error.message) from error
    return _completion(final, said)


async def chat_whole(base: str, prompt: str) -> Said:
    async with openai.AsyncOpenAI(base_url=f"{base}/v1", api_key="k", max_retries=0) as client:
        final = await client.chat.completions.create(
            model="default",
            messages=[{"role": "user", "content": prompt}],
            tools=openai_tools(),
            max_tokens=100,
        )
    message = final.choices[0].message
    return _completion(final, Said(reasoning=getattr(message, "reasoning_content", "") or ""))


def _completion(final: object, said: Said) -> Said:
    choice = final.choices[0]
    said.text = choice.message.content or ""
    said.finish = choice.finish_reason
    said.tools = [
        (call.id, call.function.name, json.loads(call.function.arguments))
        for call in choice.message.tool_calls or ()
    ]
    if final.usage:
        said.input_tokens = final.usage.prompt_tokens
        said.output_tokens = final.usage.completion_tokens
    return said


def _message_request(prompt: str) -> dict:
    return {
        "model": "default",
        "messages": [{"role": "user", "content": prompt}],
        "tools": [{"name": name, "input_schema": WEATHER} for name in TOOLS],
        "max_tokens": 100,
    }


async def messages_stream(base: str, prompt: str) -> Said:
    async with anthropic.AsyncAnthropic(base_url=base, api_key="k", max_retries=0) as client:
        try:
            async with client.messages.stream(**_message_request(prompt)) as stream:
                return _message(await stream.get_final_message())
        except anthropic.APIStatusError as error:
            if error.status_code == 200:
                raise Broken(error.message) from error
            raise


async def messages_whole(base: str, prompt: str) -> Said:
    async with anthropic.AsyncAnthropic(base_url=base, api_key="k", max_retries=0) as client:
        return _message(await client.messages.create(**_message_request(prompt)))


def _message(final: anthropic.types.Message) -> Said:
    said = Said(finish=final.stop_reason)
    for block in final.content:
        if block.type == "text":
            said.text += block.text
        elif block.type == "thinking":
            said.reasoning += block.thinking
        elif block.type == "tool_use":
            said.tools.append((block.id, block.name, block.input))
    said.input_tokens = final.usage.input_tokens
    said.output_tokens = final.usage.output_tokens
    return said


def _response_request(prompt: str) -> dict:
    tools = [{"type": "function", "name": name, "parameters": WEATHER} for name in TOOLS]
    return {"model": "default", "input": prompt, "tools": tools, "max_output_tokens": 100}


async def responses_stream(base: str, prompt: str) -> Said:
    last = None
    client = openai.AsyncOpenAI(base_url=f"{base}/v1", api_key="k", max_retries=0)
    async with client, client.responses.stream(**_response_request(prompt)) as stream:
        async for event in stream:
            last = event
    if last.type == "response.failed":
        raise Broken(last.response.error.message)
    assert last.type in ("response.completed", "response.incomplete")
    return _response(last.response)


async def responses_whole(base: str, prompt: str) -> Said:
    async with openai.AsyncOpenAI(base_url=f"{base}/v1", api_key="k", max_retries=0) as client:
        return _response(await client.responses.create(**_response_request(prompt)))


def _response(final: object) -> Said:
    said = Said(text=final.output_text, finish=final.status)
    for item in final.output:
        if item.type == "function_call":
            said.tools.append((item.call_id, item.name, json.loads(item.arguments)))
        elif item.type == "reasoning":
            said.reasoning += "".join(part.text for part in item.summary)
    said.input_tokens = final.usage.input_tokens
    said.output_tokens = final.usage.output_tokens
    return said


class Refused(Exception):
    """The gateway said no before the stream."""

    def __init__(self, status: int, body: dict) -> None:
        super().__init__(f"{status} {body}")
        self.status_code = status
        self.body = body


async def data_events(base: str, path: str, body: dict) -> AsyncIterator[dict | str]:
    async with aiohttp.ClientSession() as session, session.post(base + path, json=body) as answer:
        if answer.status != 200:
            raise Refused(answer.status, await answer.json(content_type=None))
        text = (await answer.read()).decode()
    for block in text.split("\n\n"):
        lines = [line for line in block.split("\n") if line and not line.startswith(":")]
        if not lines:
            continue
        assert [line[:6] for line in lines] == ["data: "]
        data = lines[0][6:]
        yield data if data == "[DONE]" else json.loads(data)


async def ui_stream(base: str, prompt: str) -> Said:
    """Like the reader of the npm package `ai`: a part must start before it goes on."""
    said, open_parts, is_done = Said(), {}, False
    parts = [{"type": "text", "text": prompt}]
    message = {"id": "m1", "role": "user", "parts": parts}
    async for chunk in data_events(base, "/api/chat", {"id": "c1", "messages": [message]}):
        assert not is_done
        if chunk == "[DONE]":
            is_done = True
            continue
        match chunk["type"]:
            case "text-start" | "reasoning-start":
                assert not open_parts
                open_parts[chunk["id"]] = chunk["type"].removesuffix("-start")
            case "text-delta" | "reasoning-delta":
                kind = open_parts[chunk["id"]]
                assert chunk["type"] == f"{kind}-delta"
                if kind == "text":
                    said.text += chunk["delta"]
                else:
                    said.reasoning += chunk["delta"]
            case "text-end" | "reasoning-end":
                del open_parts[chunk["id"]]
            case "tool-input-start":
                assert not open_parts
                open_parts[chunk["toolCallId"]] = ""
            case "tool-input-delta":
                open_parts[chunk["toolCallId"]] += chunk["inputTextDelta"]
            case "tool-input-available":
                text = open_parts.pop(chunk["toolCallId"])
                assert json.loads(text) == chunk["input"]
                said.tools.append((chunk["toolCallId"], chunk["toolName"], chunk["input"]))
            case "finish":
                assert not open_parts
                said.finish = chunk["finishReason"]
                said.input_tokens = chunk["messageMetadata"]["usage"]["inputTokens"]
                said.output_tokens = chunk["messageMetadata"]["usage"]["outputTokens"]
            case "error":
                raise Broken(chunk["errorText"])
            case other:
                assert other in ("start", "start-step", "finish-step")
    assert is_done
    return said


async def run_stream(base: str, prompt: str) -> Said:
    """Like AG-UI's own client: one open thing at a time, and one end of the run."""
    said, open_ids, kinds = Said(), {}, []
    message = {"id": "m1", "role": "user", "content": prompt}
    body = {"threadId": "t1", "runId": "r1", "messages": [message]}
    async for event in data_events(base, "/agui", body):
        kind = event["type"]
        kinds.append(kind)
        assert None not in event.values()
        match kind:
            case "TEXT_MESSAGE_START" | "REASONING_MESSAGE_START":
                assert not open_ids
                open_ids[event["messageId"]] = kind
            case "TEXT_MESSAGE_CONTENT":
                assert open_ids[event["messageId"]] == "TEXT_MESSAGE_START"
                said.text += event["delta"]
            case "REASONING_MESSAGE_CONTENT":
                assert open_ids[event["messageId"]] == "REASONING_MESSAGE_START"
                said.reasoning += event["delta"]
            case "TEXT_MESSAGE_END" | "REASONING_MESSAGE_END":
                del open_ids[event["messageId"]]
            case "TOOL_CALL_START":
                assert not open_ids
                open_ids[event["toolCallId"]] = (event["toolCallName"], [])
            case "TOOL_CALL_ARGS":
                open_ids[event["toolCallId"]][1].append(event["delta"])
            case "TOOL_CALL_END":
                name, pieces = open_ids.pop(event["toolCallId"])
                said.tools.append((event["toolCallId"], name, json.loads("".join(pieces))))
            case "RUN_FINISHED":
                said.finish = event["outcome"]["type"]
                said.input_tokens = event["usage"][0]["inputTokens"]
                said.output_tokens = event["usage"][0]["outputTokens"]
    assert kinds[0] == "RUN_STARTED"
    if kinds[-1] == "RUN_ERROR":
        raise Broken(event["message"])
    assert kinds[-1] == "RUN_FINISHED"
    assert not open_ids
    return said


SPEAKERS = [
    Speaker("chat", chat_stream, CHAT),
    Speaker("chat-whole", chat_whole, CHAT, is_whole=True),
    Speaker("messages", messages_stream, MESSAGES),
    Speaker("messages-whole", messages_whole, MESSAGES, is_whole=True),
    Speaker("responses", responses_stream, RESPONSES),
    Speaker("responses-whole", responses_whole, RESPONSES, is_whole=True),
    Speaker("ai-sdk", ui_stream, UI),
    Speaker("agui", run_stream, RUN),
]
