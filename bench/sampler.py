"""Run a module and sample its CPU time: `python bench/sampler.py OUT MODULE ARGUMENTS...`.

A timer of CPU time interrupts every few milliseconds; the innermost known frame gets the sample.
Distorts far less than a tracing profiler, since nothing is hooked between two samples.
"""

from __future__ import annotations

import atexit
import collections
import json
import runpy
import signal
import sys
from pathlib import Path
from types import FrameType

_EVERY_S = 0.002
_ROOT = str(Path(__file__).resolve().parent.parent)
_PACKAGES = ("aiohttp_sse", "aiohttp", "openai", "anthropic", "redis", "structlog", "uvloop")


def main() -> None:
    """Sample until the module ends, then write the counts by group."""
    out, module, *arguments = sys.argv[1:]
    counts: collections.Counter[str] = collections.Counter()

    def sample(_signal: int, frame: FrameType | None) -> None:
        counts[_group(frame)] += 1

    # What went before, the start above all, is forgotten at this signal.
    signal.signal(signal.SIGUSR1, lambda *_: counts.clear())
    atexit.register(lambda: Path(out).write_text(json.dumps(counts)))
    signal.signal(signal.SIGPROF, sample)
    signal.setitimer(signal.ITIMER_PROF, _EVERY_S, _EVERY_S)
    sys.argv = [module, *arguments]
    sys.path.insert(0, _ROOT)
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def _group(frame: FrameType | None) -> str:
    while frame is not None:
        name = frame.f_code.co_filename
        if name.startswith(_ROOT) and "/.venv/" not in name:
            parts = name[len(_ROOT) + 1 :].split("/")
            return "/".join(parts[:2]) if parts[0] == "gateway" else parts[0]
        for package in _PACKAGES:
            if f"/{package}/" in name:
                return package
        if "/asyncio/" in name:
            return "event loop"
        frame = frame.f_back
    return "event loop"


if __name__ == "__main__":
    main()
