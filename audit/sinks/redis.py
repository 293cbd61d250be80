"""Records in a Redis stream, for whoever reads along. Records only, no words.

Each record arrives once: the number of the last one of its writer is kept beside the stream.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from ..sink import AuditUnavailable, Entry, Forget

KEPT_S = 30 * 86_400
"""For so long it is known how far a writer has come; the stream itself outlives 15 times that."""
_APPEND = """
local last = tonumber(redis.call('GET', KEYS[2]) or '0')
for at = 4, #ARGV, 6 do
    local seq = tonumber(ARGV[at])
    if seq > last then
        redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[1], '*', 'writer', ARGV[3],
            'seq', ARGV[at], 'event', ARGV[at + 1], 'time', ARGV[at + 2],
            'stream_id', ARGV[at + 3], 'subject', ARGV[at + 4], 'record', ARGV[at + 5])
        last = seq
    end
end
redis.call('SET', KEYS[2], last, 'EX', ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[2] * 15)
return last"""


class RedisSink:
    """Appends to one stream, which keeps about the last `max_records`."""

    name = "redis"

    def __init__(
        self, url: str, stream: str = "sluicegate:audit", max_records: int = 1_000_000
    ) -> None:
        self._client: Any = Redis.from_url(url, socket_timeout=5, socket_connect_timeout=2)
        self._stream = stream
        self._max_records = max_records

    async def write(self, entries: Sequence[Entry]) -> None:
        """Append what is not there yet, or raise AuditUnavailable."""
        by_writer: dict[str, list[Entry]] = {}
        for entry in entries:
            by_writer.setdefault(entry.writer, []).append(entry)
        try:
            for writer, some in by_writer.items():
                await self._append(writer, some)
        except (RedisError, OSError) as exc:
            raise AuditUnavailable(f"redis: {type(exc).__name__}") from exc

    async def forget(self, what: Forget) -> None:
        """Trim records that are past their retention; words are not here."""
        if not what.records_before:
            return
        try:
            await self._client.xtrim(self._stream, minid=_milliseconds(what.records_before))
        except (RedisError, OSError) as exc:
            raise AuditUnavailable(f"redis: {type(exc).__name__}") from exc

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _append(self, writer: str, entries: Sequence[Entry]) -> None:
        words: list[bytes | str | int] = [self._max_records, KEPT_S, writer]
        for one in entries:
            words += [one.seq, one.event, one.time, one.stream_id, one.subject, one.line]
        mark = f"{{{self._stream}}}:{writer}"
        await self._client.eval(_APPEND, 2, self._stream, mark, *words)


def _milliseconds(time: str) -> int:
    return int(datetime.fromisoformat(time).timestamp() * 1000)
