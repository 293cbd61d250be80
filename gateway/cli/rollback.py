"""`gateway rollback`: off, wait until the running streams have ended, prove that `/chat` works."""

from __future__ import annotations

import time
from typing import Annotated

import msgspec
import typer

from .group import single_command
from .options import (
    LOCAL,
    AdminKey,
    ApiKeyToo,
    AppName,
    By,
    Cut,
    Json,
    Reason,
    SloFile,
    Url,
)
from .output import NO, YES, end, give, give_json
from .remote import call
from .site import ask, read_report, read_slo

app = single_command()
NAME = "ENABLE_SSE_STREAMING"
IN_A_ROW = 8
"""Requests, each on its own connection, that must agree before a change is in force everywhere."""
SHORT = "[[n=1]] [[delay=0]] ping"
"""A scripted model answers it at once, and so is no slower than the calls before."""
ONE_CALL_NOISE_MS = 50
"""One call alone, of a client that starts: a rise below this says nothing."""


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
    reason: Reason = "rollback",
    by: By = "",
    wait: Annotated[float, typer.Option(min=0, help="Seconds for running streams.")] = 60.0,
    cut: Cut = False,
    slo: SloFile = None,
    json: Json = False,
) -> None:
    """Switch streaming off and run rows 40 to 43; exit 1 where one does not hold."""
    numbers, before = read_slo(slo), read_report(url, key, "1h")
    began = time.monotonic()
    body = {"flags": {NAME: "off"}, "reason": reason, "by": by, "cut": cut}
    ask("PUT", url, "/admin/flags", key, body)
    steps = [
        _effect(url, profile, api_key, began, numbers.rollout.flag_effect_s),
        _drained(url, key, wait, began),
        *_chat(url, profile, api_key, before.chat.mean_ms, numbers.rollback.chat_latency_rise),
    ]
    is_good = all(step.ok for step in steps)
    if json:
        give_json({"version": 1, "ok": is_good, "steps": steps})
    else:
        give([f"{'✓' if s.ok else '✗'} {s.name}: {s.seen} (row {s.row})" for s in steps])
    end(YES if is_good else NO)


def _effect(url: str, profile: str, api_key: str | None, began: float, limit_s: float) -> Step:
    """Wait until all workers say so, then ask for streams: asking before would cost calls."""
    in_a_row, last, base = 0, began, url.rstrip("/")
    while in_a_row < IN_A_ROW and time.monotonic() - began < limit_s + 3:
        said = call("GET", f"{base}/healthz").body or {}
        in_a_row = in_a_row + 1 if said.get("features", {}).get("sse_streaming") == "off" else 0
        last = last if in_a_row else time.monotonic()
    took_s, path, body = last - began, f"{base}/api/v2/{profile}/streams", {"query": "ping"}
    is_off = in_a_row == IN_A_ROW and all(
        call("POST", path, key=api_key, body=body).status == 403 for _ in range(IN_A_ROW)
    )
    seen = f"everywhere after {took_s:.2f} s, limit {limit_s:g} s" if is_off else "still let in"
    return Step(40, "new streams are refused", is_off and took_s <= limit_s, seen)


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


def _chat(url: str, profile: str, api_key: str | None, before_ms: float, rise: float) -> list[Step]:
    path = f"{url.rstrip('/')}/api/v2/{profile}/chat"
    began = time.monotonic()
    answer = call("POST", path, key=api_key, body={"query": SHORT})
    took_ms = (time.monotonic() - began) * 1000
    works = answer.status == 200 and bool(answer.body and answer.body.get("success"))
    compared = f"{took_ms:.0f} ms" + (f", before {before_ms:.0f} ms" if before_ms else "")
    is_same = not before_ms or took_ms < before_ms * (1 + rise) + ONE_CALL_NOISE_MS
    return [
        Step(41, "the older endpoint works", works, f"status {answer.status}"),
        Step(43, "it is as fast as before", works and is_same, compared),
    ]
