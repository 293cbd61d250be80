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
from .upstream import Upstream

STREAM = "text/event-stream"
JSON = "application/json"
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


def openai_upstream(
    name: str, options: BackendOptions, path: str, accept: str = STREAM
) -> Upstream:
    """Open the line to a server that speaks one of OpenAI's protocols."""
    sdk = import_sdk("openai")
    key = key_for(name, options, "OPENAI_API_KEY")
    client = sdk.AsyncOpenAI(
        api_key=key,
        base_url=options.base_url or "https://api.openai.com/v1",
        max_retries=0,
        http_client=silent_http(),
    )
    headers = headers_of(client, options)
    url = url_of(client, path)
    if (url.host or "").endswith("azure.com"):
        headers.setdefault("api-key", key)
    return Upstream(name, url, headers, options.timeouts, accept)


def anthropic_upstream(
    name: str, options: BackendOptions, path: str, accept: str = STREAM
) -> Upstream:
    """Open the line to a server that speaks Anthropic's protocol."""
    sdk = import_sdk("anthropic")
    key = key_for(name, options, "ANTHROPIC_API_KEY")
    client = sdk.AsyncAnthropic(
        api_key=key,
        base_url=options.base_url or "https://api.anthropic.com",
        max_retries=0,
        http_client=silent_http(),
    )
    headers = headers_of(client, options)
    if options.base_url:
        # Servers of other makers often look for the older of the two auth headers only.
        headers.setdefault("x-api-key", key)
    return Upstream(name, url_of(client, path), headers, options.timeouts, accept)


def silent_http() -> Any:
    """Make the HTTP client of an SDK that is only asked for its headers and never sends."""
    httpx = import_module("httpx2")
    return httpx.AsyncClient(transport=httpx.AsyncBaseTransport(), trust_env=False)


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
