"""Requests whose framing is ambiguous, or whose Host is not ours, go no further.

RFC 9112 3.2: a request without Host, or with two, is answered 400. An instance without keys answers
only to loopback names and `server.hosts`, or a page elsewhere could reach it by DNS rebinding.
"""

from __future__ import annotations

import re
from functools import lru_cache, partial
from typing import Final

from aiohttp import HttpVersion10, HttpVersion11, web

from gateway.errors import ApiError
from gateway.rooms import ROOMS

from .edge import GUARDS

CLOSE: Final = {"Connection": "close"}
_HOST: Final = re.compile(r"(\[[0-9a-f:.]+\]|[^:@/\[\]\s]+?)\.?(?::\d{0,5})?")
_LOCAL: Final = re.compile(r"\[[0-9a-f:.]+\]|[0-9]+(\.[0-9]+){3}|[^.]+")
LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})


def setup_framing(app: web.Application, *, is_internal: bool = False) -> None:
    """Add the guard; on an internal port, which a scraper or a probe calls by what its network
    knows it by, addresses and names without a dot are ours too: no page elsewhere has one.
    """
    app[GUARDS].append(partial(check_framing, is_internal=is_internal))


async def check_framing(request: web.Request, *, is_internal: bool = False) -> None:
    """Refuse what may be read in two ways, and Host names that are not ours."""
    hosts = request.headers.getall("Host", [])
    if len(hosts) > 1 or (not hosts and request.version >= HttpVersion11):
        raise _closing("The request must name exactly one Host.")
    if request.version not in (HttpVersion10, HttpVersion11):
        raise _closing("Only HTTP/1.0 and HTTP/1.1 are spoken here.")
    _check_one_reading(request, hosts)
    if request.method == "CONNECT":
        raise ApiError("method_not_allowed", "This is no proxy.", headers=CLOSE | {"Allow": "GET"})
    settings = request.app[ROOMS].settings
    if not settings.keyring.is_open or not hosts:
        return
    is_local = is_internal and _LOCAL.fullmatch(host_name(hosts[0]))
    if not is_local and not _is_ours(hosts[0], settings.config.server.hosts):
        raise ApiError(
            "host_not_allowed",
            "An instance without keys answers only to loopback names and those in server.hosts "
            "(GATEWAY_HOSTS).",
        )


def _check_one_reading(request: web.Request, hosts: list[str]) -> None:
    """Refuse a Host that is none or not the target's, and a body coded in more ways than chunks."""
    host = hosts[0].strip() if hosts else ""
    if host and not host_name(host):
        raise _closing("The Host header holds no host name.")
    is_whole_url = not request.raw_path.startswith(("/", "*")) and request.method != "CONNECT"
    if is_whole_url and request.url.raw_authority.lower() != host.lower():
        raise _closing("The request line names another host than the Host header.")
    if request.headers.get("Transfer-Encoding", "chunked").strip().lower() != "chunked":
        raise _closing("A body may come in chunks, coded in no other way.")


def _is_ours(host: str, listed: tuple[str, ...]) -> bool:
    name = host_name(host)
    return name in LOOPBACK or name in listed or host.lower() in listed


@lru_cache(maxsize=256)
def host_name(host: str) -> str:
    """Return a Host header's name without its port, lower case; empty for what is no Host."""
    match = _HOST.fullmatch(host.strip().lower())
    return match[1] if match else ""


def _closing(detail: str) -> ApiError:
    return ApiError("bad_request", detail, headers=CLOSE)
