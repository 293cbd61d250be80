"""`gateway checklist`: run the deployment checklist against a running gateway."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .group import command_group
from .output import NO, WRONG_USE, YES, end, give, give_json, say, table
from .site import LOCAL, AdminKey, Json, SloFile, Url, load_baseline, read_slo

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gateway.checklist import Row, Ticked

app = command_group(
    "Run the deployment checklist.", "gateway checklist run --phase 3 --url http://127.0.0.1:8080"
)
PhaseOption = Annotated[
    list[str] | None,
    typer.Option(
        "--phase", help="pre, 1 to 5, rollback, metrics, alerts, after, verdict; may be repeated."
    ),
]
RowOption = Annotated[list[int] | None, typer.Option("--row", help="One row; may be repeated.")]


@app.command("list", epilog="Example: gateway checklist list")
def list_rows(json: Json = False) -> None:
    """Print the rows and the command that shows each."""
    from gateway.checklist import ROWS

    rows = [(str(row.number), row.phase, row.title, row.command) for row in ROWS]
    if json:
        names = ("row", "phase", "title", "command")
        give_json({"version": 1, "rows": [dict(zip(names, r, strict=True)) for r in rows]})
        return
    give(table([("row", "phase", "title", "command"), *rows]))


@app.command("run", epilog="Example: gateway checklist run --all --audit var/audit --out list.md")
def run_rows(
    url: Url = LOCAL,
    phase: PhaseOption = None,
    row: RowOption = None,
    all: Annotated[bool, typer.Option("--all", help="All 74 rows.")] = False,
    key: AdminKey = None,
    api_key: Annotated[
        str | None, typer.Option(help="API key.", envvar="GATEWAY_API_KEY", show_envvar=True)
    ] = None,
    profile: Annotated[str, typer.Option("--app", help="Application profile.")] = "bali-zero",
    limited_app: Annotated[
        str | None, typer.Option(help="Profile whose limit row 26 uses up; the same if absent.")
    ] = None,
    audit: Annotated[
        Path | None, typer.Option(help="Folder of the audit trail.", file_okay=False)
    ] = None,
    source: Annotated[
        Path | None, typer.Option(help="A checkout: documents and rules.", file_okay=False)
    ] = None,
    junit: Annotated[Path | None, typer.Option(help="JUnit XML of the test run.")] = None,
    baseline: Annotated[
        str | None, typer.Option(help="A report from before, made with --json.", metavar="FILE")
    ] = None,
    streams: Annotated[int, typer.Option(min=1, max=5000, help="Streams at once.")] = 150,
    slo: SloFile = None,
    out: Annotated[Path | None, typer.Option(help="Write the ticked list here.")] = None,
    json: Json = False,
) -> None:
    """Tick every row with its evidence; exit 1 where one is refused. The flag is put back."""
    from gateway.checklist import Ground, Site, markdown, run

    rows = _chosen(phase, row, all)
    ground = Ground(
        Site(url, app=profile, key=api_key, admin=key),
        read_slo(slo),
        limited=limited_app or profile,
        audit=audit,
        source=source,
        junit=junit,
        baseline=load_baseline(baseline),
        streams=streams,
    )
    ticked = run(rows, ground, _progress())
    _clear()
    if out is not None:
        out.write_text(markdown(ticked, url), encoding="utf-8")
    is_good = all_hold(ticked)
    if json:
        give_json({"version": 1, "ok": is_good, "url": url, "rows": ticked})
    else:
        give(lines_of(ticked))
    end(YES if is_good else NO)


def all_hold(ticked: Sequence[Ticked]) -> bool:
    """Whether no row was refused."""
    return all(row.ok for row in ticked)


def _chosen(phases: list[str] | None, numbers: list[int] | None, everything: bool) -> list[Row]:
    from gateway.checklist import PHASES, ROWS

    unknown = [phase for phase in phases or () if phase not in PHASES]
    if unknown:
        say([f"There is no phase {unknown[0]}; there are {', '.join(PHASES)}."])
        end(WRONG_USE)
    if not (everything or phases or numbers):
        say(["Say which rows: --phase 3, --row 26, or --all."])
        end(WRONG_USE)
    wanted, phases = set(numbers or ()), phases or []
    return [r for r in ROWS if everything or r.phase in phases or r.number in wanted]


def lines_of(ticked: Sequence[Ticked]) -> list[str]:
    """Return the count first, then a line for each row, with what to do below refused ones."""
    good = sum(row.ok for row in ticked)
    lines = [f"{good} of {len(ticked)} rows hold"]
    for row in ticked:
        mark = "✓" if row.ok else "✗"
        limit = f" (limit {row.limit})" if row.limit else ""
        lines.append(f"{mark} {row.row:>2} {row.title}: {row.seen}{limit}")
        if not row.ok:
            lines.append(f"      -> {row.remedy or row.command}")
    return lines


def _progress() -> Callable[[Row], None] | None:
    if not sys.stderr.isatty():
        return None

    def show(row: Row) -> None:
        sys.stderr.write(f"\r\033[K{row.number}. {row.title} …")
        sys.stderr.flush()

    return show


def _clear() -> None:
    if sys.stderr.isatty():
        sys.stderr.write("\r\033[K")
