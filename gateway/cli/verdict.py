"""`gateway verdict`: keep, hold or roll back, with the reasons."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .group import single_command
from .options import LOCAL, AdminKey, Baseline, Json, Since, SloFile, TrailFolder, Url
from .output import MARKS, NO, YES, end, give, give_json
from .site import ask, load_baseline, read_report, read_slo

if TYPE_CHECKING:
    from gateway.rollout.verdict import Gate, State, Verdict

app = single_command()
GATES: dict[str, State] = {"held": "ok", "open": "unknown", "refused": "back"}


@app.command(epilog="Example: gateway verdict --since 48h --baseline before.json")
def verdict(
    url: Url = LOCAL,
    key: AdminKey = None,
    since: Since = "24h",
    baseline: Baseline = None,
    block: Annotated[
        str, typer.Option(help="Ask for a rollback for this reason; it is audited.")
    ] = "",
    audit: TrailFolder = None,
    slo: SloFile = None,
    json: Json = False,
) -> None:
    """Hold the last hours against the targets: exit 0 for KEEP, 1 for HOLD and ROLL BACK."""
    if block:
        ask("PUT", url, "/admin/rollout", key, {"state": "block", "reason": block})
    found = reach_verdict(url, key, since, baseline, slo, audit)
    if json:
        give_json(found)
    else:
        give(lines_of(found))
    end(YES if found.may_advance else NO)


def reach_verdict(
    url: str,
    key: str | None,
    since: str,
    baseline: str | None,
    slo: str | None,
    audit: Path | None = None,
) -> Verdict:
    """Ask the gateway and return the verdict."""
    from gateway.rollout.verdict import judge

    said = {"state": "go", "reason": ""} if key is None else ask("GET", url, "/admin/rollout", key)
    reason = f"{said['reason'] or 'no reason given'}"
    return judge(
        read_report(url, key, since),
        read_slo(slo),
        baseline=load_baseline(baseline),
        block=reason if said["state"] == "block" else "",
        hold=reason if said["state"] == "hold" else "",
        audit=_audit_gate(url, key, audit, slo) if audit is not None else None,
    )


def _audit_gate(url: str, key: str | None, folder: Path, slo: str | None) -> Gate:
    """Return row 68: a stream without its end, or with two, is a reason to go back."""
    from gateway.checklist import Ground, NoAnswer, Outcome, Site
    from gateway.checklist.audit_files import audit_complete
    from gateway.rollout.verdict import Gate

    ground = Ground(Site(url, admin=key), read_slo(slo), limited="", audit=folder)
    try:
        found = audit_complete(ground)
    except NoAnswer as error:
        found = Outcome(False, str(error), "no gaps")
    return Gate("68", "audit", GATES[found.state], found.seen, found.limit)


def lines_of(found: Verdict) -> list[str]:
    """Return the word, its reasons, then every gate."""
    lines = [found.word, *(f"  because {reason}" for reason in found.reasons)]
    return [*lines, *(gate_line(gate) for gate in found.gates)]


def gate_line(gate: Gate) -> str:
    """Return one gate as a line: mark, name, what was seen, its limit, its rows."""
    return f"{MARKS[gate.state]} {gate.name}: {gate.seen} (limit {gate.limit}; rows {gate.rows})"
