"""`/openapi.json`, and a page made from it with examples to run; nothing from elsewhere."""

from __future__ import annotations

import json
from html import escape
from typing import Any

from aiohttp import web

from gateway.dialects.encode import json_bytes
from gateway.openapi import build_document

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'; "
    "require-trusted-types-for 'script'"
)
HEAD = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>Sluicegate API</title>
<link rel="icon" href="/static/favicon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/static/docs.css"><script src="/static/try.js" defer></script>
</head><body>
<header><h1>Sluicegate API</h1><p>The machine-readable form is
<a href="/openapi.json">openapi.json</a> (OpenAPI 3.1). The chat page is at <a href="/">/</a>.</p>
<p id="try" hidden><label>API key for the examples, where one is asked for; it stays in this page
<input id="key" type="password" autocomplete="off"></label></p>
</header><main>"""


_HELLO = {"role": "user", "content": "Hello"}
_CLAUDE: dict[str, object] = {"model": "default", "messages": [_HELLO]}
_PARTS = [{"type": "text", "text": "Hello"}]
EXAMPLES: dict[str, Any] = {
    "/v1/chat/completions": {"model": "default", "stream": True, "messages": [_HELLO]},
    "/v1/messages": {**_CLAUDE, "max_tokens": 200, "stream": True},
    "/v1/messages/count_tokens": _CLAUDE,
    "/v1/responses": {"model": "default", "stream": True, "input": "Hello"},
    "/v1/embeddings": {"model": "default", "input": "Hello"},
    "/api/chat": {"id": "c1", "messages": [{"id": "m1", "role": "user", "parts": _PARTS}]},
    "/agui": {
        "threadId": "t1", "runId": "r1", "messages": [{"id": "m1", **_HELLO}],
        "tools": [], "context": [], "state": {}, "forwardedProps": {},
    },
}  # fmt: skip
"""A body for each path outside the widget's protocol."""


def setup_docs(app: web.Application) -> None:
    """Register the routes."""
    app.router.add_get("/openapi.json", openapi, name="openapi")
    app.router.add_get("/docs", page, name="docs")


async def openapi(request: web.Request) -> web.Response:
    """Return the OpenAPI document."""
    return web.Response(body=json_bytes(build_document()), content_type="application/json")


async def page(request: web.Request) -> web.Response:
    """Return the page."""
    base = f"{request.scheme}://{request.host}"
    headers = {"Content-Security-Policy": POLICY, "Cache-Control": "no-cache"}
    body = render(build_document(), base)
    return web.Response(text=body, content_type="text/html", charset="utf-8", headers=headers)


def render(document: dict[str, Any], base: str) -> str:
    """Return the whole page."""
    parts = [HEAD]
    for family in _families(document):
        parts.append(f"<section><h2>{escape(family)}</h2>")
        parts += [
            _operation(path, method, operation, base)
            for path, methods in document["paths"].items()
            for method, operation in methods.items()
            if operation["tags"] == [family]
        ]
        parts.append("</section>")
    parts.append("<section><h2>Schemas</h2>")
    parts += [_schema(name, schema) for name, schema in document["components"]["schemas"].items()]
    parts.append("</section></main></body></html>")
    return "\n".join(parts)


def _families(document: dict[str, Any]) -> list[str]:
    seen: dict[str, None] = {}
    for methods in document["paths"].values():
        for operation in methods.values():
            seen[operation["tags"][0]] = None
    return list(seen)


def _operation(path: str, method: str, operation: dict[str, Any], base: str) -> str:
    rows = "".join(
        f"<tr><td><code>{escape(item['name'])}</code></td><td>{escape(item['in'])}</td>"
        f"<td>{'required' if item['required'] else ''}</td>"
        f"<td>{escape(item['description'])}</td></tr>"
        for item in operation["parameters"]
    )
    table = f"<table><tbody>{rows}</tbody></table>" if rows else ""
    answers = "".join(
        f"<li><code>{status}</code> {escape(answer['description'])}</li>"
        for status, answer in operation["responses"].items()
    )
    return (
        f'<article id="{operation["operationId"]}"{_trial(path, method, operation)}>'
        f"<h3><code>{method.upper()} {escape(path)}</code></h3>"
        f"<p>{escape(operation['summary'])}.</p>{table}"
        f'<pre tabindex="0">{escape(_curl(path, method, operation, base))}</pre>'
        f"<ul>{answers}</ul></article>"
    )


def _curl(path: str, method: str, operation: dict[str, Any], base: str) -> str:
    url = base + _address(path, method)
    words = ["curl -N" if "204" in operation["responses"] else "curl"]
    if method != "get":
        words.append(f"-X {method.upper()}")
    if "requestBody" in operation:
        words += ["-H 'Content-Type: application/json'", f"-d '{_example(path)}'"]
    return " ".join([*words, f"'{url}'"])


def _address(path: str, method: str) -> str:
    """Return the path of the example."""
    found = path.replace("{app}", "bali-zero").replace("{model}", "default")
    return f"{found}?query=Hello" if method == "get" and path.endswith("chat-stream") else found


def _trial(path: str, method: str, operation: dict[str, Any]) -> str:
    """Return what the page's script needs to run the example; nothing where an id is missing."""
    address = _address(path, method)
    if "{" in address or method == "delete":
        return ""
    body = f' data-body="{escape(_example(path))}"' if "requestBody" in operation else ""
    return f' data-method="{method.upper()}" data-path="{escape(address)}"{body}'


def _example(path: str) -> str:
    if path.startswith("/api/v2/"):
        return json.dumps({"query": "Hello"})
    return json.dumps(EXAMPLES[path])


def _schema(name: str, schema: dict[str, Any]) -> str:
    text = json.dumps(schema, indent=1)
    return (
        f'<details id="schema-{escape(name)}"><summary><code>{escape(name)}</code> '
        f"{escape(schema.get('description', ''))}</summary>"
        f'<pre tabindex="0">{escape(text)}</pre></details>'
    )
