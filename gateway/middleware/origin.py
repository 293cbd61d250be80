"""Origins: a foreign page is refused before any work, because a GET starts a paid call.

Compared as strings. Ours is the page's own origin; allowed are those of the app, or of any app on
the provider routes. Errors carry the CORS headers too, so that an allowed page can read them.
"""

from __future__ import annotations

import re

from aiohttp import web

from gateway.config.schema import Key
from gateway.errors import ApiError
from gateway.rooms import ROOMS
from gateway.settings import Settings

from .edge import GUARDS, is_open

_UNITS = ("requests", "tokens")
_PARTS = ("limit", "remaining", "reset")
EXPOSED = ", ".join([
    "Location", "Retry-After", "RateLimit", "RateLimit-Policy", "X-RateLimit-Limit",
    "X-RateLimit-Remaining", "X-RateLimit-Reset", "x-request-id", "request-id", "x-trace-id",
    "retry-after-ms", "x-should-retry", "x-stream-id", "x-gateway-dropped", "x-gateway-attempts",
    "x-gateway-served-by", "x-gateway-estimated",
    *(f"x-ratelimit-{part}-{unit}" for unit in _UNITS for part in _PARTS),
    *(f"anthropic-ratelimit-{unit}-{part}" for unit in _UNITS for part in _PARTS),
])  # fmt: skip
ALLOWED_HEADERS = (
    "Content-Type, Authorization, X-Api-Key, Last-Event-ID, Idempotency-Key, X-Request-Id, "
    "Traceparent, Tracestate, Baggage, Cache-Control, "
    "X-User-Token, Anthropic-Version, Anthropic-Beta"
)
CLIENT = frozenset({"/client.js", "/client.mjs", "/client/v1.js"})
"""Any site may load the client, which then says which origin has to be listed, and where."""
_SDK_HEADER = re.compile(r"x-stainless-[a-z-]{1,40}|anthropic-dangerous-direct-browser-access")
ALLOWED_ORIGIN = web.RequestKey("allowed_origin", str)


def setup_origin(app: web.Application) -> None:
    """Add the guard and the response headers; preflights are answered by the edge."""
    app[GUARDS].append(check_origin)
    app.on_response_prepare.append(add_cors)


async def check_origin(request: web.Request) -> None:
    """Raise 403 for an origin that is neither ours nor listed."""
    origins = request.headers.getall("Origin", [])
    if not origins:
        _check_fetch(request)
        return
    origin = origins[0]
    if len(origins) > 1:
        raise ApiError("origin_not_allowed", "The request names two origins.")
    if _is_own(request, origin) or request.path in CLIENT:
        return
    if origin not in allowed_origins(request.app[ROOMS].settings, request.path):
        raise ApiError(
            "origin_not_allowed",
            "This origin is not allowed; add it to the app's `origins` (GATEWAY_CORS_ORIGINS).",
        )
    request[ALLOWED_ORIGIN] = origin


def _check_fetch(request: web.Request) -> None:
    """Raise 403 for what a foreign page loads as image, script or link: it names no origin."""
    site = request.headers.get("Sec-Fetch-Site")
    if site in ("cross-site", "same-site") and not is_open(request.match_info.route.name):
        raise ApiError("origin_not_allowed", "Pages of other sites may call this by fetch only.")


def check_key_origin(request: web.Request, key: Key) -> None:
    """Raise 403 unless the page's origin is one of the key's, or of the app where it has none."""
    origin = request.get(ALLOWED_ORIGIN)
    listed = key.origins or app_origins(request.app[ROOMS].settings, request.path)
    if origin is not None and origin not in listed:
        raise ApiError("origin_not_allowed", "This key may not be used by pages of this origin.")


def allowed_origins(settings: Settings, path: str) -> frozenset[str]:
    """Return the origins that some caller may come from; which key it has is not known yet."""
    return app_origins(settings, path) | settings.key_origins


def app_origins(settings: Settings, path: str) -> frozenset[str]:
    """Return the origins listed for the app of the path; for other paths those of all apps."""
    parts = path.split("/", 4)
    app = settings.config.apps.get(parts[3]) if path.startswith("/api/v2/") else None
    return settings.origins if app is None else frozenset(app.origins)


def _is_own(request: web.Request, origin: str) -> bool:
    host = request.headers.get("Host", "")
    return bool(host) and origin in (f"http://{host}", f"https://{host}")


async def add_cors(request: web.Request, response: web.StreamResponse) -> None:
    """Let an allowed page read the answer, errors included; credentials never go with `*`."""
    headers = response.headers
    headers.add("Vary", "Origin")
    origin = request.get(ALLOWED_ORIGIN)
    if origin is not None:
        headers["Access-Control-Allow-Origin"] = origin
        headers["Access-Control-Allow-Credentials"] = "true"
        if request.method == "OPTIONS":
            headers["Access-Control-Allow-Methods"] = "GET, POST, DELETE, OPTIONS"
            headers["Access-Control-Allow-Headers"] = ", ".join(
                [ALLOWED_HEADERS, *_of_sdks(request)]
            )
            headers["Access-Control-Max-Age"] = "600"
        else:
            headers["Access-Control-Expose-Headers"] = EXPOSED


def _of_sdks(request: web.Request) -> list[str]:
    """Return the requested headers that the providers' SDKs add in browsers; they are ignored."""
    asked = request.headers.get("Access-Control-Request-Headers", "").lower().split(",")
    return [name.strip() for name in asked if _SDK_HEADER.fullmatch(name.strip())][:16]
