"""What a person sees while a load run goes on: a bar and a table, on a terminal only."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Show = Callable[[int, int], None]


@contextmanager
def live_view(streams: int, total: int, duration_s: float) -> Iterator[Show | None]:
    """Give what shows (streams ended, tokens) on standard error; None where no person looks."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console, Group
    from rich.live import Live
    from rich.progress_bar import ProgressBar
    from rich.table import Table

    began = time.monotonic()

    def picture(ended: int, tokens: int) -> Group:
        passed_s = time.monotonic() - began
        done = ended / total if total else passed_s / duration_s
        grid = Table("seconds", "at a time", "ended", "tokens", "tokens/s", box=None)
        rate = tokens / passed_s if passed_s else 0.0
        grid.add_row(f"{passed_s:.0f}", str(streams), str(ended), str(tokens), f"{rate:.0f}")
        return Group(ProgressBar(total=1.0, completed=min(1.0, done), width=60), grid)

    with Live(picture(0, 0), console=Console(stderr=True), transient=True) as live:
        yield lambda ended, tokens: live.update(picture(ended, tokens), refresh=True)
