"""Talking to a running gateway from a command: standard library only, plain words on failure."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException, HTTPResponse
from typing import Any
from urllib.parse import urlsplit

import msgspec

from .output import NO, WRONG_USE, end, say

TIMEOUT_S = 30.0


class Answered(msgspec.Struct, frozen=True):
    """Status, body and headers of a short answer."""

    status: int
    body: Any
    headers: dict[str, str]


def call(method: str, url: str, *, key: str | None = None, body: object = None) -> Answered:
    """Send one request and read the whole answer; an unreachable gateway ends the command."""
    with opened(method, url, key=key, body=body) as response:
        raw = response.read()
        try:
            found = json.loads(raw) if raw else None
        except ValueError:
            found = None
        return Answered(response.status, found, {k.lower(): v for k, v in response.headers.items()})


@contextmanager
def opened(
    method: str, url: str, *, key: str | None = None, body: object = None
) -> Iterator[HTTPResponse]:
    """Send one request; yield the answer, whatever its status, to be read piece by piece."""
    from gateway.config import is_loopback

    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        say([f"{url} is not a web address; write --url http://127.0.0.1:8080"])
        end(WRONG_USE)
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, method=method)  # noqa: S310 - scheme is checked
    if data is not None:
        request.add_header("Content-Type", "application/json")
    if key:
        request.add_header("Authorization", f"Bearer {key}")
    proxies = urllib.request.ProxyHandler({} if is_loopback(parts.hostname) else None)
    opener = urllib.request.build_opener(proxies, _AnyStatus())
    try:
        response = opener.open(request, timeout=TIMEOUT_S)
    except (OSError, HTTPException) as error:
        reason = getattr(error, "reason", None) or error
        say(
            [f"No answer from {parts.scheme}://{parts.netloc}: {reason}", "Is the gateway running?"]
        )
        end(NO)
    with response:
        yield response


class _AnyStatus(urllib.request.HTTPErrorProcessor):
    """Every status is an answer; redirects are not followed."""

    def http_response(self, request: Any, response: Any) -> Any:
        return response

    https_response = http_response


def refusal(answer: Answered) -> str:
    """Return what the gateway said about a refused request."""
    body = answer.body if isinstance(answer.body, dict) else {}
    detail = body.get("detail") or body.get("title") or ""
    return f"{answer.status} {body.get('code', '')}: {detail}".replace(" :", ":").rstrip(": ")
