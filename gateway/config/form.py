"""The forms that texts of the file may have: names, hosts, networks, origins, URLs."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import SplitResult, urlsplit

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
DATABASE = re.compile(r"/?\d{0,5}")
PORT = re.compile(r"(?<![:]):\d+$")
HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?\.?")


def is_host(text: str) -> bool:
    """Whether a text is a host name or an address."""
    try:
        ipaddress.ip_address(text.strip("[]"))
    except ValueError:
        return HOST.fullmatch(text) is not None and not text.replace(".", "").isdigit()
    return True


def is_network(text: str) -> bool:
    """Whether a text is an address or a network in CIDR form."""
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return True


def is_redis(text: str) -> bool:
    """Whether a text is the address of a Redis; what is no number names no database there."""
    url = split_url(text)
    if url is None or url.scheme not in ("redis", "rediss", "unix"):
        return False
    return url.scheme == "unix" or DATABASE.fullmatch(url.path) is not None


def is_origin(text: str) -> bool:
    """Whether a text is an origin as browsers send it, or `*`."""
    url = split_url(text)
    if text == "*":
        return True
    if url is None or not url.scheme or not url.hostname or url.username is not None:
        return False
    if text != text.lower() or not text.isascii():
        return False
    is_default_port = (url.scheme, url.port) in (("https", 443), ("http", 80))
    is_whole = text == f"{url.scheme}://{url.netloc}" and not is_default_port
    return is_whole and is_host(url.hostname)


def as_browsers_send(origin: str) -> str | None:
    """Return the origin that was meant where case, slash or the scheme's own port are wrong."""
    text = origin.lower().removesuffix("/")
    for scheme, port in (("https:", ":443"), ("http:", ":80")):
        if text.startswith(scheme):
            text = text.removesuffix(port)
    return text if is_origin(text) else None


def split_url(text: str) -> SplitResult | None:
    """Return the parts of a URL, or None where it cannot be read."""
    try:
        url = urlsplit(text)
        _ = url.port
    except ValueError:
        return None
    return url
