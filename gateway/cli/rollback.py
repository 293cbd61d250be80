"""`gateway rollback`: off, wait until the running streams have ended, prove that `/chat` works."""

from __future__ import annotations

import time
from typing import Annotated

import msgspec
import typer

from .group import single_command
from .options import LOCAL, AdminKey, ApiKeyToo, AppName, Json, Url
from .output import NO, YES, end, give, give_json
from .remote import call
from .site import ask, read_report

app = single_command()
NAME = "ENABLE_SSE_STREAMING"
EFFECT_S = 2.0


class Step(msgspec.Struct, frozen=True):
    """One row of the checklist's rollback plan."""

    row: int
    name: str
    ok: bool
    seen: str


@app.command(epilog="Example: gateway rollback --reason 'incident 12' --cut")
def rollback(
    url: Url = LOCAL,
    key: AdminKey = None,
    profile: AppName = "bali-zero",
    api_key: ApiKeyToo = None,
    reason: Annotated[str, typer.Option(help="Why; stands in the audit trail.")] = "rollback",
    by: Annotated[str, typer.Option(help="Who; stands in the audit trail.")] = "",
    wait: Annotated[float, typer.Option(min=0, help="Seconds for running streams.")] = 60.0,
    cut: Annotated[bool, typer.Option("--cut", help="End running streams at once.")] = False,
    json: Json = False,
) -> None:
    """Switch streaming off and run rows 40 to 43; exit 1 where one does not hold."""
    before = read_report(url, key, "1h")
    began = time.monotonic()
    body = {"flags": {NAME: "off"}, "reason": reason, "by": by, "cut": cut}
    ask("PUT", url, "/admin/flags", key, body)
    steps = [
        _effect(url, profile, api_key, began),
        _drained(url, key, wait, began),
        *_chat(url, profile, api_key, before.chat.mean_ms),
    ]
    is_good = all(step.ok for step in steps)
    if json:
        give_json({"version": 1, "ok": is_good, "steps": steps})
    else:
        give([f"{'✓' if s.ok else '✗'} {s.name}: {s.seen} (row {s.row})" for s in steps])
    end(YES if is_good else NO)


def _effect(url: str, profile: str, api_key: str | None, began: float) -> Step:
    """Ask for streams until a run of requests, one to each of many connections, is refused."""
    refused, deadline = 0, began + EFFECT_S + 1
    while refused < 8 and time.monotonic() < deadline:
        path = f"{url.rstrip('/')}/api/v2/{profile}/streams"
        answer = call("POST", path, key=api_key, body={"query": "ping"})
        refused = refused + 1 if answer.status == 403 else 0
    took_s = time.monotonic() - began
    seen = f"refused everywhere after {took_s:.2f} s" if refused == 8 else "still let in"
    return Step(40, "new streams are refused", refused == 8 and took_s < EFFECT_S + 1, seen)


def _drained(url: str, key: str | None, wait_s: float, began: float) -> Step:
    while True:
        active = _active(url, key)
        if not active or time.monotonic() - began > wait_s:
            break
        time.sleep(0.2)
    seen = f"{active:g} left after {time.monotonic() - began:.1f} s"
    return Step(40, "running streams have ended", not active, seen)


def _active(url: str, key: str | None) -> float:
    from .remote import opened

    with opened("GET", f"{url.rstrip('/')}/metrics", key=key) as response:
        text = response.read().decode()
    found = [line for line in text.splitlines() if line.startswith("gateway_streams_active ")]
    return float(found[0].split()[1]) if found else 0.0


def _chat(url: str, profile: str, api_key: str | None, before_ms: float) -> list[Step]:
    path = f"{url.rstrip('/')}/api/v2/{profile}/chat"
    began = time.monotonic()
    answer = call("POST", path, key=api_key, body={"query": "ping"})
    took_ms = (time.monotonic() - began) * 1000
    works = answer.status == 200 and bool(answer.body and answer.body.get("success"))
    compared = f"{took_ms:.0f} ms" + (f", before {before_ms:.0f} ms" if before_ms else "")
    is_same = not before_ms or took_ms < before_ms * 1.5 + 50
    return [
        Step(41, "the older endpoint works", works, f"status {answer.status}"),
        Step(43, "it is as fast as before", works and is_same, compared),
    ]
