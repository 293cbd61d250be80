"""What the readers of all dialects share: bytes in, events out, failures kept until their turn."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import cast

from .batches import TextRun
from .errors import BackendError, BackendTruncated
from .events import Event, Other
from .halves import Halves
from .sse import FrameTooLarge, Splitter
from .template import TextTemplate

ALIVE = Other()
_LOOK_AT = 2
_MAX_HELD = 4096
"""Bytes of a frame that is not whole yet and may become part of a run."""


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
        self._halves = Halves()
        self._held = b""
        self._is_between = False
        """Whether the next bytes begin a frame."""
        self._cuts_left = 3
        self.template = TextTemplate()
        self._is_started = False

    @abstractmethod
    def read(self, name: bytes, payload: bytes, events: list[Event]) -> None:
        """Read one frame (event name, data); add what it says; set `is_done` at the end mark."""

    @abstractmethod
    def finish(self, events: list[Event]) -> None:
        """Add what the end says, `Finished` last; raise `BackendTruncated` if it is no end."""

    def feed(self, data: bytes) -> list[Event | TextRun]:
        """Take the next bytes of the body."""
        if self._is_between and (single := self.template.single_of(data)) is not None:
            return [single]
        batch: list[Event | TextRun] = []
        while data and self.failure is None and not self.is_done:
            if self._splitter.is_idle:
                data = self._read_run(self._held + data if self._held else data, batch)
            some, data = self._some_of(data)
            if some:
                self._read_frames(some, batch)
        self._is_between = self._splitter.is_idle and not self._held
        return batch

    def _some_of(self, data: bytes) -> tuple[bytes, bytes]:
        """Cut off a few frames, as long as we hope to learn from them how the others will look."""
        if self._cuts_left and not self.template.is_known:
            end = 0
            for _ in range(_LOOK_AT):
                end = data.find(b"\n\n", end) + 2
                if end < 2:
                    return data, b""
            self._cuts_left -= 1
            return data[:end], data[end:]
        return data, b""

    def _read_run(self, data: bytes, batch: list[Event | TextRun]) -> bytes:
        """Read the plain frames at the beginning; return what has to be looked at by the frame."""
        found = self.template.run_of(data)
        if found is not None:
            run, data = found
            if run.texts:
                batch.append(run)
        is_part = len(data) < _MAX_HELD and b"\n\n" not in data and b"\r" not in data
        self._held = data if is_part else b""
        return b"" if is_part else data

    def _read_frames(self, data: bytes, batch: list[Event | TextRun]) -> None:
        events = cast("list[Event]", batch)
        try:
            for name, payload in self._splitter.feed(data):
                if not payload:
                    if self._is_started and not (batch and batch[-1] is ALIVE):
                        batch.append(ALIVE)
                elif not self._read_plain(name, payload, batch):
                    self.read(name, self._halves.mended(payload), events)
                    if self.is_done:
                        break
        except FrameTooLarge:
            self.failure = self.error("The provider sent a frame over 1 MiB.")
        except BackendError as exc:
            self.failure = exc

    def _read_plain(self, name: bytes, payload: bytes, batch: list[Event | TextRun]) -> bool:
        """Read a frame that differs from the one before in its text alone, if it is one."""
        quoted = self.template.quoted_of(name, payload)
        run = self.template.run([quoted]) if quoted is not None else None
        if run is None:
            return False
        last = batch[-1] if batch else None
        if type(last) is TextRun:
            last.texts.extend(run.texts)
            last.quoted.extend(run.quoted)
        elif run.texts:
            batch.append(run)
        return True

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
            for name, payload in self._splitter.feed(self._held) + self._splitter.end():
                if payload:
                    self.read(name, self._halves.mended(payload), events)
        except BackendError as exc:
            if exc.status is not None:
                raise
            raise self.truncated() from exc
