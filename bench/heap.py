"""Run a module and tell its heap when asked: `python bench/heap.py OUT MODULE ARGUMENTS...`.

At SIGUSR1 the bytes that Python has allocated are written to OUT, garbage left out. Resident memory
tells what the system gave; this tells what is held.
"""

from __future__ import annotations

import gc
import runpy
import signal
import sys
import tracemalloc
from pathlib import Path


def main() -> None:
    """Trace allocations while the module runs."""
    out, module, *arguments = sys.argv[1:]

    def tell(*_: object) -> None:
        gc.collect()
        held, _peak = tracemalloc.get_traced_memory()
        fresh = Path(out).with_suffix(".new")
        fresh.write_text(str(held))
        fresh.replace(out)

    tracemalloc.start(1)
    signal.signal(signal.SIGUSR1, tell)
    sys.argv = [module, *arguments]
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
