"""Clients of other makers against a gateway, unmodified: `python clients.py BASE MODEL`.

Run by `run.py` with an environment of their own. Prints one JSON line a check.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

BASE, MODEL = sys.argv[1:3]
TEXT = "Kopi, café 🌴 and more"
SAY = f"[[text={TEXT}]]"
CALL = '[[tool=get_weather]][[args={"city":"Ubud"}]]'
KEY = "any-key"


def langchain_openai() -> None:
    from langchain_openai import ChatOpenAI

    # with an address of one's own LangChain asks for no usage in a stream unless told to
    chat = ChatOpenAI(
        model=MODEL, base_url=f"{BASE}/v1", api_key=KEY, max_retries=0, stream_usage=True
    )
    _langchain(chat)


def langchain_openai_responses() -> None:
    from langchain_openai import ChatOpenAI

    chat = ChatOpenAI(
        model=MODEL, base_url=f"{BASE}/v1", api_key=KEY, max_retries=0, use_responses_api=True
    )
    _langchain(chat)


def langchain_anthropic() -> None:
    from langchain_anthropic import ChatAnthropic

    _langchain(ChatAnthropic(model=MODEL, base_url=BASE, api_key=KEY, max_retries=0, max_tokens=99))


def _langchain(chat) -> None:
    from langchain_core.messages import HumanMessage, ToolMessage
    from langchain_core.tools import tool

    @tool
    def get_weather(city: str) -> str:
        """Tell the weather of a city."""
        return f"sunny in {city}"

    assert _words(chat.invoke(SAY)) == TEXT
    chunks = list(chat.stream(SAY))
    assert len(chunks) > 3
    whole = chunks[0]
    for chunk in chunks[1:]:
        whole += chunk
    assert _words(whole) == TEXT
    assert whole.usage_metadata["output_tokens"] > 0
    called = chat.bind_tools([get_weather]).invoke(CALL)
    [call] = called.tool_calls
    assert (call["name"], call["args"]) == ("get_weather", {"city": "Ubud"})
    result = ToolMessage("sunny", tool_call_id=call["id"])
    turns = [HumanMessage(CALL), called, result, HumanMessage(SAY)]
    assert _words(chat.bind_tools([get_weather]).invoke(turns)) == TEXT


def _words(message) -> str:
    content = message.content
    if isinstance(content, str):
        return content
    return "".join(part.get("text", "") for part in content if isinstance(part, dict))


def pydantic_ai_openai() -> None:
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.providers.openai import OpenAIProvider

    provider = OpenAIProvider(base_url=f"{BASE}/v1", api_key=KEY)
    asyncio.run(_pydantic_ai(OpenAIChatModel(MODEL, provider=provider)))


def pydantic_ai_anthropic() -> None:
    from pydantic_ai.models.anthropic import AnthropicModel
    from pydantic_ai.providers.anthropic import AnthropicProvider

    os.environ["ANTHROPIC_BASE_URL"] = BASE
    asyncio.run(_pydantic_ai(AnthropicModel(MODEL, provider=AnthropicProvider(api_key=KEY))))


async def _pydantic_ai(model) -> None:
    from pydantic_ai import Agent
    from pydantic_ai.messages import ToolCallPart

    seen: list[str] = []
    agent = Agent(model)

    @agent.tool_plain
    def get_weather(city: str) -> str:
        """Tell the weather of a city."""
        seen.append(city)
        return SAY

    assert (await agent.run(SAY)).output == TEXT
    async with agent.run_stream(SAY) as stream:
        pieces = [piece async for piece in stream.stream_text(delta=True, debounce_by=None)]
    assert "".join(pieces) == TEXT
    assert len(pieces) > 3
    async with agent.iter(CALL) as run:
        async for node in run:
            response = getattr(node, "model_response", None)
            if response is not None:
                [call] = [part for part in response.parts if isinstance(part, ToolCallPart)]
                assert call.args_as_dict() == {"city": "Ubud"}
                return
    raise AssertionError("no tool was called")


def llm_openai() -> None:
    models = f"- model_id: ours\n  model_name: {MODEL}\n  api_base: {BASE}/v1\n  can_stream: true\n"
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "extra-openai-models.yaml").write_text(models, "utf-8")
        _llm(folder, ["-m", "ours", "--key", KEY])


def _llm(folder: str, options: list[str]) -> None:
    llm = str(Path(sys.executable).with_name("llm"))
    environ = os.environ | {"LLM_USER_PATH": folder}
    for more in ([], ["--no-stream"]):
        told = subprocess.run(
            [llm, *options, *more, SAY], env=environ, capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        assert told.stdout.strip() == TEXT, told.stderr


CHECKS: dict[str, Callable[[], None]] = {
    "langchain-openai": langchain_openai,
    "langchain-openai (responses)": langchain_openai_responses,
    "langchain-anthropic": langchain_anthropic,
    "pydantic-ai-slim (openai)": pydantic_ai_openai,
    "pydantic-ai-slim (anthropic)": pydantic_ai_anthropic,
    "llm": llm_openai,
}


def main() -> None:
    """Run every check; what breaks is told and does not stop the rest."""
    for name, check in CHECKS.items():
        told = {"client": name, "version": version(name.partition(" ")[0]), "problem": None}
        try:
            check()
        except Exception as exc:  # noqa: BLE001 - whatever it raises is the finding
            told["problem"] = f"{type(exc).__name__}: {exc}"[:400]
        print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
