"""`gateway logs`: judge the gateway's structured log."""

from __future__ import annotations

import json as json_module
import sys
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from .group import command_group
from .options import Json
from .output import NO, WRONG_USE, YES, end, give, give_json, say

app = command_group("Judge the gateway's log.", "gateway logs check gateway.log --since 15m")
LEVELS = ("debug", "info", "warning", "error", "critical")
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
SHOWN = 10


@app.command(epilog="Example: docker compose logs --no-log-prefix gateway | gateway logs check -")
def check(
    file: Annotated[str, typer.Argument(help="The log; - reads standard input.")] = "-",
    since: Annotated[str, typer.Option(help="How far back: 15m, 24h; all if absent.")] = "",
    max_level: Annotated[
        Literal["info", "warning", "error"], typer.Option(help="The worst level allowed.")
    ] = "warning",
    json: Json = False,
) -> None:
    """Count records by level; exit 1 where one is worse than allowed."""
    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text(errors="replace")
    except OSError as error:
        say([f"{file}: {error.strerror}"])
        end(WRONG_USE)
    records = list(_records(text.splitlines(), _first(since)))
    levels = Counter(str(record.get("level", "info")) for record in records)
    worst = LEVELS.index(max_level)
    bad = [r for r in records if LEVELS.index(_level(r)) > worst]
    events = Counter(str(record.get("event", "?")) for record in bad)
    if json:
        give_json({"version": 1, "ok": not bad, "levels": levels, "events": events})
    else:
        counted = ", ".join(f"{level} {count}" for level, count in sorted(levels.items()))
        give([f"{'✗' if bad else '✓'} {len(records)} records: {counted or 'none'}"])
        give([f"    {count} times {event}" for event, count in events.most_common(SHOWN)])
    end(NO if bad else YES)


def _level(record: dict[str, Any]) -> str:
    level = str(record.get("level", "info"))
    return level if level in LEVELS else "error"


def _first(since: str) -> str:
    if not since:
        return ""
    if since[-1:] not in UNITS or not since[:-1].isdigit():
        say([f"`{since}` is no time; write 15m, 24h or 2d"])
        end(WRONG_USE)
    ago = timedelta(seconds=int(since[:-1]) * UNITS[since[-1]])
    return (datetime.now(UTC) - ago).isoformat()


def _records(lines: Iterable[str], first: str) -> Iterable[dict[str, Any]]:
    """Yield the records; a line that is no JSON is one of level error: nothing else writes here."""
    for line in lines:
        if not line.strip():
            continue
        try:
            record = json_module.loads(line)
        except ValueError:
            record = {"level": "error", "event": "no JSON"}
        if not isinstance(record, dict) or str(record.get("timestamp", "~")) < first:
            continue
        yield record
