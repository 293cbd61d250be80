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
from .options import ApiKey, AppName, Json
from .output import NO, WRONG_USE, YES, end, give, give_json, say, table

if TYPE_CHECKING:
    from gateway.bench import Difference, Plan, Result

app = single_command()
Protocol = Literal["widget", "openai", "anthropic"]
PATHS: dict[Protocol, str] = {
    "widget": "/api/v2/{app}/chat-stream",
    "openai": "/v1/chat/completions",
    "anthropic": "/v1/messages",
}


MIXED = ("foreign text", "own text missing")


class Gate(msgspec.Struct, frozen=True):
    """One limit: what was seen, what was allowed, whether it held."""

    name: str
    ok: bool
    seen: float
    limit: float


@app.command(epilog="Example: gateway bench --streams 50 --duration 20 --max-first-ms 100 --json")
def bench(
    url: Annotated[
        str, typer.Option(help="Address of the gateway; with a path, exactly that is called.")
    ] = "http://127.0.0.1:8080",
    protocol: Annotated[Protocol, typer.Option(help="What the clients speak.")] = "widget",
    profile: AppName = "bali-zero",
    model: Annotated[str, typer.Option(help="Model name.")] = "default",
    prompt: Annotated[str, typer.Option(help="The question.")] = "Say something short.",
    streams: Annotated[int, typer.Option(min=1, max=5000, help="Clients at a time.")] = 10,
    total: Annotated[int, typer.Option(min=0, help="Streams in all; 0: as many as fit.")] = 0,
    duration: Annotated[float, typer.Option(min=0.1, help="Seconds.")] = 10.0,
    timeout: Annotated[float, typer.Option(min=0.1, help="Seconds for a stream.")] = 60.0,
    key: ApiKey = None,
    max_first_ms: Annotated[
        float | None, typer.Option(help="Limit of the mean first token; else that of slo.yaml.")
    ] = None,
    max_gap_ms: Annotated[
        float | None, typer.Option(help="Limit of the mean gap of tokens; else that of slo.yaml.")
    ] = None,
    min_success: Annotated[
        float | None, typer.Option(help="Share that must complete; else that of slo.yaml.")
    ] = None,
    isolation: Annotated[
        bool, typer.Option(help="Mark each stream (scripted backend): do they mix?")
    ] = False,
    compare: Annotated[
        tuple[Path, Path] | None,
        typer.Option(help="Two files made with --json: what differs? Exit 1 where B is worse."),
    ] = None,
    json: Json = False,
) -> None:
    """Stream from many clients at once; exit 1 where a limit did not hold."""
    if compare is not None:
        end(_compared(*compare, json))
    from gateway.bench import Plan
    from gateway.slo import load_slo

    if not url.startswith(("http://", "https://")):
        say([f"`{url}` is no address: begin it with http:// or https://"])
        end(WRONG_USE)
    address = url if url.count("/") > 2 else url + PATHS[protocol].format(app=profile)
    plan = Plan(
        url=address,
        protocol=protocol,
        prompt=prompt,
        model=model,
        streams=streams,
        total=total,
        duration_s=duration,
        timeout_s=timeout,
        is_marked=isolation,
        headers=(("Authorization", f"Bearer {key}"),) if key else (),
    )
    result = _run(plan)
    keep = load_slo().keep
    gates = judge(
        result,
        keep.first_token_ms if max_first_ms is None else max_first_ms,
        keep.inter_token_ms if max_gap_ms is None else max_gap_ms,
        1 - keep.error_ratio if min_success is None else min_success,
    )
    if isolation:
        gates.append(unmixed(result))
    is_good = all(gate.ok for gate in gates)
    if json:
        give_json({"version": 1, "ok": is_good, "gates": gates, "result": result})
    else:
        give(lines_of(gates, result))
    end(YES if is_good else NO)


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
    spreads = [
        f"  {name:<12} p50 {spread.p50:.1f}  p95 {spread.p95:.1f}  p99 {spread.p99:.1f}  "
        f"max {spread.max:.1f} ms"
        for name, spread in (("first token", result.first_token_ms), ("gap", result.gap_ms))
    ]
    failed = [f"  failed       {reason}: {count}" for reason, count in result.failed.items()]
    counts = (
        f"  streams      {result.completed} of {result.started} completed, {result.tokens} tokens "
        f"in {result.elapsed_s:.1f} s ({result.tokens_per_s:.0f} a second)"
    )
    return [*marks, counts, *spreads, *failed]


def _run(plan: Plan) -> Result:
    from gateway.bench import run_load

    with live_view(plan.streams, plan.total, plan.duration_s) as show:
        return asyncio.run(run_load(plan, show))


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
