"""How many write calls a gateway makes to its clients, seen where the kernel is asked."""

from __future__ import annotations

import contextlib
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator

from bench.readers import address

_CALLS = "trace=write,writev,sendto,sendmsg"


def can_count() -> bool:
    """Whether write calls can be seen at all."""
    return shutil.which("strace") is not None


@contextlib.contextmanager
def counted(pid: int, url: str) -> Iterator[Callable[[], int]]:
    """Count the write calls of a process to its clients, from the first that carries an event."""
    with tempfile.NamedTemporaryFile("r") as out:
        command = ["strace", "-f", "-yy", "-e", _CALLS, "-s", "24", "-o", out.name, "-p", str(pid)]
        tracer = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        time.sleep(0.5)

        def count() -> int:
            tracer.terminate()
            tracer.wait()
            return _to_clients(out.read(), address(url)[1])

        yield count


def _to_clients(trace: str, port: int) -> int:
    calls = re.findall(rf"<TCP(?:v6)?:\[[^\]]*:{port}->.*", trace)
    first = next((n for n, call in enumerate(calls) if r"\r\nid: " in call), len(calls))
    return len(calls) - first
