"""`gateway checklist`: run the deployment checklist against a running gateway."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .group import command_group
from .options import LOCAL, AdminKey, ApiKeyToo, AppName, Baseline, Json, SloFile, TrailFolder, Url
from .output import MARKS, NO, WRONG_USE, YES, end, give, give_json, say, table
from .site import load_baseline, read_slo

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gateway.checklist import Conclusion, Row, Site, Ticked

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
CHECKOUT = ("deploy/alerts.yml", "docs/deployment.md")
All = Annotated[bool, typer.Option("--all", help="All 74 rows.")]
LimitedApp = Annotated[
    str | None, typer.Option(help="Profile whose limit row 26 uses up; the same if absent.")
]
Source = Annotated[
    Path | None,
    typer.Option(help="A checkout: documents, rules; this one if absent.", file_okay=False),
]
Junit = Annotated[Path | None, typer.Option(help="JUnit XML of the test run.")]
Streams = Annotated[int, typer.Option(min=1, max=5000, help="Streams at once.")]
Out = Annotated[Path | None, typer.Option(help="Write the ticked list here.")]


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
    all: All = False,
    key: AdminKey = None,
    api_key: ApiKeyToo = None,
    profile: AppName = "bali-zero",
    limited_app: LimitedApp = None,
    audit: TrailFolder = None,
    source: Source = None,
    junit: Junit = None,
    baseline: Baseline = None,
    streams: Streams = 150,
    slo: SloFile = None,
    out: Out = None,
    json: Json = False,
) -> None:
    """Tick every row with its evidence; exit 1 where one is refused. The flag is put back."""
    from gateway.checklist import Ground, Site, markdown, run

    rows = _chosen(phase, row, all)
    site = Site(url, app=profile, key=api_key, admin=key)
    ground = Ground(
        site, read_slo(slo), limited=limited_app or profile, audit=audit or own_trail(site),
        source=source or checkout(), junit=junit, baseline=load_baseline(baseline), streams=streams,
    )  # fmt: skip
    ticked = run(rows, ground, _progress())
    _clear()
    if out is not None:
        out.write_text(markdown(ticked, url), encoding="utf-8")
    give_list(ticked, url, json)
    end(YES if all_hold(ticked) else NO)


def checkout() -> Path | None:
    """Return the checkout that this program runs from, if it is one."""
    root = Path(__file__).resolve().parents[2]
    return root if all((root / name).is_file() for name in CHECKOUT) else None


def own_trail(site: Site, folder: Path = Path("var/audit")) -> Path | None:
    """Return the usual folder of the audit trail, if a stream of this gateway is told there."""
    from gateway.checklist import Ground, NoAnswer
    from gateway.checklist.audit_files import starts_of
    from gateway.slo import load_slo

    if not folder.is_dir():
        return None
    try:
        is_ours = starts_of(Ground(site, load_slo(), limited="", audit=folder))
    except NoAnswer:
        return None
    return folder if is_ours else None


def give_list(ticked: Sequence[Ticked], url: str, json: bool) -> None:
    """Print the rows and what they come to."""
    from gateway.checklist import conclude

    found = conclude(ticked)
    if json:
        head = {"version": 1, "ok": all_hold(ticked), "url": url}
        give_json({**head, "verdict": found.word, "reasons": found.reasons, "rows": ticked})
    else:
        give(lines_of(ticked, found))


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


def lines_of(ticked: Sequence[Ticked], found: Conclusion) -> list[str]:
    """Return the word and the count, then a line for each row, what to do below refused ones."""
    good = sum(row.ok for row in ticked)
    lines = [f"{found.word}: {good} of {len(ticked)} rows hold"]
    for row in ticked:
        limit = f" (limit {row.limit})" if row.limit else ""
        lines.append(f"{MARKS[row.state]} {row.row:>2} {row.title}: {row.seen}{limit}")
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
