"""A running gateway as its clients see it: plain HTTP, nothing of ours but the contract."""

from __future__ import annotations

import contextlib
import json
import ssl
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Any
from urllib.parse import quote, urlsplit

import msgspec

from gateway.reading import Event, events_of

TIMEOUT_S = 30.0


class NoAnswer(Exception):
    """The gateway could not be reached, or broke off."""


class CannotLook(NoAnswer):
    """What is needed to look, a key or a program, is not there."""


class Answer(msgspec.Struct, frozen=True):
    """Status, headers in lower case, and the body."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        """Return the body as an object; empty where it is none."""
        with contextlib.suppress(ValueError):
            found = json.loads(self.body)
            return found if isinstance(found, dict) else {}
        return {}

    @property
    def code(self) -> str:
        """Return the code of a problem."""
        return str(self.json.get("code", ""))


class Site:
    """Speaks to one address with the keys that were given."""

    def __init__(
        self, url: str, *, app: str = "bali-zero", key: str | None = None, admin: str | None = None
    ) -> None:
        self.url = url.rstrip("/")
        self.app = app
        self.key = key
        self.admin = admin
        self._parts = urlsplit(self.url)

    @property
    def base(self) -> str:
        """Return the path of the app."""
        return f"/api/v2/{self.app}"

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        as_admin: bool = False,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """Send one request and read the whole answer."""
        with self.opened(method, path, body, as_admin=as_admin, headers=headers) as response:
            try:
                data = response.read()
            except (OSError, HTTPException) as exc:
                raise NoAnswer(f"{path} broke off: {type(exc).__name__}") from exc
            return Answer(response.status, _headers(response), data)

    @contextlib.contextmanager
    def opened(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        as_admin: bool = False,
        headers: dict[str, str] | None = None,
    ) -> Iterator[HTTPResponse]:
        """Send one request; the answer is read piece by piece, its connection closed at the end."""
        connection = self._connection()
        data = None if body is None else json.dumps(body).encode()
        sent = {"Content-Type": "application/json"} if data is not None else {}
        secret = self.admin if as_admin else self.key
        if secret:
            sent["Authorization"] = f"Bearer {secret}"
        try:
            prefix = self._parts.path.rstrip("/")
            connection.request(method, prefix + path, data, sent | (headers or {}))
            yield connection.getresponse()
        except (OSError, HTTPException) as exc:
            raise NoAnswer(f"no answer from {self.url}: {exc or type(exc).__name__}") from exc
        finally:
            connection.close()

    def _connection(self) -> HTTPConnection:
        host, port = self._parts.hostname or "", self._parts.port
        if self._parts.scheme == "https":
            context = ssl.create_default_context()
            return HTTPSConnection(host, port, timeout=TIMEOUT_S, context=context)
        return HTTPConnection(host, port, timeout=TIMEOUT_S)

    def ask_path(self, query: str) -> str:
        """Return the path of a stream by GET."""
        return f"{self.base}/chat-stream?query={quote(query)}"

    def events(self, query: str) -> list[Event]:
        """Run a stream to its end."""
        with self.opened("GET", self.ask_path(query)) as response:
            if response.status != 200:
                raise NoAnswer(f"the stream was answered with {response.status}")
            found = list(events_of(response))
        if not found:
            raise NoAnswer("the stream ended without an event")
        return found

    def exposition(self) -> str:
        """Return the text of `/metrics`."""
        answer = self.call("GET", "/metrics", as_admin=True)
        if answer.status != 200:
            raise no_key("/metrics", answer)
        return answer.body.decode()

    def metrics(self) -> dict[str, float]:
        """Return the sums of all series, and of each series by one label."""
        found: dict[str, float] = {}
        for line in self.exposition().splitlines():
            if line.startswith("#") or " " not in line:
                continue
            head, _, value = line.rpartition(" ")
            name, _, labels = head.partition("{")
            for key in [
                name,
                *(f"{name}|{pair}" for pair in labels.rstrip("}").split(",") if pair),
            ]:
                found[key] = found.get(key, 0.0) + float(value)
        return found


def no_key(path: str, answer: Answer) -> NoAnswer:
    """Return what a refused question of an operator means: a missing key, or a fault."""
    said = f"{path} was answered with {answer.status}"
    is_locked = answer.status in (401, 403, 404)
    return CannotLook(f"{said}: give --admin-key") if is_locked else NoAnswer(said)


def _headers(response: HTTPResponse) -> dict[str, str]:
    return {name.lower(): value for name, value in response.headers.items()}
