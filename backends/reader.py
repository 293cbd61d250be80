"""What the readers of all dialects share: bytes in, events out, failures kept until their turn."""

from __future__ import annotations

from abc import ABC, abstractmethod

from .errors import BackendError, BackendTruncated
from .events import Event, Other, Text
from .sse import FrameTooLarge, Splitter
from .template import TextTemplate

ALIVE = Other()


class StreamReader(ABC):
    """Follows one answer.

    `feed` and `end` return what they understood; if that was followed by something wrong, `failure`
    holds the error, to be raised after those events have gone out.
    """

    def __init__(self, backend: str, model: str, dropped: tuple[str, ...] = ()) -> None:
        self.is_done = False
        self.failure: BackendError | None = None
        self._backend = backend
        self._model = model
        self._dropped = dropped
        self._splitter = Splitter()
        self.template = TextTemplate()
        self._is_started = False

    @abstractmethod
    def read(self, name: bytes, payload: bytes, events: list[Event]) -> None:
        """Read one frame (event name, data); add what it says; set `is_done` at the end mark."""

    @abstractmethod
    def finish(self, events: list[Event]) -> None:
        """Add what the end says, `Finished` last; raise `BackendTruncated` if it is no end."""

    def feed(self, data: bytes) -> list[Event]:
        """Take the next bytes of the body."""
        events: list[Event] = []
        if self._splitter.is_idle and (run := self.template.run_of(data)) is not None:
            texts, data = run
            events += [Text(text) for text in texts if text]
            if not data:
                return events
        text_of = self.template.text_of
        try:
            for name, payload in self._splitter.feed(data):
                if payload and (text := text_of(name, payload)) is not None:
                    if text:
                        events.append(Text(text))
                elif payload:
                    self.read(name, payload, events)
                    if self.is_done:
                        break
                elif self._is_started:
                    events.append(ALIVE)
        except FrameTooLarge:
            self.failure = self.error("The provider sent a frame over 1 MiB.")
        except BackendError as exc:
            self.failure = exc
        return events

    def end(self) -> list[Event]:
        """Take the end of the body; the last event is `Finished` unless `failure` is set."""
        events: list[Event] = []
        try:
            if not self.is_done:
                self._read_torn(events)
            self.finish(events)
        except BackendError as exc:
            self.failure = exc
        return events

    def error(self, message: str) -> BackendError:
        """Make a failure of this provider."""
        return BackendError(message, backend=self._backend)

    def truncated(self) -> BackendTruncated:
        """Make the failure of an answer without an end."""
        return BackendTruncated(
            "The provider's stream ended without a finish.", backend=self._backend
        )

    def _read_torn(self, events: list[Event]) -> None:
        """Read a last frame that lacks its blank line; if it is half a frame, the stream is cut."""
        try:
            for name, payload in self._splitter.end():
                if payload:
                    self.read(name, payload, events)
        except BackendError as exc:
            if exc.status is not None:
                raise
            raise self.truncated() from exc
