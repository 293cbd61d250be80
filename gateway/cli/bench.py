"""`gateway bench`: put load on a running gateway and judge what it did against limits."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
import typer

from .group import single_command
from .live import live_view
from .options import LOCAL, ApiKey, AppName, Json, here
from .output import NO, WRONG_USE, YES, end, give, give_json, say, table

if TYPE_CHECKING:
    from gateway.bench import Difference, Plan, Result, Spread
    from gateway.slo import Slo

app = single_command()
Protocol = Literal["widget", "openai", "anthropic"]
PATHS: dict[Protocol, str] = {
    "widget": "/api/v2/{app}/chat-stream",
    "openai": "/v1/chat/completions",
    "anthropic": "/v1/messages",
}

MIXED = ("foreign text", "own text missing")
PACED = "[[n=200]] [[delay=0.02]]"
"""What the scripted backend plays to see what the gateway adds to it."""
Address = Annotated[
    str,
    typer.Option(
        help="Address of the gateway; with a path, exactly that is called.", callback=here
    ),
]
Speaks = Annotated[Protocol, typer.Option(help="What the clients speak.")]
ModelName = Annotated[str, typer.Option(help="Model name.")]
Prompt = Annotated[str, typer.Option(help="The question.")]
Streams = Annotated[int, typer.Option(min=1, max=5000, help="Clients at a time.")]
Total = Annotated[int, typer.Option(min=0, help="Streams in all; 0: as many as fit.")]
Duration = Annotated[float, typer.Option(min=0.1, help="Seconds.")]
Timeout = Annotated[float, typer.Option(min=0.1, help="Seconds for a stream.")]
Ramp = Annotated[
    float, typer.Option(min=0, help="Seconds over which the clients begin, one by one.")
]
MaxFirst = Annotated[
    float | None, typer.Option(help="Limit of the mean first token; else that of slo.yaml.")
]
MaxGap = Annotated[
    float | None, typer.Option(help="Limit of the mean gap of tokens; else that of slo.yaml.")
]
MinSuccess = Annotated[
    float | None, typer.Option(help="Share that must complete; else that of slo.yaml.")
]
Isolation = Annotated[
    bool, typer.Option("--isolation", help="Mark each stream (scripted backend): do they mix?")
]
Overhead = Annotated[
    bool,
    typer.Option(
        "--overhead", help="Judge what is added to the pace of the scripted backend, p99, too."
    ),
]
Compare = Annotated[
    tuple[Path, Path] | None,
    typer.Option(help="Two files made with --json: what differs? Exit 1 where B is worse."),
]


class Gate(msgspec.Struct, frozen=True):
    """One limit: what was seen, what was allowed, whether it held."""

    name: str
    ok: bool
    seen: float
    limit: float


@app.command(epilog="Example: gateway bench --streams 150 --overhead --duration 20 --json")
def bench(
    url: Address = LOCAL,
    protocol: Speaks = "widget",
    profile: AppName = "bali-zero",
    model: ModelName = "default",
    prompt: Prompt = "Say something short.",
    streams: Streams = 10,
    total: Total = 0,
    duration: Duration = 10.0,
    ramp: Ramp = 0.0,
    timeout: Timeout = 60.0,
    key: ApiKey = None,
    max_first_ms: MaxFirst = None,
    max_gap_ms: MaxGap = None,
    min_success: MinSuccess = None,
    isolation: Isolation = False,
    overhead: Overhead = False,
    compare: Compare = None,
    json: Json = False,
) -> None:
    """Stream from many clients at once; exit 1 where a limit did not hold."""
    if compare is not None:
        end(_compared(*compare, json))
    from gateway.bench import Plan
    from gateway.slo import load_slo

    plan = Plan(
        url=_target(url, protocol, profile), protocol=protocol, model=model,
        prompt=PACED if overhead and "[[delay=" not in prompt else prompt,
        streams=streams, total=total, duration_s=duration, ramp_s=ramp, timeout_s=timeout,
        is_marked=isolation, headers=(("Authorization", f"Bearer {key}"),) if key else (),
    )  # fmt: skip
    if overhead and not ramp:
        plan = msgspec.structs.replace(plan, ramp_s=plan.length_s)
    result, slo = _run(plan), load_slo()
    gates = judge(
        result,
        slo.keep.first_token_ms if max_first_ms is None else max_first_ms,
        slo.keep.inter_token_ms if max_gap_ms is None else max_gap_ms,
        1 - slo.keep.error_ratio if min_success is None else min_success,
    )
    gates += added(result, slo) if overhead else []
    gates += [unmixed(result)] if isolation else []
    end(_given(gates, result, json))


def _target(url: str, protocol: Protocol, profile: str) -> str:
    if not url.startswith(("http://", "https://")):
        say([f"`{url}` is no address: begin it with http:// or https://"])
        end(WRONG_USE)
    return url if url.count("/") > 2 else url + PATHS[protocol].format(app=profile)


def _given(gates: Sequence[Gate], result: Result, json: bool) -> int:
    """Print the run; return the exit code."""
    is_good = all(gate.ok for gate in gates)
    if json:
        troubles = result.machine.troubles if result.machine else ()
        head = {"version": 1, "ok": is_good, "gates": gates, "is_quiet": not troubles}
        give_json({**head, "troubles": troubles, "result": result})
    else:
        give(lines_of(gates, result))
    return YES if is_good else NO


def added(result: Result, slo: Slo) -> list[Gate]:
    """Hold what the gateway added to the backend's pace against the limits."""
    limits = slo.overhead
    return [
        _tail("added to the first token, p99 ms", result.first_added_ms, limits.first_token_p99_ms),
        _tail("added to a gap, p99 ms", result.gap_added_ms, limits.inter_token_p99_ms),
    ]


