"""`gateway probe`: try one thing on a running gateway and say what came of it."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated
from urllib.parse import urljoin

import msgspec
import typer

from .group import command_group
from .options import LOCAL, ApiKey, AppName, Json, Url
from .output import NO, YES, end, give, give_json, say
from .remote import Event, call, events_of, opened, refusal

app = command_group("Try one thing on a running gateway.", "gateway probe stream")
FIRST_MS = 2_000
TOGETHER_MS = 1.0


class Finding(msgspec.Struct, frozen=True):
    """One expectation: whether it held, and what was seen."""

    name: str
    ok: bool
    seen: str
    remedy: str = ""


@app.command(epilog="Example: gateway probe stream --url https://chat.example.com --json")
def stream(
    url: Url = LOCAL,
    profile: AppName = "bali-zero",
    query: Annotated[str, typer.Option(help="The prompt.")] = "Count to twenty.",
    key: ApiKey = None,
    json: Json = False,
) -> None:
    """Create a stream, follow it, and judge it: at once, piece by piece, complete, well ended."""
    base = f"{url.rstrip('/')}/api/v2/{profile}/"
    created = call("POST", urljoin(base, "streams"), key=key, body={"query": query})
    if created.status != 201 or not isinstance(created.body, dict):
        say([f"The gateway refused: {refusal(created)}"])
        end(NO)
    started = time.monotonic()
    with opened("GET", urljoin(base, str(created.body["url"])), key=key) as response:
        events = list(events_of(response))
    findings = judge(events, started)
    is_good = all(finding.ok for finding in findings)
    if json:
        give_json({"version": 1, "ok": is_good, "findings": findings})
    else:
        give(lines_of(findings))
    end(YES if is_good else NO)


def judge(events: Sequence[Event], started_s: float) -> list[Finding]:
    """Return what holds of a stream that was followed from `started_s` to its end."""
    tokens = [event for event in events if event.data.get("type") == "token"]
    kinds = [str(event.data.get("type")) for event in events]
    first_ms = (tokens[0].at_s - started_s) * 1000 if tokens else float("inf")
    gaps_ms = [(b.at_s - a.at_s) * 1000 for a, b in pairwise(tokens)]
    together = sum(gap < TOGETHER_MS for gap in gaps_ms)
    numbers = [event.data.get("sequence") for event in events if event.id]
    last = events[-1].data if events else {}
    return [
        Finding(
            "begins with metadata", kinds[:1] == ["metadata"], kinds[0] if kinds else "nothing"
        ),
        Finding("first words soon", first_ms < FIRST_MS, f"{first_ms:.0f} ms, limit {FIRST_MS} ms"),
        Finding(
            "arrives piece by piece",
            len(tokens) < 3 or together < len(gaps_ms) * 0.9,
            f"{len(tokens)} pieces, median gap {statistics.median(gaps_ms or [0]):.1f} ms",
            "a proxy holds the stream back: switch its response buffering and compression off",
        ),
        Finding(
            "nothing missing", numbers == list(range(1, len(numbers) + 1)), f"{len(numbers)} ids"
        ),
        Finding(
            "ends well",
            last.get("type") == "done",
            str(last.get("type", "nothing")),
            "the stream was cut or failed: see the gateway's log for this stream",
        ),
    ]


def lines_of(findings: Sequence[Finding]) -> list[str]:
    """Return one line for each finding, with the remedy below those that failed."""
    lines = []
    for finding in findings:
        lines.append(f"{'✓' if finding.ok else '✗'} {finding.name}: {finding.seen}")
        if not finding.ok and finding.remedy:
            lines.append(f"    -> {finding.remedy}")
    return lines
