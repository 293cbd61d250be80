"""Appends batches of records durably. Blocking: the trail runs it in its own thread.

A failed write leaves no trace in the chain; a failed sync is data loss, so the file is left and a
new segment repeats what was not confirmed. Records and their words are synced at the same time: a
machine that dies meanwhile may keep records without words, which recovery drops, for nobody was
told that they are durable.
"""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from queue import SimpleQueue

from ..chain import Chain
from ..encoding import to_line
from ..merkle import Tree
from ..sink import AuditUnavailable, Entry
from .draft import Draft, head
from .hand import Hand
from .layout import SegmentName, content_path
from .reserve import Reserve
from .segment import Segment, sync_folder

SEGMENT_BYTES = 64 << 20


class Journal:
    """The files of one writer: a process in one life."""

    def __init__(
        self, folder: Path, *, clock: Callable[[], float], segment_bytes: int = SEGMENT_BYTES
    ) -> None:
        self.folder = folder
        self.writer = secrets.token_hex(6)
        self._clock = clock
        self._segment_bytes = segment_bytes
        self._chain = Chain(self.writer)
        self._tree = Tree()
        self._number = 0
        self._segment: Segment | None = None
        self._content: Segment | None = None
        self._reserve = Reserve(folder / f"{self.writer}.reserve")
        self._lock = threading.Lock()
        self._beside = Hand("audit-words")

    def open(self) -> None:
        """Make the folder and the first segment; raises AuditUnavailable."""
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._reserve.make()
        except OSError as exc:
            raise AuditUnavailable(f"{self.folder}: {exc.strerror}") from exc
        self.append([])

    def append(self, drafts: Sequence[Draft], *, from_reserve: bool = False) -> list[Entry]:
        """Write all drafts and return them as entries once they are durable, else none of them."""
        with self._lock:
            try:
                return self._append(drafts)
            except OSError as exc:
                if not (from_reserve and exc.errno == errno.ENOSPC and self._reserve.release()):
                    raise AuditUnavailable(f"{self.folder}: {exc.strerror}") from exc
            try:
                return self._append(drafts)
            except OSError as exc:
                raise AuditUnavailable(f"{self.folder}: {exc.strerror}") from exc

    def state(self) -> tuple[str, int, bytes]:
        """Return writer, last sequence number and head of the chain, for a checkpoint."""
        with self._lock:
            return self.writer, self._chain.seq, self._chain.head

    def renew_reserve(self) -> bool:
        """Take the reserve again after space came back; False if there is not enough of it."""
        try:
            self._reserve.make()
        except OSError:
            return False
        return True

    def close(self) -> None:
        """Seal the last segment as closed and give up the locks."""
        with self._lock:
            segment = self._segment
            if segment is None:
                return
            try:
                self._seal(segment, is_closed=True)
            except OSError as exc:
                raise AuditUnavailable(f"{self.folder}: {exc.strerror}") from exc
            finally:
                self._leave()
                self._beside.close()
                self._reserve.release()

    def _append(self, drafts: Sequence[Draft]) -> list[Entry]:
        segment = self._current()
        if not drafts:
            return []
        mark, tree, sizes = self._chain.mark(), self._tree.copy(), self._sizes()
        try:
            entries = self._encode_all(drafts, segment)
            words = self._write_words(entries)
            segment.write(b"".join(entry.line + b"\n" for entry in entries))
            self._sync_both(segment, words)
        except OSError:
            self._chain.rewind(mark)
            self._tree = tree
            for file, size in sizes:
                file.confirmed = size
            self._drop_unconfirmed()
            raise
        return entries

    def _sizes(self) -> list[tuple[Segment, int]]:
        files = (self._segment, self._content)
        return [(file, file.confirmed) for file in files if file is not None]

    def _current(self) -> Segment:
        segment = self._segment
        if segment is not None and self._is_full(segment):
            self._seal(segment, is_closed=False)
            self._leave()
        return self._segment or self._begin()

    def _is_full(self, segment: Segment) -> bool:
        day = SegmentName.make(self._clock(), "", 0).opened[:10]
        return segment.confirmed >= self._segment_bytes or not segment.path.name.startswith(day)

    def _begin(self) -> Segment:
        name = SegmentName.make(self._clock(), self.writer, self._number)
        mark = self._chain.mark()
        segment = Segment(self.folder / f".{name.file}")
        self._number += 1
        try:
            segment.lock()
            segment.rename(self.folder / name.file)
            self._content = Segment(content_path(segment.path))
            fields = {"segment": name.number, "file": name.file, "pid": os.getpid()}
            fields["prev"] = self._chain.head.hex()
            line = self._chain.seal({**self._head("audit.segment.opened"), **fields})
            segment.write(line + b"\n")
            self._sync(segment)
            sync_folder(self.folder)
        except OSError:
            self._chain.rewind(mark)
            self._abandon(segment)
            raise
        self._tree = Tree([line])
        self._segment = segment
        return segment

    def _abandon(self, segment: Segment) -> None:
        segment.path.unlink(missing_ok=True)
        content_path(segment.path).unlink(missing_ok=True)
        segment.close()
        if self._content is not None:
            self._content.close()
            self._content = None

    def _head(self, event: str) -> dict[str, object]:
        return head(event, self._clock())

    def _seal(self, segment: Segment, *, is_closed: bool) -> None:
        mark = self._chain.mark()
        fields = {
            "records": self._tree.size,
            "root": self._tree.root().hex(),
            "is_closed": is_closed,
        }
        try:
            line = self._chain.seal({**self._head("audit.segment.sealed"), **fields})
            segment.write(line + b"\n")
            self._sync(segment)
        except OSError:
            self._chain.rewind(mark)
            self._drop_unconfirmed()
            raise

    def _encode_all(self, drafts: Sequence[Draft], segment: Segment) -> list[Entry]:
        offset = self._content.confirmed if self._content else 0
        entries = []
        for draft in drafts:
            content = b""
            if draft.content:
                content = self._words_of(draft)
                where = {"offset": offset, "digest": hashlib.sha256(content).hexdigest()}
                draft.record["content"] = where
                offset += len(content) + 1
            entries.append(self._entry(draft, content))
        return entries

    def _words_of(self, draft: Draft) -> bytes:
        record = draft.record
        body: dict[str, object] = {"event": "chat.content"}
        for key in HEAD_OF_CONTENT:
            body[key] = record.get(key)
        if "email" in record:
            body["email"] = record["email"]
        body["of"] = "start" if record["event"] == "chat.received" else "end"
        body["salt"] = os.urandom(16).hex()
        body |= draft.content or {}
        return to_line(body)

    def _entry(self, draft: Draft, content: bytes) -> Entry:
        line = self._chain.seal(draft.record)
        self._tree.add(line)
        record = draft.record
        return Entry(
            writer=self.writer,
            seq=self._chain.seq,
            event=str(record["event"]),
            time=str(record["time"]),
            stream_id=str(record["stream_id"]),
            subject=str(record["subject"] or ""),
            line=line,
            content=content,
        )

    def _write_words(self, entries: Sequence[Entry]) -> Segment | None:
        """Write the words; return their file where it has to be synced."""
        words = b"".join(entry.content + b"\n" for entry in entries if entry.content)
        if not words or self._content is None:
            return None
        self._content.write(words)
        return self._content

    def _sync_both(self, segment: Segment, words: Segment | None) -> None:
        """Sync both files at once; a disk takes two syncs in a row twice as long."""
        if words is None:
            self._sync(segment)
            return
        told: SimpleQueue[Exception | None] = SimpleQueue()
        self._beside.give(lambda: self._sync(words), lambda _, error: told.put(error))
        try:
            self._sync(segment)
        finally:
            error = told.get()
        if error is not None:
            raise error

    def _sync(self, segment: Segment) -> None:
        try:
            segment.sync()
        except OSError:
            segment.is_suspect = True
            raise

    def _drop_unconfirmed(self) -> None:
        files = [file for file in (self._segment, self._content) if file is not None]
        try:
            for file in files:
                file.cut(file.confirmed)
        except OSError:
            self._leave()
            return
        if any(file.is_suspect for file in files):
            self._leave()

    def _leave(self) -> None:
        for file in (self._segment, self._content):
            if file is not None:
                file.close()
        self._segment = self._content = None


HEAD_OF_CONTENT = ("time", "stream_id", "request_id", "app", "subject")
