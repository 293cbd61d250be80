"""`gateway limits`: where a caller stands, a fresh start, and a rehearsal of a changed policy."""

from __future__ import annotations

import ipaddress
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import typer

from .group import command_group
from .options import LOCAL, AdminKey, Json, Url
from .output import NO, WRONG_USE, end, give, give_json, say, table
from .remote import Answered, call
from .site import refused

if TYPE_CHECKING:
    from gateway.config import Config
    from gateway.limits.rehearsal import Outcome

app = command_group(
    "Show and reset what callers have used, and rehearse changed limits.",
    "gateway limits show key:web",
)
KINDS = ("key", "user", "address", "tenant")
MICRO = 1_000_000
Who = Annotated[
    str,
    typer.Argument(
        help="A key's id, a user or an address; key:, user:, address: or tenant: before it says "
        "which.",
        metavar="WHO",
    ),
]
One = Annotated[str, typer.Option("--limit", help="Only this limit.", metavar="NAME")]
HEADER = ("limit", "used", "of", "left", "more in", "counted by", "notes")


@app.command(epilog="Example: gateway limits show user:ann   gateway limits show 192.0.2.7")
def show(
    who: Who, limit: One = "", url: Url = LOCAL, key: AdminKey = None, json: Json = False
) -> None:
    """Show what a caller has used of each limit that counts it."""
    _report(_ask("GET", url, who, limit, key), json)


@app.command(epilog="Example: gateway limits reset key:web --limit tokens")
def reset(
    who: Who, limit: One = "", url: Url = LOCAL, key: AdminKey = None, json: Json = False
) -> None:
    """Let a caller begin anew; stands in the audit trail."""
    _report(_ask("DELETE", url, who, limit, key), json)


@app.command(epilog="Example: gateway limits simulate --audit var/audit --config changed.yaml")
def simulate(
    audit: Annotated[Path, typer.Option(help="Folder of the trail whose calls are replayed.")],
    config: Annotated[
        str, typer.Option("--config", "-c", help="The changed YAML file.", metavar="FILE")
    ],
    since: Annotated[str, typer.Option(help="Calls from this time on, such as 2026-11-24.")] = "",
    until: Annotated[str, typer.Option(help="Calls before this time.")] = "~",
    last: Annotated[int, typer.Option(help="List so many refusals at most.", min=0)] = 20,
    json: Json = False,
) -> None:
    """Say which calls of an audit trail a changed policy would have refused."""
    if not audit.is_dir():
        say([f"There is no audit trail in {audit}."])
        end(WRONG_USE)
    outcome = _rehearse(audit, _read(config), since, until)
    if json:
        give_json({"version": 1, "rehearsal": outcome})
    else:
        give(_lines(outcome, last))
    if not outcome.calls:
        say(["The trail holds no calls of that time."])
        end(NO)


def _rehearse(audit: Path, config: Config, since: str, until: str) -> Outcome:
    from audit import AuditUnavailable, Damaged, Subjects, by_time, open_pseudonyms
    from gateway.limits.rehearsal import Rehearsal, names_in

    try:
        pseudonyms = open_pseudonyms(audit, config.audit.key)
        subjects = Subjects(audit, pseudonyms)
        named = {
            subject.id: (kind, name)
            for kind, name in names_in(config)
            for pseudonym in pseudonyms.ever(kind, name)
            if (subject := subjects.find(pseudonym)) is not None
        }
    except (AuditUnavailable, Damaged) as problem:
        say([str(problem)])
        end(NO)
    records = (one.record for one in by_time(audit, with_content=False))
    return Rehearsal(config, named).run(r for r in records if since <= r["time"] < until)


def _read(path: str) -> Config:
    from gateway.config import examine, explain

    loaded = examine(path, os.environ)
    if loaded.problems:
        say(explain(loaded.problems))
        end(NO)
    return loaded.config


def _lines(outcome: Outcome, last: int) -> list[str]:
    lines = [f"{outcome.calls} calls, {len(outcome.refused)} would have been refused"]
    for title, counts in (
        ("by limit", outcome.by_limit),
        ("by caller", outcome.by_subject),
        ("by limits that only watch", outcome.shadow),
    ):
        if counts:
            shown = ", ".join(f"{name} {count}" for name, count in list(counts.items())[:10])
            lines.append(f"{title}: {shown}")
    rows = [
        (one.time, one.subject, one.app, one.model, ", ".join(one.limits), one.stream_id)
        for one in outcome.refused[len(outcome.refused) - min(last, len(outcome.refused)) :]
    ]
    if rows:
        lines += table([("time", "caller", "app", "model", "limits", "stream"), *rows])
    return lines


def _ask(method: str, url: str, who: str, limit: str, key: str | None) -> Any:
    """Return what the gateway says of a caller; a bare name is a key's, else a user's."""
    kind, _, name = who.partition(":")
    if kind in KINDS and name:
        return _checked(_send(method, url, kind, name, limit, key))
    if _is_address(who):
        return _checked(_send(method, url, "address", who, limit, key))
    answer = _send(method, url, "key", who, limit, key)
    is_unknown = answer.status == 404 and isinstance(answer.body, dict) and "field" in answer.body
    return _checked(_send(method, url, "user", who, limit, key) if is_unknown else answer)


def _send(method: str, url: str, kind: str, name: str, limit: str, key: str | None) -> Answered:
    query = f"?limit={quote(limit, safe='')}" if limit else ""
    path = f"/admin/limits/{kind}/{quote(name, safe='')}{query}"
    return call(method, f"{url.rstrip('/')}{path}", key=key)


def _checked(answer: Answered) -> Any:
    if answer.status == 200 and isinstance(answer.body, dict):
        return answer.body
    return refused(answer)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text.removesuffix("/64"))
    except ValueError:
        return text == "local"
    return True


def _report(body: dict[str, Any], json: bool) -> None:
    if json:
        give_json({"version": 1, **body})
    elif body["limits"]:
        say([f"{body['kind']} {body['name']}, as {body['source']} counts"])
        give(table([HEADER, *map(_row, body["limits"])]))
    if not body["limits"]:
        say([f"No limit counts {body['kind']} {body['name']} for itself."])
        end(NO)


def _row(one: dict[str, Any]) -> tuple[str, ...]:
    span = one.get("period") or (_span(one["window_s"]) if one.get("window_s") else "at once")
    burst = f"{one['burst']} at once, " if one.get("burst") else ""
    scale = MICRO if one["unit"] == "money" else 1
    used, quota, left = (f"{one[name] / scale:g}" for name in ("used", "quota", "remaining"))
    notes = [name for name in ("shadow", "exempt") if one.get(name)]
    notes += [f"{name} {one[name]}" for name in ("app", "model") if one.get(name)]
    return (
        one["limit"],
        used,
        f"{burst}{quota} {one['unit']} / {span}",
        left,
        _span(one["reset_s"]),
        ", ".join(one["per"]),
        ", ".join(notes),
    )


def _span(seconds: float) -> str:
    """Return a time in the largest unit that leaves it above one, such as `6.1 days`."""
    for unit, size in (("days", 86_400), ("h", 3600), ("min", 60)):
        if seconds > size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.3g} s"
