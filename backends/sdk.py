"""What the official SDKs know better than we do: address, credentials and headers of a provider.

The SDKs are asked once, when a backend is built. Their request path (about 0.7-1 ms a call) and
their typed streams (70-120 us a chunk) stay out of the way of the tokens.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import Any

from yarl import URL

from .backend import BackendOptions
from .errors import BackendUnavailable

NO_KEY = "none"
"""Sent to servers of one's own that ask for no key: the SDKs refuse an empty one."""


def import_sdk(package: str) -> ModuleType:
    """Import an SDK, or say which extra brings it."""
    try:
        return import_module(package)
    except ImportError as exc:
        raise BackendUnavailable(
            f"The {package} SDK is not installed. Run: pip install 'sluicegate[{package}]'"
        ) from exc


def key_for(name: str, options: BackendOptions, variable: str) -> str:
    """Return the key; only a server of one's own (`base_url`) may do without."""
    if options.api_key:
        return options.api_key
    if options.base_url:
        return NO_KEY
    raise BackendUnavailable(
        f"backends.{name} has no key. Set the environment variable {variable}, or api_key (and "
        f"base_url, if the server is your own) in the configuration."
    )


def headers_of(client: Any, options: BackendOptions) -> dict[str, str]:
    """List the headers that the SDK would send, with those of the configuration on top."""
    known = {**client.default_headers, **client.auth_headers}
    headers = {name: value for name, value in known.items() if isinstance(value, str)}
    extra = options.extra.get("headers") or {}
    return {**headers, **{str(key): str(value) for key, value in extra.items()}}


def url_of(client: Any, path: str) -> URL:
    """Join a path to the SDK's base URL; a query such as Azure's `api-version` stays."""
    base = URL(str(client.base_url))
    return base.with_path(base.path.rstrip("/") + path).with_query(base.query)
