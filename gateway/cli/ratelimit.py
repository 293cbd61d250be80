"""`gateway ratelimit`: who met which limit and when, from the audit trail."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .audit_place import Since, Until, folder_of
from .group import command_group
from .options import File, Json
from .output import give, give_json, table

if TYPE_CHECKING:
    from gateway.limits.summary import Summary

app = command_group("Report who met which limit.", "gateway ratelimit report --since 2026-11-24")
Folder = Annotated[
    Path | None, typer.Option("--audit", help="Folder of the trail; else from the configuration.")
]


@app.command(epilog="Example: gateway ratelimit report --audit var/audit --since 2026-11-24 --json")
def report(
    audit: Folder = None,
    since: Since = "",
    until: Until = "~",
    top: Annotated[int, typer.Option(help="So many limits and callers.", min=1)] = 20,
    config: File = None,
    json: Json = False,
) -> None:
    """Count hits by limit, by caller (under its name in the trail) and by hour."""
    from audit import by_time
    from gateway.limits.summary import summarize

    records = (one.record for one in by_time(folder_of(audit, config), with_content=False))
    found = summarize(records, since=since, until=until or "~", top=top)
    if json:
        give_json({"version": 1, "report": found})
    else:
        give(_lines(found))


def _lines(found: Summary) -> list[str]:
    if not found.hits:
        return ["No limit was met."]
    limits = [
        (one.limit, str(one.hits), str(one.subjects), str(one.shadow), one.first, one.last)
        for one in found.limits
    ]
    subjects = [
        (one.subject, str(one.hits), ", ".join(one.limits), one.last) for one in found.subjects
    ]
    hours = [(hour, str(count)) for hour, count in found.hours.items()]
    return [
        f"{found.hits} hits",
        "",
        *table([("limit", "hits", "callers", "shadow", "first", "last"), *limits]),
        "",
        *table([("caller", "hits", "limits", "last"), *subjects]),
        "",
        *table([("hour", "hits"), *hours]),
    ]
