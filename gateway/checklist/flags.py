"""The flag switched for a row, and put back as it was found at the end of the run."""

from __future__ import annotations

import time
from itertools import pairwise

from gateway.reading import events_of
from gateway.rollout.flag import NAME, parse_flag
from gateway.slo import Band

from .load import chat_times, difference
from .row import Ground, Outcome, not_looked
from .site import no_key

NOISE_MS = 5.0
IN_A_ROW = 24
"""Requests, each on its own connection, that must agree before a change is in force everywhere."""


def current(ground: Ground) -> str:
    """Return the flag in force, as health tells it."""
    return str(ground.site.call("GET", "/healthz").json.get("features", {}).get("sse_streaming"))


def remember(ground: Ground) -> str:
    """Return the flag as it was when the run began."""
    return ground.once("flag", lambda: current(ground))


def switch(ground: Ground, value: str, reason: str, *, settles: bool = True) -> None:
    """Put a value in force, everywhere if it `settles`; raises `NoAnswer` where not allowed."""
    remember(ground)
    if current(ground) == value:
        return
    body = {"flags": {NAME: value}, "reason": reason, "by": "checklist"}
    answer = ground.site.call("PUT", "/admin/flags", body, as_admin=True)
    if answer.status != 200:
        raise no_key("/admin/flags", answer)
    deadline = time.monotonic() + ground.slo.rollout.flag_effect_s
    seen = 0
    while settles and seen < IN_A_ROW and time.monotonic() < deadline:
        seen = seen + 1 if current(ground) == value else 0


def restore(ground: Ground) -> None:
    """Put the flag back."""
    switch(ground, remember(ground), "the checklist is over")


def effect_s(ground: Ground, value: str, status: int, limit_s: float = 5.0) -> float:
    """Switch, and return after how many seconds all workers answer a new stream with `status`."""
    switch(ground, "off" if value == "on" else "on", "the checklist measures a change")
    began, seen = time.monotonic(), 0
    switch(ground, value, "the checklist measures a change", settles=False)
    last = began
    while seen < IN_A_ROW and last - began < limit_s:
        body = {"query": "[[n=1]] [[delay=0]]"}
        answer = ground.site.call("POST", f"{ground.site.base}/streams", body)
        seen = seen + 1 if answer.status in (status, 429) else 0
        last = last if seen else time.monotonic()
    return last - began if seen >= IN_A_ROW else limit_s


def deployed_off(ground: Ground) -> Outcome:
    """With the flag off: version and flag in health, streams refused as documented."""
    switch(ground, "off", "the checklist proves the start with the flag off")
    health = ground.site.call("GET", "/healthz").json
    answer = ground.site.call("GET", ground.site.ask_path("hi"))
    seen = f"version {health.get('version')}, flag {current(ground)}, stream {answer.status}"
    is_good = answer.status == 403 and answer.code == "feature_flag_disabled"
    return Outcome(is_good and current(ground) == "off", f"{seen} {answer.code}", "403, flag off")


def deployed_off_in_production(ground: Ground) -> Outcome:
    """The same on an instance of the production profile."""
    found = deployed_off(ground)
    profile = ground.site.call("GET", "/healthz").json.get("profile")
    seen, limit = f"{found.seen}, profile {profile}", f"{found.limit}, production"
    if found.ok and profile != "production":
        return not_looked(seen, limit, "run it with GATEWAY_PROFILE=production")
    return Outcome(found.ok, seen, limit)


