"""`gateway audit`: read, check, export and erase what the trail holds; redact any text."""

from __future__ import annotations

import codecs
import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from .audit_keys import app as keys_app
from .audit_place import (
    By,
    Folder,
    Since,
    Until,
    desk_of,
    folder_of,
    pseudonyms_of,
    settings_of,
)  # fmt: skip
from .audit_report import processing, report
from .audit_rights import erase, export, hold
from .audit_unseal import app as unseal_app
from .group import command_group
from .options import File, Json
from .output import NO, end, give, give_json, say, table

if TYPE_CHECKING:
    from audit import RedactionStream, Redactor, Stored

app = command_group(
    "Show, verify, export and erase what the audit trail holds.", "gateway audit verify"
)
Strategy = Literal["pseudonym", "placeholder", "mask", "hash", "drop", "keep"]
PATIENCE_S = 60.0
"""A command may wait so long for a detector that loads a model."""
PIECE = 1 << 16


@app.command(epilog="Example: gateway audit show --last 20")
def show(
    last: Annotated[int, typer.Option(help="So many records at most, the latest.", min=1)] = 50,
    event: Annotated[str, typer.Option(help="Only events that begin so, such as chat.")] = "",
    content: Annotated[bool, typer.Option("--content", help="With the redacted words.")] = False,
    path: Folder = None,
    config: File = None,
    by: By = "cli",
    json: Json = False,
) -> None:
    """Show the latest records; the reading itself is recorded."""
    with desk_of(path, config, by) as desk:
        found = desk.show(event=event, last=last, with_content=content)
    _give(found, json, content)


@app.command(epilog="Example: gateway audit verify --published /mnt/elsewhere/checkpoints")
def verify(
    path: Folder = None,
    keys: Annotated[
        Path | None, typer.Option(help="Public keys from elsewhere, in place of those beside it.")
    ] = None,
    root: Annotated[str | None, typer.Option(help="The first public key, as noted down.")] = None,
    published: Annotated[
        Path | None,
        typer.Option(help="The second place of checkpoints; else from the configuration."),
    ] = None,
    config: File = None,
    json: Json = False,
) -> None:
    """Check that nothing was changed; needs files and public keys only."""
    from audit import verify_trail

    if published is None and path is None and settings_of(config).published:
        published = Path(settings_of(config).published)
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
    with desk_of(path, config, by) as desk:
        found = desk.search(
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
    """Count starts against ends: each chat has one of both."""
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
        Strategy | None,
        typer.Option(help="What stands in place of every value; else as configured, or pseudonym."),
    ] = None,
    config: File = None,
    json: Json = False,
) -> None:
    """Redact standard input as the trail would; with --json, text and findings.

    Without detectors of your own the text is redacted as it comes: a log may be piped through.
    """
    with _redactor(strategy, config) as (redactor, is_ours):
        if json:
            done = redactor.redact(_standard_input())
            give_json({"version": 1, "text": done.text, "findings": done.findings})
        elif is_ours:
            _redact_as_it_comes(redactor.stream())
        else:
            _put(redactor.redact(_standard_input()).text)


@contextlib.contextmanager
def _redactor(strategy: Strategy | None, config: str | None) -> Iterator[tuple[Redactor, bool]]:
    """Open the configured redactor, and tell whether all its detectors are ours.

    A detector that is missing or fails ends the command.
    """
    from audit import DetectorAbsent, open_redactor

    settings = settings_of(config)
    try:
        redactor = open_redactor(
            pseudonyms_of(None, config).value,
            strategies={"*": strategy} if strategy else settings.strategies,
            detectors=settings.detectors,
            deadline_s=PATIENCE_S,
        )
        with contextlib.closing(redactor):
            yield redactor, not settings.detectors
    except (DetectorAbsent, LookupError) as problem:
        say([f"{problem}. Nothing is printed, for it could hold what that detector looks for."])
        end(NO)


def _redact_as_it_comes(stream: RedactionStream) -> None:
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    while piece := sys.stdin.buffer.read1(PIECE):  # type: ignore[union-attr]
        _put(stream.feed(decoder.decode(piece)))
    _put(stream.feed(decoder.decode(b"", final=True)) + stream.close())


def _standard_input() -> str:
    return sys.stdin.buffer.read().decode("utf-8", "replace")


def _put(text: str) -> None:
    sys.stdout.buffer.write(text.encode())
    sys.stdout.buffer.flush()


app.command(epilog="Example: gateway audit export user:alice > alice.json")(export)
app.command(epilog="Example: gateway audit erase user:alice --dry-run")(erase)
app.command(epilog="Example: gateway audit hold user:alice   (--clear ends it)")(hold)
app.command(epilog="Example: gateway audit report --json")(report)
app.command(epilog="Example: gateway audit processing -c gateway.yaml > processing.md")(processing)
app.add_typer(unseal_app, name="unseal")
app.add_typer(keys_app, name="keys")


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
