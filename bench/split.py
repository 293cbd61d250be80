"""What a gateway's CPU time is spent on: one paced scenario under the sampler, grouped by room."""

from __future__ import annotations

import json
import signal
from pathlib import Path

from bench.processes import run
from bench.servers import WIDGET_PATH, Bench
from gateway.bench import Plan, run_load

_PROMPT = "[[n=500]][[delay=0.02]]"
_STREAMS = 100


def profile(bench: Bench, folder: str) -> dict[str, int]:
    """Samples by group while widget streams run over the shared log."""
    out = Path(folder) / "samples.json"
    runner = ("bench/sampler.py", str(out), "gateway")
    with bench.gateway(shared=True, runner=runner) as (url, process):
        target = url + WIDGET_PATH
        run(run_load(Plan(target, "widget", "[[n=5]]", streams=10, total=50)))
        process.signal(signal.SIGUSR1)
        plan = Plan(target, "widget", _PROMPT, streams=_STREAMS, total=_STREAMS, ramp_s=1)
        run(run_load(plan))
    samples: dict[str, int] = json.loads(out.read_text()) if out.exists() else {}
    return samples


def render(samples: dict[str, int]) -> str:
    """The split as lines, the largest first; crumbs are added up."""
    total = sum(samples.values())
    if not total:
        return "No samples: the gateway ended before it wrote any."
    lines = [
        f"Where the time goes (widget, shared log, {_STREAMS} paced streams, {total} samples):"
    ]
    rest = 100.0
    for group, count in sorted(samples.items(), key=lambda item: -item[1]):
        share = 100 * count / total
        if share < 1:
            break
        rest -= share
        lines.append(f"  {share:5.1f} %  {group}")
    lines.append(f"  {rest:5.1f} %  everything else")
    return "\n".join(lines)