def no_impact(ground: Ground) -> Outcome:
    """Latency of the older endpoint with the flag off and on, alternating, with an interval."""
    off: list[float] = []
    on: list[float] = []
    low = high = allowed = 0.0
    for again in range(6):
        for value, into in (("off", off), ("on", on)):
            switch(ground, value, "the checklist compares the older endpoint")
            into += chat_times(ground.site, 10)
        low, high = difference(off, on)
        allowed = max(NOISE_MS, ground.slo.keep.chat_latency_rise * sorted(off)[len(off) // 2])
        if again and low <= allowed:
            break
    switch(ground, "off", "the checklist goes on")
    seen = f"difference of the medians {low:+.1f} to {high:+.1f} ms (95 %), {len(on)} calls each"
    return Outcome(low <= allowed, seen, f"no rise beyond {allowed:.1f} ms")


def switched_on(ground: Ground) -> Outcome:
    """The flag set live, in force on all workers in time."""
    took_s = effect_s(ground, "on", 201)
    limit = ground.slo.rollout.flag_effect_s
    return Outcome(took_s <= limit, f"in force after {took_s:.2f} s", f"{limit:g} s")


def internal_test(ground: Ground) -> Outcome:
    """A list of users and a share, and what the share comes to for ten thousand callers."""
    value = "5%,users:checklist"
    switch(ground, value, "the checklist tries a list and a share")
    flag, found = parse_flag(value), current(ground)
    inside = sum(flag.is_on_for(f"user::{n}", frozenset()) for n in range(10_000))
    listed = flag.is_on_for("user::x", frozenset({"checklist"}))
    switch(ground, "on", "the checklist goes on")
    seen = f"{found} in force, {inside / 100:.1f} % of 10,000 callers, listed user in: {listed}"
    return Outcome(found == value and listed and 400 < inside < 600, seen, "5 % ± 1, list wins")


def selftest(ground: Ground) -> Outcome:
    """Nobody at 0, everybody at 100, the list wins, monotone and sticky; and the live value."""
    callers, nobody = [f"user::{n}" for n in range(2_000)], frozenset[str]()
    shares = [0, 1, 5, 25, 50, 100]
    groups = [
        {c for c in callers if parse_flag(f"{share}%").is_on_for(c, nobody)} for share in shares
    ]
    is_monotone = all(a <= b for a, b in pairwise(groups))
    is_whole = not groups[0] and len(groups[-1]) == len(callers)
    wins = parse_flag("users:ann").is_on_for("user::ann", frozenset({"ann"}))
    seen = f"shares {[len(g) for g in groups]} of {len(callers)}, in force: {current(ground)}"
    return Outcome(
        is_monotone and is_whole and wins, seen, "0 nobody, 100 all, monotone, list wins"
    )


def rolled_back(ground: Ground) -> Outcome:
    """Off under a running stream: refused everywhere in time, the running one ends well."""
    switch(ground, "on", "the checklist prepares a rollback")
    created = ground.site.call(
        "POST", f"{ground.site.base}/streams", {"query": "[[n=60]] [[delay=0.05]]"}
    )
    if created.status != 201:
        return Outcome(False, f"create answered {created.status}", "201")
    began = time.monotonic()
    switch(ground, "off", "the checklist rolls back", settles=False)
    took_s = _refused_after(ground, began)
    with ground.site.opened("GET", str(created.json["url"])) as response:
        last = list(events_of(response))[-1]
    limit, code = ground.slo.rollout.flag_effect_s, last.data.get("data", {}).get("code", "")
    seen = f"refused everywhere after {took_s:.2f} s, the running stream ended with {last.kind}"
    seen += f" {code}" if code else ""
    return Outcome(took_s <= limit and last.kind == "done", seen, f"{limit:g} s, ends well")


def _refused_after(ground: Ground, began: float) -> float:
    seen, last = 0, began
    while seen < IN_A_ROW and last - began < 5:
        answer = ground.site.call("POST", f"{ground.site.base}/streams", {"query": "[[n=1]]"})
        seen = seen + 1 if answer.status == 403 else 0
        last = last if seen else time.monotonic()
    return last - began if seen >= IN_A_ROW else 5.0


def chat_unchanged(ground: Ground, band: Band | None = None) -> Outcome:
    """The older endpoint as fast as it was at the start, within what the band allows.

    A rise that does not show again was the machine's; so it is measured up to three times.
    """
    before = ground.once("chat before", lambda: chat_times(ground.site))
    rise = (band or ground.slo.keep).chat_latency_rise
    allowed = max(NOISE_MS, rise * sorted(before)[len(before) // 2])
    low, high = difference(before, chat_times(ground.site))
    for _ in range(2):
        if low <= allowed:
            break
        low, high = difference(before, chat_times(ground.site))
    seen = f"difference of the medians {low:+.1f} to {high:+.1f} ms (95 %)"
    return Outcome(low <= allowed, seen, f"no rise beyond {allowed:.1f} ms")


def held_step(ground: Ground) -> Outcome:
    """A step up is refused while a gate does not hold: proven with a hold, lifted afterwards."""
    from gateway.rollout.verdict import judge

    from .numbers import recent  # it looks at this module for the older endpoint

    said = {"state": "hold", "reason": "the checklist proves a refusal", "by": "checklist"}
    answer = ground.site.call("PUT", "/admin/rollout", said, as_admin=True)
    if answer.status != 200:
        raise no_key("/admin/rollout", answer)
    state = ground.site.call("GET", "/admin/rollout", as_admin=True).json.get("state")
    found = judge(recent(ground), ground.slo, hold=str(said["reason"]))
    ground.site.call("PUT", "/admin/rollout", {**said, "state": "go"}, as_admin=True)
    steps = ", ".join(f"{step:g}" for step in ground.slo.rollout.steps)
    seen = f"steps {steps} %; while {state}: {found.word}, next step refused"
    return Outcome(not found.may_advance, seen, "refused with its reason")
