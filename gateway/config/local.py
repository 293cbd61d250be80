"""Where a gateway answers that was started here, with the same environment."""

from __future__ import annotations

from collections.abc import Mapping

_ANY = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}  # nosec B104 - compared with, not bound
_PORT = 8080


def local_address(environ: Mapping[str, str]) -> str:
    """Return the address on this machine that `GATEWAY_HOST` and `GATEWAY_PORT` stand for."""
    host = environ.get("GATEWAY_HOST", "").strip().strip("[]")
    host = _ANY.get(host, host)
    port = environ.get("GATEWAY_PORT", "").strip()
    return f"http://{f'[{host}]' if ':' in host else host}:{port if port.isdecimal() else _PORT}"
