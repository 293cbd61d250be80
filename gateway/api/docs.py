"""`/openapi.json`, and a page for people made from it: no script, nothing from elsewhere."""

from __future__ import annotations

import json
from html import escape
from typing import Any

from aiohttp import web

from gateway.dialects.encode import json_bytes
from gateway.openapi import build_document

POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
HEAD = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>Sluicegate API</title>
<link rel="icon" href="/static/favicon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/static/docs.css"></head><body>
<header><h1>Sluicegate API</h1><p>The machine-readable form is
<a href="/openapi.json">openapi.json</a> (OpenAPI 3.1). The chat page is at <a href="/">/</a>.</p>
</header><main>"""


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
        f'<article id="{operation["operationId"]}"><h3><code>{method.upper()} {escape(path)}</code>'
        f"</h3><p>{escape(operation['summary'])}.</p>{table}"
        f"<pre>{escape(_curl(path, method, operation, base))}</pre><ul>{answers}</ul></article>"
    )


def _curl(path: str, method: str, operation: dict[str, Any], base: str) -> str:
    url = base + path.replace("{app}", "bali-zero").replace("{model}", "default")
    words = ["curl -N" if "204" in operation["responses"] else "curl"]
    if method != "get":
        words.append(f"-X {method.upper()}")
    if "requestBody" in operation:
        words += ["-H 'Content-Type: application/json'", f"-d '{_example(path)}'"]
    elif method == "get" and path.endswith("chat-stream"):
        url += "?query=Hello"
    return " ".join([*words, f"'{url}'"])


def _example(path: str) -> str:
    if path.startswith("/api/v2/"):
        return json.dumps({"query": "Hello"})
    message = [{"role": "user", "content": "Hello"}]
    if "messages" in path:
        return json.dumps({"model": "default", "max_tokens": 200, "messages": message})
    if "completions" in path:
        return json.dumps({"model": "default", "stream": True, "messages": message})
    return json.dumps({"model": "default", "input": "Hello"})


def _schema(name: str, schema: dict[str, Any]) -> str:
    text = json.dumps(schema, indent=1)
    return (
        f'<details id="schema-{escape(name)}"><summary><code>{escape(name)}</code> '
        f"{escape(schema.get('description', ''))}</summary><pre>{escape(text)}</pre></details>"
    )
