"""`gateway audit report` and `processing`: what is kept, for how long; a page that says so."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from .audit_place import Folder, folder_of
from .options import File, Json
from .output import NO, end, give, give_json, say, table

if TYPE_CHECKING:
    from audit import Holdings


def report(path: Folder = None, config: File = None, json: Json = False) -> None:
    """Count what the trail holds, how long it is kept, and its gaps; nothing about one person."""
    from audit import take_stock

    settings = read_config(config).audit
    holdings = take_stock(folder_of(path, config))
    if json:
        days = settings.retention_days
        kept = {"words": days.content, "sealed": days.sealed}
        kept |= {"records": days.metadata, "acts": days.rights}
        give_json({"version": 1, "kept_days": kept, "holdings": holdings})
        return
    give(_lines(holdings, settings))


def processing(config: File = None) -> None:
    """Print the record of processing for a configuration, as Markdown (GDPR article 30)."""
    from gateway.config import record_of_processing

    give([record_of_processing(read_config(config))])


def read_config(path: str | None) -> Any:
    """Return the configuration; one that is not sound ends the command."""
    from gateway.config import examine, explain

    loaded = examine(path, os.environ)
    if loaded.problems:
        say(explain(loaded.problems))
        end(NO)
    return loaded.config


def _lines(held: Holdings, settings: Any) -> list[str]:
    days = settings.retention_days
    lines = [
        f"{held.records} records from {held.oldest or '-'} to {held.newest or '-'}",
        f"{held.files} files: {held.record_bytes} bytes of records, {held.word_bytes} of words",
        f"kept: words {days.content} days, records {days.metadata} days,",
        f"      sealed words {days.sealed} days, acts on the trail {days.rights} days",
        f"words of {held.with_words} records here, of {held.erased} erased",
        f"people who can be found: {held.people}; chats without end: {held.open}",
    ]
    for title, counts in (
        ("event", held.events), ("app", held.apps), ("level", held.levels),
        ("outcome", held.outcomes), ("found and replaced", held.found),
        ("words left out", held.withheld), ("acts on the trail", held.rights),
    ):  # fmt: skip
        if counts:
            rows = [(name, str(count)) for name, count in counts.items()]
            lines += ["", *table([(title, "count"), *rows])]
    lines += ["", f"gaps: {len(held.gaps) or 'none'}"]
    return lines + [f"  {gap.time}  {gap.what}  {gap.where}" for gap in held.gaps[-50:]]
