"""The API's description against the routes that are served and the answers that they give."""

from __future__ import annotations

import re
from html import unescape

import msgspec
import pytest

from gateway.api.docs import render
from gateway.app import create_app
from gateway.config import load
from gateway.openapi import build_document
from gateway.openapi.answers import ChatAnswer, Created, Health, Problem, Ready, Stopped, Ticket
from gateway.openapi.events import Done, Metadata, Token, WidgetEvent
from gateway.openapi.operations import OPERATIONS

UNDOCUMENTED = ("/static/", "/client", "/favicon.ico", "/admin/", "/docs", "/openapi.json")
BASE = "/api/v2/bali-zero"


@pytest.fixture
async def client(aiohttp_client, tmp_path):
    config = load(None, {"GATEWAY_AUDIT_PATH": str(tmp_path), "GATEWAY_LIMIT": "off"})
    return await aiohttp_client(await create_app(config))


async def test_every_route_is_described_and_every_description_is_served(client):
    served = {
        (route.method.lower(), re.sub(r":[^}]*\}", "}", route.resource.canonical))
        for route in client.app.router.routes()
        if route.method not in ("HEAD", "OPTIONS")
        and route.resource.canonical != "/"
        and not route.resource.canonical.startswith(UNDOCUMENTED)
    }
    described = {(operation.method, operation.path) for operation in OPERATIONS}

    assert served == described


async def test_the_document_names_only_schemas_that_it_holds(client):
    answer = await client.get("/openapi.json")
    text = await answer.text()

    known = set((await answer.json())["components"]["schemas"])
    assert set(re.findall(r"#/components/schemas/([\w.]+)", text)) <= known
    assert (await answer.json()) == msgspec.json.decode(msgspec.json.encode(build_document()))


async def test_the_events_of_a_live_stream_have_the_described_shapes(client):
    answer = await client.get(f"{BASE}/chat-stream", params={"query": "[[n=3]] [[delay=0]]"})
    lines = [x[6:] for x in (await answer.text()).splitlines() if x.startswith("data: ")]

    events = [msgspec.json.decode(line, type=WidgetEvent) for line in lines]
    assert [type(e) for e in events] == [Metadata, Token, Token, Token, Done]


async def test_live_answers_have_the_described_shapes(client):
    async def body(shape, method, path, **options):
        answer = await client.request(method, path, **options)
        return msgspec.json.decode(await answer.read(), type=shape)

    asked = {"json": {"query": "[[n=2]] [[delay=0]]"}}
    created = await body(Created, "POST", f"{BASE}/streams", **asked)
    stopped = await body(Stopped, "DELETE", f"{BASE}/streams/{created.id}")
    ticket = await body(Ticket, "POST", f"{BASE}/tickets", json={})
    chat = await body(ChatAnswer, "POST", f"{BASE}/chat", **asked)
    problem = await body(Problem, "GET", "/nowhere")

    assert stopped.id == created.id
    assert ticket.expires_in > 0
    assert chat.success
    assert problem.code == "not_found"
    assert (await body(Health, "GET", "/healthz")).status == "ok"
    assert (await body(Ready, "GET", "/readyz")).ready


async def test_the_page_says_all_without_its_script_and_needs_nothing_from_elsewhere(client):
    answer = await client.get("/docs")
    text = await answer.text()

    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert re.findall("<script[^>]*>", text) == ['<script src="/static/try.js" defer>']
    assert (await client.get("/static/try.js")).status == 200
    assert 'data-path="/v1/chat/completions"' in text
    assert not re.search(r'(?:src|href)="https?:', text)
    assert all(operation.path in text for operation in OPERATIONS)


async def test_every_example_of_the_page_gets_an_answer(client):
    text = await (await client.get("/docs")).text()
    found = re.findall(
        r'<article[^>]* data-method="(\w+)" data-path="([^"]+)"(?: data-body="([^"]+)")?', text
    )

    statuses = {}
    for method, path, body in found:
        headers = {"Content-Type": "application/json"} if body else {}
        answer = await client.request(
            method, unescape(path), data=unescape(body) or None, headers=headers
        )
        statuses[path] = answer.status
        answer.close()

    assert len(found) > 12
    assert {path for path, status in statuses.items() if status >= 400} <= {"/v1/embeddings"}


def test_what_a_host_header_says_is_text_on_the_page():
    page = render(build_document(), "http://a'\"><script>x()</script>")

    assert "<script>x" not in page
    assert "&lt;script&gt;x" in page