def _tail(name: str, spread: Spread, limit: float) -> Gate:
    return Gate(name, spread.count > 0 and spread.p99 <= limit, spread.p99, limit)


def judge(result: Result, first_ms: float, gap_ms: float, success: float) -> list[Gate]:
    """Hold the result against the limits."""
    first, gap = result.first_token_ms, result.gap_ms
    return [
        Gate("completed", result.success >= success, round(result.success, 4), success),
        Gate(
            "first token, mean ms", first.count > 0 and first.mean <= first_ms, first.mean, first_ms
        ),
        Gate("gap of tokens, mean ms", gap.mean <= gap_ms, gap.mean, gap_ms),
    ]


def unmixed(result: Result) -> Gate:
    """Judge whether marked streams got their own text and no other."""
    mixed = sum(result.failed.get(reason, 0) for reason in MIXED)
    return Gate(
        "streams with foreign or missing text", result.completed > 0 and not mixed, mixed, 0
    )


def lines_of(gates: Sequence[Gate], result: Result) -> list[str]:
    """Return the limits first, then the details."""
    marks = [
        f"{'✓' if gate.ok else '✗'} {gate.name}: {gate.seen:g} (limit {gate.limit:g})"
        for gate in gates
    ]
    failed = [f"  failed       {reason}: {count}" for reason, count in result.failed.items()]
    counts = (
        f"  streams      {result.completed} of {result.started} completed, {result.tokens} tokens "
        f"in {result.elapsed_s:.1f} s ({result.tokens_per_s:.0f} a second)"
    )
    return [*marks, *_noise(result), counts, *_spreads(result), *failed]


def _noise(result: Result) -> list[str]:
    """Say on what it was measured, and whether the tails can be believed."""
    machine = result.machine
    if machine is None:
        return []
    words = "the machine was not quiet, tails are not the gateway's alone"
    seen = f"{machine.busy:.0%} busy, driver late p99 {machine.driver_late_ms:.1f} ms"
    return [
        *(f"! {words}: {trouble}" for trouble in machine.troubles),
        f"  machine      {machine.cores} cores, {seen}",
    ]


def _spreads(result: Result) -> list[str]:
    named = [
        ("first token", result.first_token_ms), ("  added", result.first_added_ms),
        ("gap", result.gap_ms), ("  added", result.gap_added_ms),
    ]  # fmt: skip
    return [
        f"  {name:<12} p50 {spread.p50:.1f}  p95 {spread.p95:.1f}  p99 {spread.p99:.1f}  "
        f"max {spread.max:.1f} ms"
        for name, spread in named
        if spread.count
    ]


def _run(plan: Plan) -> Result:
    from gateway.bench import run_load
    from gateway.server.loop import new_event_loop

    with (
        live_view(plan.streams, plan.total, plan.duration_s) as show,
        asyncio.Runner(loop_factory=new_event_loop) as runner,
    ):
        return runner.run(run_load(plan, show))


def _compared(before: Path, after: Path, json: bool) -> int:
    """Print what differs between two runs; return the exit code."""
    from gateway.bench import Unreadable, compare, read_result

    try:
        found = compare(read_result(before), read_result(after))
    except Unreadable as exc:
        say([str(exc)])
        return WRONG_USE
    is_good = all(one.finding != "worse" for one in found)
    if json:
        give_json({"version": 1, "ok": is_good, "differences": found})
    else:
        give(differences(found))
    return YES if is_good else NO


def differences(found: Sequence[Difference]) -> list[str]:
    """Return a table: both runs, the interval of the difference, and what it says."""
    rows = [
        (
            "✗" if one.finding == "worse" else "✓", one.name, f"{one.before:g}", f"{one.after:g}",
            f"{one.low:+g} to {one.high:+g}", one.finding,
        )
        for one in found
    ]  # fmt: skip
    return table([("", "number", "A", "B", "B - A, 95 %", "finding"), *rows])
