"""Records in one SQLite file, for questions in SQL. Words can be erased by subject."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from ..sink import AuditUnavailable, Entry, Forget

T = TypeVar("T")
_TABLE = """
CREATE TABLE IF NOT EXISTS records (
    writer TEXT NOT NULL, seq INTEGER NOT NULL, time TEXT NOT NULL, event TEXT NOT NULL,
    stream_id TEXT NOT NULL, subject TEXT NOT NULL, line TEXT NOT NULL, content TEXT,
    PRIMARY KEY (writer, seq)
) WITHOUT ROWID"""
_INDEXES = (
    "CREATE INDEX IF NOT EXISTS records_subject ON records (subject, time)",
    "CREATE INDEX IF NOT EXISTS records_stream ON records (stream_id)",
)


class SqliteSink:
    """Owns one file and one thread; what it has seen already it does not take twice."""

    name = "sqlite"

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="audit-sqlite")
        self._database: sqlite3.Connection | None = None

    async def write(self, entries: Sequence[Entry]) -> None:
        """Store all entries in one transaction, or raise AuditUnavailable."""
        await self._run(lambda: self._write(entries))

    async def forget(self, what: Forget) -> None:
        """Remove words and records for good; SQLite overwrites them (`secure_delete`)."""
        await self._run(lambda: self._forget(what))

    async def aclose(self) -> None:
        """Close the file."""
        await self._run(self._close)
        self._thread.shutdown(wait=False)

    async def _run(self, job: Callable[[], T]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, job)
        except (sqlite3.Error, OSError) as exc:
            raise AuditUnavailable(f"{self._path}: {exc}") from exc

    def _open(self) -> sqlite3.Connection:
        if self._database is None:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600))
            database = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
            database.execute("PRAGMA journal_mode=WAL")
            database.execute("PRAGMA synchronous=FULL")
            database.execute("PRAGMA secure_delete=ON")
            for statement in (_TABLE, *_INDEXES):
                database.execute(statement)
            self._database = database
        return self._database

    def _write(self, entries: Sequence[Entry]) -> None:
        rows = [
            (
                entry.writer,
                entry.seq,
                entry.time,
                entry.event,
                entry.stream_id,
                entry.subject,
                entry.line.decode(),
                entry.content.decode() or None,
            )
            for entry in entries
        ]
        database = self._open()
        with database:
            database.execute("BEGIN")
            database.executemany("INSERT OR IGNORE INTO records VALUES (?,?,?,?,?,?,?,?)", rows)

    def _forget(self, what: Forget) -> None:
        database = self._open()
        with database:
            database.execute("BEGIN")
            database.executemany(
                "UPDATE records SET content = NULL WHERE writer = ? AND seq = ?", what.words
            )
            database.execute(
                "UPDATE records SET content = NULL WHERE time < ? AND content IS NOT NULL",
                (what.words_before,),
            )
            database.execute(
                "UPDATE records SET content = NULL WHERE time < ? AND"
                " (content LIKE '%\"sealed\":\"%' OR content LIKE '% sealed:%')",
                (what.sealed_before,),
            )
            database.execute("DELETE FROM records WHERE time < ?", (what.records_before,))
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def _close(self) -> None:
        if self._database is not None:
            self._database.close()
            self._database = None
