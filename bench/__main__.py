"""`make bench`: stand-in, yardsticks, gateway and load, each a process of its own.

The part `columns` compares servers; `fanout`, `leaving` and `crowd` hold single numbers against
their limits; `split` tells what the time of the gateway is spent on. About four minutes, or seven
with `--full`: more widths, and the split.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence

import msgspec

from bench import crowd, fanout, leaving, split
from bench.machine import about
from bench.processes import run
from bench.rows import Row
from bench.rows import render as render_rows
from bench.scenarios import Column, Target, measure
from bench.servers import NAIVE, RELAY, Bench, tools
from bench.table import render

PARTS = ("columns", "fanout", "crowd", "leaving", "split")


def main() -> None:
    """Measure what was asked for and print it as text or JSON; exit 1 where a limit is missed."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print the numbers as JSON")
    parser.add_argument("--only", default="", help="comma-separated parts of column names")
    parser.add_argument("--full", action="store_true", help="measure more widths, and the split")
    parser.add_argument("--part", action="append", choices=PARTS, help="leave the others out")
    args = parser.parse_args()
    parts, machine = args.part or (PARTS if args.full else PARTS[:-1]), about()
    with tempfile.TemporaryDirectory(prefix="sluicegate-bench-") as folder, tools(folder) as bench:
        rows = list(_rows(bench, folder, parts))
        only = [part for part in args.only.split(",") if part]
        columns = list(_columns(bench, only, args.full)) if "columns" in parts else []
        samples = split.profile(bench, folder) if "split" in parts else {}
    if args.json:
        found = {"machine": machine, "columns": columns, "promises": rows, "split": samples}
        print(json.dumps(msgspec.to_builtins(found), indent=2))
    else:
        print(_text(machine, columns, rows, samples))
    sys.exit(int(any(row.is_missed for row in rows)))


def _text(
    machine: dict[str, str], columns: list[Column], rows: list[Row], samples: dict[str, int]
) -> str:
    shown = [", ".join(f"{name} {value}" for name, value in machine.items())]
    if columns:
        shown.append(render(columns, NAIVE, RELAY))
    if rows:
        shown.append(render_rows(rows))
    if samples:
        shown.append(split.render(samples))
    return "\n\n".join(shown)


def _rows(bench: Bench, folder: str, parts: Sequence[str]) -> Iterator[Row]:
    """Measure single numbers, each on a gateway of its own."""
    if "fanout" in parts:
        yield from _said(fanout.rows(bench))
    if "leaving" in parts:
        yield from _said(leaving.rows(bench))
    if "crowd" in parts:
        yield from _said(crowd.rows(bench, folder))


def _said(rows: Iterator[Row]) -> Iterator[Row]:
    for row in rows:
        _say(render_rows([row]))
        yield row


def _columns(bench: Bench, only: list[str], is_full: bool) -> Iterator[Column]:
    """Measure one server after another, so that each has its core for itself."""
    floor = Target("no gateway", bench.provider + "/chat/completions", "openai")
    yield _measured(floor, is_full)
    for server in bench.servers():
        if only and not any(part in server.name for part in only):
            continue
        with server.open() as (url, process):
            target = Target(server.name, url + server.path, server.protocol, process)
            yield _measured(target, is_full)


def _measured(target: Target, is_full: bool) -> Column:
    return run(measure(target, lambda step: _say(f"{target.name}: {step}"), is_full=is_full))


def _say(text: str) -> None:
    print(f"bench: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
