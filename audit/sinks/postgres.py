"""Records in a PostgreSQL table, copied in batches. Words can be erased. Needs asyncpg."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from ..sink import AuditUnavailable, Entry, Forget

_NAME = re.compile(r"[a-z_][a-z0-9_]{0,39}")
_TABLE = """
CREATE TABLE IF NOT EXISTS {table} (
    writer text NOT NULL, seq bigint NOT NULL, time timestamptz NOT NULL, event text NOT NULL,
    stream_id text NOT NULL, subject text NOT NULL, line text NOT NULL, content text,
    PRIMARY KEY (writer, seq));
CREATE INDEX IF NOT EXISTS {table}_subject ON {table} (subject, time);
CREATE INDEX IF NOT EXISTS {table}_stream ON {table} (stream_id);
CREATE INDEX IF NOT EXISTS {table}_time ON {table} (time)"""
_INCOMING = "CREATE TEMP TABLE incoming (LIKE {table}) ON COMMIT DROP"
_TAKE = "INSERT INTO {table} SELECT * FROM incoming ON CONFLICT DO NOTHING"
_ERASE = "UPDATE {table} SET content = NULL WHERE writer = $1 AND seq = $2"
_OLD_WORDS = "UPDATE {table} SET content = NULL WHERE time < $1 AND content IS NOT NULL"
_OLD_SEALED = (
    "UPDATE {table} SET content = NULL WHERE time < $1"
    " AND (content LIKE '%\"sealed\":\"%' OR content LIKE '% sealed:%')"
)
_OLD_RECORDS = "DELETE FROM {table} WHERE time < $1"
_LOCK = "SELECT pg_advisory_xact_lock(hashtext($1))"
DEADLINE_S = 8.0


class PostgresSink:
    """Owns one connection and one table; what it has seen already it does not take twice."""

    name = "postgres"

    def __init__(self, url: str, table: str = "sluicegate_audit") -> None:
        if not _NAME.fullmatch(table):
            raise ValueError("a table's name is lower-case letters, digits and `_`")
        self._url = url
        self._table = table
        self._connection: Any = None

    async def write(self, entries: Sequence[Entry]) -> None:
        """Copy all entries in one transaction, or raise AuditUnavailable."""
        if entries:
            await self._guarded(self._write(entries))

    async def forget(self, what: Forget) -> None:
        """Remove words and records, or raise AuditUnavailable. Copies of the server stay."""
        await self._guarded(self._forget(what))

    async def aclose(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None

    async def _guarded(self, work: Any) -> None:
        import asyncpg  # type: ignore[import-untyped]

        is_done = False
        try:
            async with asyncio.timeout(DEADLINE_S):
                await work
            is_done = True
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError) as exc:
            raise AuditUnavailable(f"postgres: {type(exc).__name__}") from exc
        finally:
            if not is_done:  # the state of the connection is unknown
                await self.aclose()

    async def _open(self) -> Any:
        if self._connection is None:
            import asyncpg

            made = await asyncpg.connect(self._url, timeout=5)
            self._connection = made
            async with made.transaction():
                await made.execute(_LOCK, self._table)  # workers create it one after the other
                await made.execute(self._sql(_TABLE))
        return self._connection

    async def _write(self, entries: Sequence[Entry]) -> None:
        connection = await self._open()
        async with connection.transaction():
            await connection.execute(self._sql(_INCOMING))
            await connection.copy_records_to_table("incoming", records=map(_row, entries))
            await connection.execute(self._sql(_TAKE))

    async def _forget(self, what: Forget) -> None:
        connection = await self._open()
        async with connection.transaction():
            await connection.executemany(self._sql(_ERASE), what.words)
            for statement, text in (
                (_OLD_WORDS, what.words_before),
                (_OLD_SEALED, what.sealed_before),
                (_OLD_RECORDS, what.records_before),
            ):
                if text:
                    before = datetime.fromisoformat(text)
                    await connection.execute(self._sql(statement), before)

    def _sql(self, text: str) -> str:
        return text.format(table=self._table)


def _row(entry: Entry) -> tuple[object, ...]:
    return (
        entry.writer,
        entry.seq,
        datetime.fromisoformat(entry.time),
        entry.event,
        entry.stream_id,
        entry.subject,
        entry.line.decode(),
        entry.content.decode() or None,
    )
