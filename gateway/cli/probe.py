"""`gateway probe`: try one thing on a running gateway and say what came of it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urljoin

import typer

from gateway.reading import events_of

from .group import command_group
from .options import LOCAL, ApiKey, AppName, Json, Url
from .output import NO, YES, end, give, give_json, say
from .remote import call, opened, refusal

if TYPE_CHECKING:
    from gateway.checklist.judging import Finding

app = command_group("Try one thing on a running gateway.", "gateway probe stream")


@app.command(epilog="Example: gateway probe stream --url https://chat.example.com --json")
def stream(
    url: Url = LOCAL,
    profile: AppName = "bali-zero",
    query: Annotated[str, typer.Option(help="The prompt.")] = "Count to twenty.",
    key: ApiKey = None,
    json: Json = False,
) -> None:
    """Create a stream, follow it, and judge it: at once, piece by piece, complete, well ended."""
    from gateway.checklist.judging import judge

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


def lines_of(findings: Sequence[Finding]) -> list[str]:
    """Return one line for each finding, with the remedy below those that failed."""
    lines = []
    for finding in findings:
        lines.append(f"{'✓' if finding.ok else '✗'} {finding.name}: {finding.seen}")
        if not finding.ok and finding.remedy:
            lines.append(f"    -> {finding.remedy}")
    return lines
