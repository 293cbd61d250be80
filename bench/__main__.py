"""`make bench`: stand-in, yardsticks, gateway and load, each a process of its own; one table."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator

import msgspec

from bench import split
from bench.processes import run
from bench.scenarios import Column, Target, measure
from bench.servers import NAIVE, RELAY, Bench, tools
from bench.table import render


def main() -> None:
    """Measure what was asked for and print the table, or JSON."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print the numbers as JSON")
    parser.add_argument("--only", default="", help="comma-separated parts of column names")
    parser.add_argument("--no-split", action="store_true", help="leave the split of the time out")
    args = parser.parse_args()
    _say("starting the provider stand-in and Valkey; the whole takes about three minutes")
    with tempfile.TemporaryDirectory(prefix="sluicegate-bench-") as folder, tools(folder) as bench:
        columns = list(_columns(bench, [part for part in args.only.split(",") if part]))
        samples = {} if args.no_split else split.profile(bench, folder)
    if args.json:
        print(json.dumps({"columns": msgspec.to_builtins(columns), "split": samples}, indent=2))
        return
    print(render(columns, NAIVE, RELAY))
    if samples:
        print("\n" + split.render(samples))


def _columns(bench: Bench, only: list[str]) -> Iterator[Column]:
    """Measure one server after another, so that each has its core for itself."""
    floor = Target("no gateway", bench.provider + "/chat/completions", "openai")
    yield _measured(floor)
    for server in bench.servers():
        if only and not any(part in server.name for part in only):
            continue
        with server.open() as (url, process):
            yield _measured(Target(server.name, url + server.path, server.protocol, process))


def _measured(target: Target) -> Column:
    return run(measure(target, lambda step: _say(f"{target.name}: {step}")))


def _say(text: str) -> None:
    print(f"bench: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
