"""The client's address: from the socket, or from trusted proxies' headers read from the right.

facts: the leftmost entry is whatever the client wrote; only hops that we trust vouch for the next.
"""

from __future__ import annotations

import functools
import ipaddress
from collections.abc import Sequence

from aiohttp import web

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Addresses:
    """Finds the address of a request; groups IPv6 by /64, where one household has them all."""

    def __init__(self, trusted: Sequence[str]) -> None:
        self._trusted: tuple[Network, ...] = tuple(
            ipaddress.ip_network(item, strict=False) for item in trusted
        )

    def of(self, request: web.BaseRequest) -> str:
        """Return the grouped address of the caller, `local` for a socket without one."""
        peer = request.transport.get_extra_info("peername") if request.transport else None
        address = _parse(peer[0]) if isinstance(peer, tuple) and peer else None
        if address is None:
            return "local"
        if self._trusted:
            address = self._behind(request, address)
        return grouped(address)

    def is_https(self, request: web.BaseRequest) -> bool:
        """Whether the client speaks TLS, to us or to the trusted proxy that it came through."""
        peer = request.transport.get_extra_info("peername") if request.transport else None
        address = _parse(peer[0]) if isinstance(peer, tuple) and peer else None
        if address is not None and self._is_trusted(address):
            return request.headers.get("X-Forwarded-Proto", "").lower() == "https"
        return request.secure

    def _behind(self, request: web.BaseRequest, address: Address) -> Address:
        for hop in reversed(_hops(request)):
            if not self._is_trusted(address):
                break
            candidate = _parse(hop)
            if candidate is None:
                break
            address = candidate
        return address

    def _is_trusted(self, address: Address) -> bool:
        return any(address in network for network in self._trusted)


@functools.lru_cache(maxsize=4096)
def grouped(address: Address) -> str:
    """Return an IPv4 address as it is and an IPv6 address as its /64."""
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((int(address) >> 64 << 64, 64)))
    return str(address)


@functools.lru_cache(maxsize=4096)
def _parse(text: str) -> Address | None:
    try:
        address = ipaddress.ip_address(text.split("%", 1)[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def _hops(request: web.BaseRequest) -> list[str]:
    lines = request.headers.getall("X-Forwarded-For", [])
    return [_without_port(part.strip()) for line in lines for part in line.split(",")]


def _without_port(text: str) -> str:
    if text.startswith("["):
        return text[1:].split("]", 1)[0]
    if text.count(":") == 1:
        return text.split(":", 1)[0]
    return text
