"""Any service that answers a POST with server-sent events: the configuration says where words are.

backends:
  mine:
    kind: http_sse
    base_url: https://chat.example.com/ask      # the whole address
    text: data                                  # where the words stand, dots for nesting
    kind_field: type                            # where a frame says what it is; else its name
    text_kinds: [token]
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

import msgspec
import orjson

from .backend import BackendOptions, Capabilities
from .batches import Batch
from .errors import BackendUnavailable
from .events import Event, Finished, Other, Started, Text
from .reader import StreamReader
from .refusals import failure_in_stream
from .relay import relay, relay_batches
from .request import ChatRequest, TextPart, last_user_text
from .upstream import Upstream


class Shape(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the service speaks. Empty `text` means that the data is the text itself."""

    text: str = "text"
    reasoning: str | None = None
    kind_field: str | None = None
    text_kinds: tuple[str, ...] = ()
    end_kinds: tuple[str, ...] = ("done", "end", "finish", "message_stop")
    error_kinds: tuple[str, ...] = ("error",)
    end_data: str = "[DONE]"
    ends_with_body: bool = False
    """Whether a clean end of the body is the end of the answer, without any mark."""
    prompt_field: str | None = None
    """Send the newest user message under this name in place of `messages`."""
    headers: dict[str, str] = {}


class SseReader(StreamReader):
    """Follows one answer of a service with this shape."""

    def __init__(self, backend: str, model: str, dropped: tuple[str, ...], shape: Shape) -> None:
        super().__init__(backend, model, dropped)
        self._shape = shape

    def read(self, name: bytes, payload: bytes, events: list[Event]) -> None:
        """Read one frame."""
        shape = self._shape
        if payload == shape.end_data.encode():
            self.is_done = True
            return
        data = payload.decode("utf-8", "replace") if not shape.text else self._json(payload)
        kind = name.decode("ascii", "replace")
        if shape.kind_field:
            kind = str(_at(data, shape.kind_field) or "")
        if kind in shape.error_kinds or (isinstance(data, dict) and data.get("error")):
            error = data.get("error", data) if isinstance(data, dict) else None
            raise failure_in_stream(self._backend, error)
        if not self._is_started:
            self._is_started = True
            events.append(Started(model=self._model, dropped=self._dropped))
        if kind and kind in shape.end_kinds:
            self.is_done = True
        elif not shape.text_kinds or kind in shape.text_kinds:
            self._read_words(data, events)
        else:
            events.append(Other())

    def finish(self, events: list[Event]) -> None:
        """Add the finish; the service gives no usage and no reason."""
        is_whole = self.is_done or self._shape.ends_with_body
        if not (is_whole and self._is_started):
            raise self.truncated()
        events.append(Finished("stop"))

    def _read_words(self, data: object, events: list[Event]) -> None:
        shape = self._shape
        thought = _at(data, shape.reasoning) if shape.reasoning else None
        words = _at(data, shape.text) if shape.text else data
        if isinstance(thought, str) and thought:
            events.append(Text(thought, channel="reasoning"))
        if isinstance(words, str) and words:
            events.append(Text(words))
        elif not thought:
            events.append(Other())

    def _json(self, payload: bytes) -> object:
        try:
            return msgspec.json.decode(payload)
        except (msgspec.MsgspecError, ValueError, RecursionError) as exc:
            raise self.error("The provider sent a frame that is no JSON.") from exc


class HttpSseBackend:
    """Posts the conversation to one address and reads words out of its events."""

    capabilities = Capabilities()

    def __init__(
        self, name: str, upstream: Upstream, shape: Shape, options: BackendOptions
    ) -> None:
        self.name = name
        self.timeouts = options.timeouts
        self._upstream = upstream
        self._shape = shape

    def stream(self, request: ChatRequest) -> AsyncGenerator[Event, None]:
        """Answer one request; nothing happens before the first `anext`."""
        return relay(self._upstream, lambda: self._prepare(request))

    def batches(self, request: ChatRequest) -> AsyncGenerator[Batch, None]:
        """Do the same, read by read."""
        return relay_batches(self._upstream, lambda: self._prepare(request))

    async def aclose(self) -> None:
        """Close the connections."""
        await self._upstream.aclose()

    def _prepare(self, request: ChatRequest) -> tuple[bytes, SseReader]:
        body: dict[str, Any] = {"model": request.model, "stream": True}
        if self._shape.prompt_field:
            body[self._shape.prompt_field] = last_user_text(request)
        else:
            body["messages"] = _messages(request)
        reader = SseReader(self.name, request.model, _dropped(request), self._shape)
        return orjson.dumps(body), reader


def create(name: str, options: BackendOptions) -> HttpSseBackend:
    """Build it from its entry in the configuration; raise `BackendUnavailable`."""
    if not options.base_url:
        raise BackendUnavailable(f"backends.{name} needs base_url: the address to post to.")
    try:
        shape = msgspec.convert(options.extra, Shape)
    except msgspec.ValidationError as exc:
        raise BackendUnavailable(f"backends.{name}: {exc}") from exc
    headers = dict(shape.headers)
    if options.api_key:
        headers.setdefault("Authorization", f"Bearer {options.api_key}")
    upstream = Upstream(name, options.base_url, headers, options.timeouts)
    return HttpSseBackend(name, upstream, shape, options)


def _messages(request: ChatRequest) -> list[dict[str, str]]:
    said = [("system", part.text) for part in request.system]
    for message in request.messages:
        text = "".join(part.text for part in message.parts if isinstance(part, TextPart))
        said.append((message.role, text))
    return [{"role": role, "content": text} for role, text in said]


def _dropped(request: ChatRequest) -> tuple[str, ...]:
    """Name the options that this service is not told."""
    options = ("max_tokens", "temperature", "top_p", "top_k", "stop", "seed", "effort")
    return tuple(name for name in options if getattr(request, name) not in (None, ()))


def _at(data: object, path: str) -> object:
    for key in path.split("."):
        if isinstance(data, list) and key.isdigit() and int(key) < len(data):
            data = data[int(key)]
        else:
            data = data.get(key) if isinstance(data, dict) else None
    return data
