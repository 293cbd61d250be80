"""`gateway audit`: read, check, export and erase what the trail holds; redact any text."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from .audit_keys import app as keys_app
from .audit_report import processing, report
from .group import command_group
from .output import NO, WRONG_USE, end, give, give_json, say, table

if TYPE_CHECKING:
    from audit import Desk, Stored

app = command_group(
    "Show, verify, export and erase what the audit trail holds.", "gateway audit verify"
)
app.add_typer(keys_app, name="keys")
app.command(epilog="Example: gateway audit report --json")(report)
app.command(epilog="Example: gateway audit processing -c gateway.yaml > processing.md")(processing)
Strategy = Literal["pseudonym", "placeholder", "mask", "hash", "drop", "keep"]
File = Annotated[str | None, typer.Option("--config", "-c", help="The YAML file.", metavar="FILE")]
Folder = Annotated[
    Path | None, typer.Option("--path", help="Folder of the trail; else from the configuration.")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Subject = Annotated[
    str,
    typer.Argument(help="user:NAME, key:ID, email:ADDRESS, or the name in the records (u_...)."),
]
By = Annotated[str, typer.Option("--by", help="Who acts; stands in the trail.")]
Since = Annotated[str, typer.Option(help="From this time on, such as 2026-11-24 or ...T10:00.")]
Until = Annotated[str, typer.Option(help="Before this time.")]


@app.command(epilog="Example: gateway audit show --last 20")
def show(
    last: Annotated[int, typer.Option(help="So many records at most, the latest.", min=1)] = 50,
    event: Annotated[str, typer.Option(help="Only events that begin so, such as chat.")] = "",
    content: Annotated[bool, typer.Option("--content", help="With the redacted words.")] = False,
    path: Folder = None,
    config: File = None,
    json: Json = False,
) -> None:
    """Show the latest records."""
    from audit import by_time

    found = by_time(folder_of(path, config), with_content=content)
    _give([one for one in found if one.record["event"].startswith(event)][-last:], json, content)


@app.command(epilog="Example: gateway audit verify --published /mnt/elsewhere/checkpoints")
def verify(
    path: Folder = None,
    keys: Annotated[
        Path | None, typer.Option(help="Public keys from elsewhere, in place of those beside it.")
    ] = None,
    root: Annotated[str | None, typer.Option(help="The first public key, as noted down.")] = None,
    published: Annotated[
        Path | None, typer.Option(help="The second place of checkpoints, to compare with.")
    ] = None,
    config: File = None,
    json: Json = False,
) -> None:
    """Check chain, words, seals and signatures; needs files and public keys only."""
    from audit import verify_trail

    report = verify_trail(folder_of(path, config), keys=keys, root=root, published=published)
    if json:
        give_json({"version": 1, "ok": report.is_good, "report": report})
    else:
        say(f"note: {odd.file}:{odd.record}: {odd.reason}" for odd in report.warnings)
        give(f"{bad.file}:{bad.record}: {bad.reason}" for bad in report.problems)
        verdict = "good" if report.is_good else f"{len(report.problems)} problems"
        counts = f"{report.records} records of {report.writers} writers"
        words = f"{report.contents} with words ({report.erased} erased)"
        give([f"{verdict}: {counts}, {words}, {report.checkpoints} signed checkpoints"])
    if not report.is_good:
        end(NO)


@app.command(epilog="Example: gateway audit export user:alice > alice.json")
def export(
    subject: Subject, path: Folder = None, config: File = None, by: By = "cli", json: Json = False
) -> None:
    """Print everything that is kept about one person; the reading itself is recorded."""
    done = desk_of(path, config, by).export(subject)
    if json:
        give_json({"version": 1, "export": done})
    else:
        import msgspec

        give(msgspec.json.encode(record).decode() for record in done.records)
        to = ", ".join(done.recipients) or "nobody"
        say([f"{len(done.records)} records; words were sent to: {to}"])
    if not done.records:
        end(NO)


@app.command(epilog="Example: gateway audit erase user:alice --yes")
def erase(
    subject: Subject,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    path: Folder = None,
    config: File = None,
    by: By = "cli",
    json: Json = False,
) -> None:
    """Erase the words of one person and the link to the name; prints the receipt."""
    if not yes and not typer.confirm(f"Erase {subject} for good?", err=True):
        end(NO)
    try:
        receipt = desk_of(path, config, by).erase(subject)
    except PermissionError as held:
        say([str(held)])
        end(NO)
    if json:
        give_json({"version": 1, "receipt": receipt})
    else:
        who = ", ".join(receipt.subjects) or "nobody"
        give([f"receipt {receipt.receipt}: {receipt.contents} texts of {who} erased"])
    if not receipt.subjects:
        end(NO)


@app.command(epilog="Example: gateway audit hold user:alice   (--clear ends it)")
def hold(
    subject: Subject,
    clear: Annotated[bool, typer.Option("--clear", help="End the hold.")] = False,
    path: Folder = None,
    config: File = None,
    by: By = "cli",
) -> None:
    """Keep one person's records from erasure and purge, for a court."""
    ids = desk_of(path, config, by).hold(subject, is_set=not clear)
    give([f"{'cleared' if clear else 'held'}: {', '.join(ids) or 'nobody'}"])
    if not ids:
        end(NO)


