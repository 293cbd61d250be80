"""`gateway rollout`: walk the flag up step by step while the gates hold, or back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .group import command_group
from .options import LOCAL, AdminKey, Baseline, By, Cut, Json, Reason, SloFile, Url
from .output import NO, end, give, give_json, say
from .site import ask, read_slo
from .verdict import lines_of, reach_verdict

if TYPE_CHECKING:
    from gateway.rollout.flag import Flag

app = command_group("Walk a flag up or down, step by step.", "gateway rollout next")
NAME = "ENABLE_SSE_STREAMING"


@app.command(epilog="Example: gateway rollout show")
def show(url: Url = LOCAL, key: AdminKey = None, json: Json = False) -> None:
    """Say what is on, for whom, since when and by whom."""
    _tell(url, key, json)


@app.command("next", epilog="Example: gateway rollout next --by ann --reason 'a quiet night'")
def next_step(
    url: Url = LOCAL,
    key: AdminKey = None,
    reason: Reason = "",
    by: By = "",
    baseline: Baseline = None,
    slo: SloFile = None,
    json: Json = False,
) -> None:
    """Go one step up: 5, 25, 50, 100 %; refused (exit 1) while a gate does not hold."""
    from gateway.rollout.steps import step_up

    flag, since = _current(url, key)
    value = step_up(flag, read_slo(slo).rollout.steps)
    if value is None:
        say(["The flag is on for everybody already."])
        end(NO)
    if flag.percent > 0:
        found = reach_verdict(url, key, since, baseline, slo)
        if not found.may_advance:
            say([f"No step up from {flag.percent:g} %:", *lines_of(found)])
            end(NO)
    else:
        _refuse_where_stopped(ask("GET", url, "/admin/rollout", key))
    _put(url, key, value, reason or "next step", by, cut=False)
    _tell(url, key, json)


@app.command(epilog="Example: gateway rollout back --reason 'errors at 25 %'")
def back(
    url: Url = LOCAL,
    key: AdminKey = None,
    reason: Reason = "",
    by: By = "",
    cut: Cut = False,
    slo: SloFile = None,
    json: Json = False,
) -> None:
    """Go one step down; from the first step to off."""
    from gateway.rollout.steps import step_down

    flag, _ = _current(url, key)
    value = step_down(flag, read_slo(slo).rollout.steps)
    _put(url, key, value, reason or "step back", by, cut)
    _tell(url, key, json)


@app.command(epilog="Example: gateway rollout off --reason 'incident 12'")
def off(
    url: Url = LOCAL, key: AdminKey = None, reason: Reason = "", by: By = "", cut: Cut = False
) -> None:
    """Switch off for everybody, listed users too."""
    _put(url, key, "off", reason or "switched off", by, cut)
    _tell(url, key, False)


@app.command(epilog="Example: gateway rollout hold --reason 'waiting for legal'")
def hold(url: Url = LOCAL, key: AdminKey = None, reason: Reason = "", by: By = "") -> None:
    """Let no step up happen until `gateway rollout go`."""
    ask("PUT", url, "/admin/rollout", key, {"state": "hold", "reason": reason, "by": by})
    give(["The rollout is held."])


@app.command(epilog="Example: gateway rollout go --reason 'legal agreed'")
def go(url: Url = LOCAL, key: AdminKey = None, reason: Reason = "", by: By = "") -> None:
    """Lift a hold or a block."""
    ask("PUT", url, "/admin/rollout", key, {"state": "go", "reason": reason, "by": by})
    give(["The rollout may go on."])


def _refuse_where_stopped(said: dict[str, Any]) -> None:
    """End the command where a person said hold or block: no numbers are needed for that."""
    if said["state"] != "go":
        why = said["reason"] or "no reason given"
        say([f"No step up from 0 %: {said['state']}: {why}", "-> gateway rollout go lifts it"])
        end(NO)


def _current(url: str, key: str | None) -> tuple[Flag, str]:
    """Return the flag, and since when it has been so (a day where nobody changed it)."""
    from gateway.rollout.flag import parse_flag

    body = ask("GET", url, "/admin/flags", key)
    at = body.get("details", {}).get(NAME, {}).get("since")
    return parse_flag(body["flags"][NAME]), f"@{at:.6f}" if at else "24h"


def _put(url: str, key: str | None, value: str, reason: str, by: str, cut: bool) -> None:
    body = {"flags": {NAME: value}, "reason": reason, "by": by, "cut": cut}
    ask("PUT", url, "/admin/flags", key, body)


def _tell(url: str, key: str | None, json: bool) -> None:
    body: dict[str, Any] = ask("GET", url, "/admin/flags", key)
    said: dict[str, Any] = ask("GET", url, "/admin/rollout", key)
    if json:
        give_json({"version": 1, "flags": body["flags"], "rollout": said} | _details(body))
        return
    detail = body.get("details", {}).get(NAME, {})
    who = f", by {detail['by']}" if detail.get("by") else ""
    why = f", because {detail['reason']}" if detail.get("reason") else ""
    give([f"{NAME} is {body['flags'][NAME]}{who}{why}"])
    if said["state"] != "go":
        give([f"  {said['state']}: {said['reason']}"])


def _details(body: dict[str, Any]) -> dict[str, Any]:
    return {"details": body["details"]} if "details" in body else {}
