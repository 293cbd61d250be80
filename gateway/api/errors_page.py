"""`/docs/errors`: where the `type` of every problem leads. No script, nothing from elsewhere."""

from __future__ import annotations

from html import escape

from aiohttp import web

from gateway.errors import FAULTS
from gateway.troubleshooting import ENTRIES, title_of

POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
HEAD = """<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>Error codes</title>
<link rel="icon" href="/static/favicon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/static/docs.css"></head><body>
<header><h1>Error codes</h1><p>What happened, and what to do. The routes are at
<a href="/docs">/docs</a>.</p></header><main>
"""


def setup_errors_page(app: web.Application) -> None:
    """Render the page once and register its route."""
    text = render()
    headers = {"Content-Security-Policy": POLICY, "Cache-Control": "no-cache"}

    async def page(request: web.Request) -> web.Response:
        return web.Response(text=text, content_type="text/html", charset="utf-8", headers=headers)

    app.router.add_get("/docs/errors", page, name="errors")


def render() -> str:
    """Return the whole page, one section a code."""
    return HEAD + "".join(_section(code) for code in ENTRIES) + "</main></body></html>\n"


def _section(code: str) -> str:
    entry = ENTRIES[code]
    status = f"status {FAULTS[code].status}" if code in FAULTS else "in a stream only"
    again = FAULTS[code].is_retryable if code in FAULTS else code != "gone"
    return (
        f'<section id="{code}"><h2><code>{code}</code> {escape(title_of(code))}</h2>'
        f"<p>{status}, trying again {'may help' if again else 'does not help'}. "
        f"{_words(entry.what)}</p><ul><li>Caller: {_words(entry.caller)}</li>"
        f"<li>Operator: {_words(entry.operator)}</li></ul></section>\n"
    )


def _words(text: str) -> str:
    """Escape a text; what stands between backticks becomes code."""
    parts = escape(text).split("`")
    return "".join(f"<code>{p}</code>" if n % 2 else p for n, p in enumerate(parts))
