"""The demo page at `/` and the client script that it is built on: files of the package."""

from __future__ import annotations

import gzip
import hashlib
import re
from importlib.resources import files

from aiohttp import web

TYPES = {
    "html": "text/html; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "mjs": "text/javascript; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "svg": "image/svg+xml",
}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "object-src 'none'; require-trusted-types-for 'script'"
)
ALIASES = {"/": "index.html", "/client.js": "client.js", "/client/v1.js": "client.js",
           "/client.mjs": "client.mjs", "/favicon.ico": "favicon.svg"}  # fmt: skip


class Asset:
    """One file, read and compressed once, with its validator."""

    def __init__(self, name: str, body: bytes) -> None:
        suffix = name.rsplit(".", 1)[-1]
        self.body = body
        self.packed = gzip.compress(body, mtime=0)
        self.etag = hashlib.sha256(body).hexdigest()[:16]
        self.headers = {
            "Content-Type": TYPES[suffix],
            "Cache-Control": "no-cache",
            "ETag": f'"{self.etag}"',
            "Vary": "Accept-Encoding",
        }
        if suffix == "html":
            self.headers["Content-Security-Policy"] = POLICY
        if name in ("client.js", "client.mjs"):
            self.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
            self.headers["Access-Control-Allow-Origin"] = "*"

    async def serve(self, request: web.Request) -> web.Response:
        """Answer with the file, or with 304 where the caller has it."""
        if any(tag.value == self.etag for tag in request.if_none_match or ()):
            return web.Response(status=304, headers=self.headers)
        if "gzip" in request.headers.get("Accept-Encoding", ""):
            return web.Response(
                body=self.packed, headers=self.headers | {"Content-Encoding": "gzip"}
            )
        return web.Response(body=self.body, headers=self.headers)


def setup_page(app: web.Application) -> None:
    """Read the files and register their routes; a file that is not there has no route."""
    root = files("gateway") / "static"
    assets = {
        item.name: Asset(item.name, item.read_bytes())
        for item in root.iterdir()
        if item.is_file() and item.name.rsplit(".", 1)[-1] in TYPES
    }
    paths = {path: name for path, name in ALIASES.items() if name in assets}
    paths |= {f"/static/{name}": name for name in assets}
    for path, name in paths.items():
        route = "page.a" + re.sub(r"\W", "_", path)
        app.router.add_get(path, assets[name].serve, name=route)