@app.command(epilog="Example: gateway audit search --outcome timeout_idle --since 2026-11-24")
def search(
    event: Annotated[str, typer.Option(help="Events that begin so, such as chat.")] = "",
    application: Annotated[str, typer.Option("--app", help="Records of this application.")] = "",
    subject: Annotated[str, typer.Option(help="Records of this person.")] = "",
    outcome: Annotated[str, typer.Option(help="Ends with this outcome.")] = "",
    text: Annotated[str, typer.Option(help="Redacted words that hold this.")] = "",
    since: Since = "",
    until: Until = "",
    path: Folder = None,
    config: File = None,
    by: By = "cli",
    json: Json = False,
) -> None:
    """Find records; the search itself is recorded."""
    found = desk_of(path, config, by).search(
        event=event,
        app=application,
        who=subject,
        outcome=outcome,
        text=text,
        since=since,
        until=until,
    )
    _give(found, json, bool(text))
    if not found:
        end(NO)


@app.command(epilog="Example: gateway audit reconcile --streams 1042")
def reconcile(
    streams: Annotated[
        int | None, typer.Option(help="Chats that the metrics counted; must be as many.")
    ] = None,
    since: Since = "",
    until: Until = "~",
    path: Folder = None,
    config: File = None,
    json: Json = False,
) -> None:
    """Count starts against ends; every chat has exactly one of each."""
    from audit import reconcile as balance_of

    balance = balance_of(folder_of(path, config), since=since, until=until)
    is_even = balance.is_even and streams in (None, balance.starts)
    if json:
        give_json({"version": 1, "ok": is_even, "balance": balance})
    else:
        give([f"{balance.starts} starts, {balance.ends} ends"])
        for what in ("open", "doubled", "orphaned"):
            give(f"{what}: {stream}" for stream in getattr(balance, what))
        if streams not in (None, balance.starts):
            give([f"the metrics counted {streams}"])
    if not is_even:
        end(NO)


@app.command(epilog="Example: echo 'mail me at ann@example.com' | gateway audit redact")
def redact(
    strategy: Annotated[
        Strategy, typer.Option(help="What stands in place of a value.")
    ] = "pseudonym",
    config: File = None,
    json: Json = False,
) -> None:
    """Redact standard input to standard output; with --json, text and findings."""
    from audit import Redactor

    redactor = Redactor(_pseudonyms(None, config).value, strategies={"*": strategy})
    text = sys.stdin.buffer.read().decode("utf-8", "replace")
    done = redactor.redact(text)
    if json:
        give_json({"version": 1, "text": done.text, "findings": done.findings})
        return
    sys.stdout.buffer.write(done.text.encode())
    sys.stdout.buffer.flush()


def _give(found: list[Stored], json: bool, with_content: bool) -> None:
    if json:
        give_json({"version": 1, "records": [_plain(one, with_content) for one in found]})
        return
    rows = [_row(one) for one in found]
    if rows:
        give(table([("time", "event", "app", "subject", "stream", "outcome"), *rows]))
    else:
        say(["There are no such records."])


def _plain(one: Stored, with_content: bool) -> dict[str, Any]:
    record = {"segment": one.segment, **one.record}
    return record | {"content": one.content} if with_content and one.content else record


def _row(one: Stored) -> tuple[str, ...]:
    names = ("time", "event", "app", "subject", "stream_id", "outcome")
    return tuple(str(one.record.get(name) or "-") for name in names)


def desk_of(path: Path | None, config: str | None, by: str) -> Desk:
    """Return the desk of a trail."""
    from audit import Desk

    folder = folder_of(path, config)
    return Desk(folder, _pseudonyms(folder, config), by=by)


def folder_of(path: Path | None, config: str | None) -> Path:
    """Return the folder of the trail; one that is not there ends the command."""
    folder = path or Path(_settings(config).sinks[0].path)
    if not folder.is_dir():
        say([f"There is no audit trail in {folder}. Name its folder with --path."])
        end(WRONG_USE)
    return folder


def _pseudonyms(folder: Path | None, config: str | None) -> Any:
    """Return the pseudonyms of the configured key, else of the one kept beside the trail."""
    from audit import AuditUnavailable, open_pseudonyms

    settings = _settings(config)
    place = folder or Path(settings.sinks[0].path)
    if folder is None and settings.key is None and not place.is_dir():
        return open_pseudonyms(place, "no trail, no key: tags of one text only")
    try:
        return open_pseudonyms(place, settings.key)
    except AuditUnavailable as problem:
        say([str(problem)])
        end(NO)


def _settings(config: str | None) -> Any:
    from gateway.config import examine, explain

    loaded = examine(config, os.environ)
    if not loaded.is_readable:
        say(explain(loaded.problems))
        end(NO)
    return loaded.config.audit
