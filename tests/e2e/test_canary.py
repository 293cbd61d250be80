"""Personal values by every way in, two workers on a Redis: afterwards they are in nothing kept."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from tests.conftest import RedisServer
from tests.e2e.processes import Gateway, Provider, eventually
from tests.e2e.wire import CHAT, COMPLETIONS, STREAM, STREAMS, Wire, ask_url

MESSAGES, RESPONSES = "/v1/messages", "/v1/responses"
FAULTS = (
    "429",
    "503",
    "400",
    "401",
    "cut@1",
    "err@1",
    "garbage@1",
    "empty",
    "no_finish",
    "reset@1",
)


class Planted:
    """Mail addresses, each with the door in its name, so that a find names its door."""

    def __init__(self) -> None:
        self.doors: list[str] = []

    def mail(self, door: str) -> str:
        self.doors.append(f"zqcanary{door}qz")
        return f"zqcanary{door}qz@mail.example"

    def say(self, door: str) -> str:
        return f"my mail is {self.mail(door)} [[n=2]]"

    def found_in(self, data: bytes) -> list[str]:
        """Return the doors whose value is in some data, plain or in base64."""
        return [door for door in self.doors if any(form in data for form in _forms(door))]


def _forms(door: str) -> Iterator[bytes]:
    yield door.encode()
    for shift in range(3):
        yield base64.b64encode(b"x" * shift + door.encode())[4:-4]


@pytest.fixture(scope="module", params=["none", "outbound"])
def gateway(
    request: pytest.FixtureRequest,
    redis_server: RedisServer,
    provider: Provider,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Gateway]:
    redis_server.flush()
    folder = tmp_path_factory.mktemp("canary")
    url = provider.wire.url
    config = {
        "server": {"workers": 2, "drain_s": 2},
        "redis": {"url": redis_server.url},
        "backends": {
            "up": {"kind": "openai_chat", "api_key": "sk-x", "base_url": f"{url}/v1"},
            "an": {"kind": "anthropic_messages", "api_key": "sk-x", "base_url": url},
        },
        "models": {
            "default": {"targets": [{"backend": "up", "model": "m"}]},
            "claude": {"targets": [{"backend": "an", "model": "m"}]},
        },
        "apps": {"bali-zero": {"model": "default", "limits": [], "redact": request.param}},
        "audit": {
            "key": "k" * 16,
            "sinks": [
                {"kind": "jsonl", "path": str(folder / "audit")},
                {"kind": "sqlite", "path": str(folder / "copy.db")},
                {"kind": "redis", "url": redis_server.url},
            ],
        },
    }
    with Gateway(folder, config) as running:
        yield running


def talk(wire: Wire, planted: Planted) -> list[Any]:
    """Speak through every protocol with planted values in every field."""
    mail, say = planted.mail, planted.say
    image = base64.b64encode(mail("imagedata").encode()).decode()
    tool = {"name": "f", "description": mail("tool"), "parameters": {"default": mail("schema")}}
    call = {"name": "f", "arguments": json.dumps({"who": mail("arguments")})}
    parts = [
        {"type": "text", "text": say("part")},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{image}"}},
        {"type": "image_url", "image_url": {"url": f"https://e.example/{mail('imageurl')}"}},
        {
            "type": "file",
            "file": {"filename": mail("file"), "file_data": f"data:x/y;base64,{image}"},
        },
    ]
    history = [
        {"role": "user", "content": say("history")},
        {"role": "assistant", "content": None, "tool_calls": [
            {"id": "c1", "type": "function", "function": call}]},
        {"role": "tool", "tool_call_id": "c1", "content": mail("toolresult")},
    ]  # fmt: skip
    about = {"user": mail("user"), "metadata": {"mail": mail("metadata")}}
    about |= {"safety_identifier": mail("safety"), "prompt_cache_key": mail("cachekey")}
    text = {"model": "default", "messages": [{"role": "user", "content": say("openai")}]}
    claude = {"model": "claude", "max_tokens": 9, "metadata": {"user_id": mail("userid")}}
    ask = [{"role": "user", "content": say("anthropic")}]
    headers = {
        name.replace("-", "_"): mail(f"h{n}")
        for n, name in enumerate(
            ("X-Request-Id", "User-Agent", "Referer", "Cookie", "X-User", "X-User-Email",
             "Accept-Language", "Idempotency-Key", "tracestate", "baggage")
        )
    }  # fmt: skip
    return [
        wire.get(ask_url(say("get"), user_email=mail("getmail"), user_role=mail("getrole"))),
        wire.post(STREAM, {"query": say("post"), "user_email": mail("postmail")}),
        wire.post(STREAMS, {"query": say("create")}, **headers),
        wire.post(CHAT, {"query": say("chat"), "user_email": mail("chatmail")}),
        wire.post(COMPLETIONS, text | about | {"stream": True}),
        wire.post(COMPLETIONS, text | {"tools": [{"type": "function", "function": tool}]}),
        wire.post(COMPLETIONS, text | {"messages": history}),
        wire.post(COMPLETIONS, text | {"messages": [{"role": "user", "content": parts}]}),
        wire.post(COMPLETIONS, text | {"stop": [mail("stop")], mail("field"): mail("value")}),
        wire.post(MESSAGES, claude | {"system": say("system"), "messages": ask, "stream": True}),
        wire.post(RESPONSES, {"model": "default", "input": say("resp"), "user": mail("respuser")}),
        wire.post("/agui", {
            "threadId": "t", "runId": "r", "state": {"a": mail("state")}, "tools": [],
            "messages": [{"id": "1", "role": "user", "content": say("agui")}],
            "context": [{"description": mail("ctx"), "value": mail("ctxvalue")}],
            "forwardedProps": {"a": mail("props")},
        }),
        wire.post("/api/chat", {"id": "c", "messages": [
            {"id": "m", "role": "user", "parts": [{"type": "text", "text": say("aisdk")}]}]}),
    ]  # fmt: skip


def fail(wire: Wire, planted: Planted) -> list[Any]:
    """Go wrong in every way, with planted values in what goes wrong."""
    mail = planted.mail
    body = {"model": "default", "messages": [{"role": "user", "content": "x"}]}
    answers = [
        wire.get(f"/{quote(mail('path'))}?a={quote(mail('query'))}"),
        wire.get(f"{STREAMS}/{quote(mail('stream'))}"),
        wire.get(f"{STREAM}?query=x&ticket={quote(mail('ticket'))}"),
        wire.get(f"{STREAM}?query=x&last_event_id={quote(mail('lastid'))}"),
        wire.get(f"/v1/models/{quote(mail('modelid'))}"),
        wire.post(f"/api/v2/{quote(mail('app'))}/chat", {"query": "x"}),
        wire.post(CHAT, {"query": 5, mail("badfield"): mail("badvalue")}),
        wire.post(CHAT, {"query": "x", "model": mail("model")}),
        wire.post(CHAT, {"query": mail("big") + "x" * 2_000_000}),
        wire.post(COMPLETIONS, body | {"temperature": mail("temperature")}),
        wire.post(COMPLETIONS, body | {"messages": [{"role": mail("role"), "content": "x"}]}),
        wire.post(CHAT, {"query": "x"}, Authorization=f"Bearer {mail('key')}"),
        wire.post(CHAT, {"query": "x"}, Origin=f"https://{mail('origin')}"),
    ]
    for fault in FAULTS:
        text = f"{planted.mail('f' + fault.replace('@', 'at'))} [[n=3]] [[fault={fault}]]"
        answers.append(wire.post(CHAT, {"query": text}))
    return answers


def kept_of(gateway: Gateway, server: RedisServer) -> dict[str, bytes]:
    """Return all that was written anywhere, and all that a page shows, by place."""
    files = (path for path in gateway.folder.rglob("*") if path.is_file())
    kept = {str(path): path.name.encode() + path.read_bytes() for path in files}
    for page in ("/metrics", "/report", "/readyz", "/openapi.json"):
        kept[page] = gateway.wire.get(page).body
    client = server.client()
    read = {
        b"string": client.get,
        b"hash": client.hgetall,
        b"stream": client.xrange,
        b"set": client.smembers,
        b"list": lambda key: client.lrange(key, 0, -1),
        b"zset": lambda key: client.zrange(key, 0, -1),
    }
    for key in client.scan_iter():
        kept[f"redis {key!r}"] = key + repr(read[client.type(key)](key)).encode()
    client.close()
    return kept


def _lag(gateway: Gateway) -> float:
    return gateway.metric("gateway_audit_sink_lag_records")


def test_planted_values_are_in_no_file_store_log_metric_page_or_error(
    gateway: Gateway, redis_server: RedisServer
) -> None:
    planted = Planted()

    answers = talk(gateway.wire, planted)
    refused = fail(gateway.wire, planted)
    eventually(lambda: gateway.metric("gateway_streams_active") == 0)
    eventually(lambda: _lag(gateway) == 0)

    assert sum(answer.status in (200, 201) for answer in answers) >= 11, [a.status for a in answers]
    assert sum(answer.status >= 400 for answer in refused) >= 20
    leaks = {
        place: found
        for place, data in kept_of(gateway, redis_server).items()
        if (found := planted.found_in(data))
    }
    assert leaks == {}
    told = {
        answer.status: found
        for answer in refused
        if (found := planted.found_in(answer.raw_head + answer.body))
    }
    assert told == {}
