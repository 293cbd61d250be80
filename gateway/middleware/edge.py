"""The edge of a request: one middleware gives an id, runs the guards, tells errors, logs a line.

Guards are plain functions in a list; each `setup_x(app)` appends its own. They run before the
handler and before any work, for every route alike.
"""

from __future__ import annotations

import re
import time
from collections.abc import Awaitable, Callable

import structlog
from aiohttp import web
from multidict import istr

from gateway.dialects.envelope import encode_error, protocol_of, status_of
from gateway.errors import CODES_BY_STATUS, ApiError
from gateway.rooms import ROOMS
from gateway.stream.ids import new_request_id
from gateway.telemetry.context import Trace, trace_of
from gateway.telemetry.measure import STARTING_ROUTES, measure_request

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Guard = Callable[[web.Request], Awaitable[None]]
GUARDS = web.AppKey("guards", list[Guard])
DENIED = frozenset({"unauthorized", "forbidden", "origin_not_allowed", "host_not_allowed"})
"""Refusals that the audit trail tells: somebody came who may not."""
REQUEST_ID = web.RequestKey("request_id", str)
TRACE = web.RequestKey("trace", Trace)
OPEN = frozenset({"healthz", "readyz", "docs", "errors", "openapi"})
"""Routes that need no caller, beside the page's files: they show nothing and start nothing."""
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
"""Methods that are labels of their own in metrics and logs."""
_GIVEN_ID = re.compile(r"[0-9A-Za-z._-]{8,64}")
_X_ID, _ID, _TRACE_ID = istr("x-request-id"), istr("request-id"), istr("x-trace-id")
_SAFE = {
    istr("X-Content-Type-Options"): "nosniff",
    istr("Referrer-Policy"): "no-referrer",
    istr("Server"): "sluicegate",
}
"""Names as `istr`: a plain string would be converted, and the result kept, for every answer."""
_DETAILS = {
    404: "Nothing is served at this path.",
    405: "This path does not take that method.",
    413: "The body is too large.",
}
log = structlog.get_logger("sluicegate.http")


def setup_edge(app: web.Application) -> None:
    """Install the middleware, the header hook and an empty list of guards."""
    app[GUARDS] = []
    app.middlewares.append(edge)
    app.on_response_prepare.append(add_ids)


@web.middleware
async def edge(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Carry a request to its handler and back."""
    identify(request)
    started, status = time.perf_counter(), 499
    try:
        response = await _answer(request, handler)
        status = response.status
        return response
    finally:
        _note(request, status, time.perf_counter() - started)


def identify(request: web.BaseRequest) -> None:
    """Give the request its id and its trace: the caller's own where they are fit to be one."""
    headers = request.headers  # of what could not be parsed, a plain empty dict
    traces = headers.getall("traceparent") if "traceparent" in headers else []
    request[TRACE] = trace_of(traces)
    given = request.headers.get("x-request-id", "")
    request[REQUEST_ID] = given if _GIVEN_ID.fullmatch(given) else new_request_id()


async def _answer(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        for guard in request.app[GUARDS]:
            await guard(request)
        return _options(request) if request.method == "OPTIONS" else await handler(request)
    except ApiError as error:
        if error.code in DENIED:
            rooms = request.app[ROOMS]
            address = rooms.settings.addresses.of(request)
            rooms.hits.refuse(error.code, route_of(request), address, request[REQUEST_ID])
        return error_response(request, error)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        return error_response(request, translated(error))
    except ConnectionError:
        raise
    except Exception:  # the edge of a request: nothing of a fault of ours may reach the client
        log.exception(
            "request_broke",
            request_id=request[REQUEST_ID],
            trace_id=request[TRACE].id,
            route=route_of(request),
        )
        return error_response(request, ApiError("internal", "Something went wrong on our side."))


def _options(request: web.Request) -> web.Response:
    """Answer every preflight, and say of a path what may be asked of it."""
    refusal = request.match_info.http_exception
    if isinstance(refusal, web.HTTPMethodNotAllowed):
        allowed = ", ".join(sorted({*refusal.allowed_methods, "OPTIONS"}))
        return web.Response(status=204, headers={"Allow": allowed})
    if refusal is not None and "Access-Control-Request-Method" not in request.headers:
        raise refusal
    return web.Response(status=204)


def translated(error: web.HTTPException) -> ApiError:
    """Return an error of the framework in our words."""
    code = CODES_BY_STATUS.get(error.status, "bad_request" if error.status < 500 else "internal")
    headers = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
    detail = _DETAILS.get(error.status, error.reason)
    return ApiError(code, detail, headers=headers, status=error.status)


def error_response(
    request: web.BaseRequest, error: ApiError, protocol: str | None = None
) -> web.Response:
    """Return an error in the protocol of the path, unless another one is known to be meant."""
    protocol = protocol or protocol_of(request.path, "anthropic-version" in request.headers)
    body, media = encode_error(error, request.get(REQUEST_ID, ""), protocol)
    status = status_of(error, protocol)
    response = web.Response(body=body, status=status, content_type=media)
    response.headers.update(error.headers)
    is_unread = error.status in (400, 408, 413) and not request.content.is_eof()
    if is_unread or error.headers.get("Connection") == "close":
        response.force_close()
    return response


def route_of(request: web.Request) -> str:
    """Return the pattern of the route, never the path: labels and logs stay bounded."""
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else "unknown"


def is_open(name: str | None) -> bool:
    """Whether a route needs no caller: health, documents, and the files of the page."""
    return name is not None and (name in OPEN or name.startswith("page."))


async def add_ids(request: web.Request, response: web.StreamResponse) -> None:
    """Put the request id and the safety headers on every answer."""
    mark(request, response)


def mark(request: web.BaseRequest, response: web.StreamResponse) -> None:
    """Write these headers; answers to what was no request pass no hook and are marked by hand."""
    id = request.get(REQUEST_ID)
    headers = response.headers
    if id is not None:
        headers[_X_ID] = id
        headers[_ID] = id
        headers[_TRACE_ID] = request[TRACE].id
    headers.update(_SAFE)
    headers.setdefault("Cache-Control", "no-store")


def _note(request: web.Request, status: int, seconds: float) -> None:
    route = route_of(request)
    method = request.method if request.method in METHODS else "other"
    name = request.match_info.route.name
    retry = request.headers.get("x-stainless-retry-count", "")
    measure_request(request.app[ROOMS].metrics, name, route, method, status, seconds, retry)
    if status < 400 and name in STARTING_ROUTES:
        return  # their one line is `stream_finished`
    log.info(
        "request_finished",
        request_id=request[REQUEST_ID],
        trace_id=request[TRACE].id,
        method=method,
        route=route,
        status=status,
        ms=round(seconds * 1000, 1),
    )
