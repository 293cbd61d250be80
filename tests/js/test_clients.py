"""The npm packages `ai` and `@ag-ui/client` read the gateway as they read their own servers."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from aiohttp.test_utils import TestServer

from gateway.app import create_app
from gateway.config import load

HERE = Path(__file__).parent
pytestmark = [pytest.mark.browser, pytest.mark.timeout(90)]


@pytest.fixture
async def run(tmp_path):
    """Return a function that runs a script of this folder and returns its lines by name."""
    servers: list[TestServer] = []

    async def start(**environ: str) -> str:
        audit = str(tmp_path / f"audit{len(servers)}")
        ours = {"GATEWAY_LIMIT": "off", "GATEWAY_AUDIT_PATH": audit}
        server = TestServer(await create_app(load(None, ours | environ)))
        await server.start_server()
        servers.append(server)
        return str(server.make_url("")).rstrip("/")

    async def script(name: str, workers: int = 1, **environ: str) -> tuple[dict[str, dict], str]:
        bases = [await start(**environ) for _ in range(workers)]
        process = await asyncio.create_subprocess_exec(
            "node", str(HERE / name), *bases,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        out, err = await process.communicate()
        assert process.returncode == 0, err.decode()
        lines = [json.loads(line) for line in out.decode().splitlines()]
        return {line.pop("name"): line for line in lines}, err.decode()

    yield script
    for server in servers:
        await server.close()


def text_of(line: dict) -> str:
    return "".join(p["text"] for p in line["message"]["parts"] if p["type"] == "text")


async def test_the_ai_sdk_reads_resumes_and_hears_of_failures(run):
    said, _ = await run("ai_sdk.mjs")

    assert text_of(said["text"]) == "Kopi 🌴 dulu"
    parts = said["steps"]["message"]["parts"]
    assert [part["type"] for part in parts] == [
        "step-start", "reasoning", "text", "tool-a", "tool-b",
    ]  # fmt: skip
    assert parts[3]["input"] == {"x": 1}
    assert {part["state"] for part in parts[3:]} == {"input-available"}
    assert "error" in said["error"]
    assert "error" in said["cut"]
    assert text_of(said["resumed"]).split() == [f"token{n}" for n in range(1, 31)]
    assert said["after"]["stream"] is None


async def test_the_ai_sdk_resumes_on_another_worker(run, redis_url):
    said, _ = await run("ai_sdk.mjs", workers=2, REDIS_URL=redis_url)

    assert text_of(said["resumed"]).split() == [f"token{n}" for n in range(1, 31)]
    assert said["resumed"]["message"]["id"]
    assert said["after"]["stream"] is None
    assert said["unknown"]["stream"] is None


async def test_ag_ui_reads_runs_without_a_complaint(run):
    said, complaints = await run("agui.mjs")

    assert [m["content"] for m in said["text"]["messages"]] == ["Kopi 🌴 dulu"]
    reasoning, answer = said["steps"]["messages"]
    assert (reasoning["role"], reasoning["content"]) == ("reasoning", "Hm.")
    assert [call["function"]["name"] for call in answer["toolCalls"]] == ["a", "b"]
    assert {said["text"]["last"], said["steps"]["last"]} == {"RUN_FINISHED"}
    assert {said["error"]["last"], said["cut"]["last"]} == {"RUN_ERROR"}
    assert complaints == ""
