"""`gateway logs`: judge the gateway's structured log."""

from __future__ import annotations

import json as json_module
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

import typer

from .banner import is_start_text
from .group import command_group
from .options import Json
from .output import NO, WRONG_USE, YES, end, give, give_json, say
from .site import seconds_of

app = command_group("Judge the gateway's log.", "gateway logs check gateway.log --since 15m")
LEVELS = ("debug", "info", "warning", "error", "critical")
SHOWN, PAUSE_S = 10, 0.2


@app.command(epilog="Example: docker compose logs --no-log-prefix gateway | gateway logs check -")
def check(
    file: Annotated[str, typer.Argument(help="The log; - reads standard input.")] = "-",
    since: Annotated[str, typer.Option(help="How far back: 15m, 24h; all if absent.")] = "",
    follow: Annotated[
        str, typer.Option(help="Go on reading a file for so long, 30s or 30m; tell what is wrong.")
    ] = "",
    max_level: Annotated[
        Literal["info", "warning", "error"], typer.Option(help="The worst level allowed.")
    ] = "warning",
    json: Json = False,
) -> None:
    """Count records by level; exit 1 where one is worse than allowed."""
    first, worst = _first(since), LEVELS.index(max_level)
    lines = _lines(file, time.monotonic() + (seconds_of(follow, "--follow") if follow else 0))
    levels, events = Counter[str](), Counter[str]()
    try:
        for record in _records(lines, first):
            levels[str(record.get("level", "info"))] += 1
            if LEVELS.index(_level(record)) > worst:
                events[str(record.get("event", "?"))] += 1
                say([f"{record.get('timestamp', '')} {record.get('event', '?')}"] if follow else [])
    except OSError as error:
        say([f"{file}: {error.strerror}"])
        end(WRONG_USE)
    _give(levels, events, json)
    end(NO if events else YES)


def _give(levels: Counter[str], events: Counter[str], json: bool) -> None:
    if json:
        give_json({"version": 1, "ok": not events, "levels": levels, "events": events})
        return
    counted = ", ".join(f"{level} {count}" for level, count in sorted(levels.items()))
    give([f"{'✗' if events else '✓'} {levels.total()} records: {counted or 'none'}"])
    give([f"    {count} times {event}" for event, count in events.most_common(SHOWN)])


def _lines(file: str, until: float) -> Iterator[str]:
    """Yield the lines that are there, and those that come until then."""
    if file == "-":
        yield from sys.stdin
        return
    with open(file, errors="replace") as log:
        part = ""
        while True:
            part += log.readline()
            if part.endswith("\n"):
                yield part
                part = ""
            elif time.monotonic() >= until:
                yield part
                return
            else:
                time.sleep(PAUSE_S)


def _level(record: dict[str, Any]) -> str:
    level = str(record.get("level", "info"))
    return level if level in LEVELS else "error"


def _first(since: str) -> str:
    if not since:
        return ""
    return (datetime.now(UTC) - timedelta(seconds=seconds_of(since))).isoformat()


def _records(lines: Iterable[str], first: str) -> Iterable[dict[str, Any]]:
    """Yield the records; a line that is no JSON is one of level error: nothing else writes here."""
    for line in lines:
        if not line.strip() or is_start_text(line):
            continue
        try:
            record = json_module.loads(line)
        except ValueError:
            is_warning = line.startswith("warning: ")
            record = {"level": "warning" if is_warning else "error", "event": "no JSON"}
        if not isinstance(record, dict) or str(record.get("timestamp", "~")) < first:
            continue
        yield record
