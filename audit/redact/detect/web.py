"""Addresses of machines and what URLs carry: IP, MAC, credentials, tokens in queries."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator

from ..engine import Pattern
from ..finding import Hit
from ..scan import Scan

MAC_GATE = (
    rb"(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}|[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}"
)

LOGIN = Pattern(rb"[a-z][a-z0-9+.-]{1,20}://([^\s/@:]{0,100}:[^\s/@]{1,200}|[^\s/@:]{16,200})@")
QUERY = Pattern(
    rb"(?i)[?&;][a-z_-]{0,30}(?:token|key|secret|password|passwd|pwd|sig|signature|auth|"
    rb"sid|session)"
    rb"[a-z_-]{0,20}=([^&#\s\"'<>]{4,})"
)
V4 = Pattern(rb"(?:\d{1,3}\.){3}\d{1,3}")
V6 = Pattern(
    rb"(?:(?:[0-9A-Fa-f]{1,4}:){4,7}|(?:[0-9A-Fa-f]{1,4}:){0,6}:)"
    rb"[0-9A-Fa-f:]{1,40}(?:\.\d{1,3}){0,3}"
)
MAC = Pattern(MAC_GATE)
_RESOLVERS = frozenset(
    ("8.8.8.8", "8.8.4.4", "1.1.1.1", "1.0.0.1", "9.9.9.9", "208.67.222.222", "208.67.220.220")
)
_VERSION = re.compile(rb"(?<![a-z])(?:version|ver|v|release|build)\.? ?$")
_WORD = frozenset(b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_\xd8\xf8")


def find_credentials(scan: Scan) -> Iterator[Hit]:
    """Yield `user:password` of URLs and tokens in their queries."""
    for pattern in (LOGIN, QUERY):
        for match in scan.matches(pattern):
            start, end = match.span(1)
            yield Hit(start, end, "SECRET", 0.95, scan.text[start:end])


def find_ip(scan: Scan) -> Iterator[Hit]:
    """Yield public addresses; loopback, private ones and well-known resolvers stay."""
    view = scan.view
    for start, end in scan.spans(V4):
        if _is_apart(view, start, end) and not _is_version(scan, start):
            yield from _address(scan, start, end)
    for start, end in scan.spans(V6):
        while end > start and view[end - 1] in b":" and view[end - 2 : end] != b"::":
            end -= 1
        if _is_whole(view[start:end]) and _is_apart(view, start, end):
            yield from _address(scan, start, end)


def _is_whole(raw: bytes) -> bool:
    """Tell whether an address of version 6 has all its parts; a time of day has not."""
    return b"::" in raw or raw.count(b":") >= 6


def _is_apart(view: bytes, start: int, end: int) -> bool:
    before, after = view[start - 1 : start] if start else b"", view[end : end + 2]
    if before and (before[0] in _WORD or before in b".:"):
        return False
    return not after or not (after[0] in _WORD or (after[0] in b".:" and after[1:].isalnum()))


def _is_version(scan: Scan, start: int) -> bool:
    return _VERSION.search(scan.low, max(0, start - 10), start) is not None


def _address(scan: Scan, start: int, end: int) -> Iterator[Hit]:
    try:
        ip = ipaddress.ip_address(scan.text[start:end])
    except ValueError:
        return
    if _is_home(ip) or str(ip) in _RESOLVERS or (ip.version == 6 and len(scan.text[start:end]) < 7):
        return
    yield Hit(start, end, "IP", 0.9, str(ip))


_HOME = [
    (net.version, int(net.network_address), int(net.netmask))
    for net in map(
        ipaddress.ip_network,
        (
            "127.0.0.0/8",
            "169.254.0.0/16",
            "::1/128",
            "::/128",
            "fe80::/10",
            "10.0.0.0/8",
            "172.16.0.0/12",
            "192.168.0.0/16",
            "fc00::/7",
            "0.0.0.0/8",
            "255.0.0.0/8",
            "224.0.0.0/24",
            "239.255.255.250/32",
            "ff02::/16",
        ),
    )
]
"""Networks by version, number and mask: of one machine, of a house, and for all in reach."""


def _is_home(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    number = int(ip)
    return any(ip.version == version and number & mask == net for version, net, mask in _HOME)


def find_mac(scan: Scan) -> Iterator[Hit]:
    """Yield hardware addresses."""
    view = scan.view
    for match in scan.matches(MAC):
        start, end = match.span()
        if _is_apart(view, start, end) and view[end : end + 1] not in (b"-", b":"):
            digits = scan.text[start:end].translate({45: None, 46: None, 58: None}).lower()
            if len(set(digits)) > 1:
                yield Hit(start, end, "MAC", 0.9, digits)
