"""The project's own benchmark runs, and says what was measured, where, and against which limit."""

from __future__ import annotations

import json
import subprocess
import sys

from tests.e2e.processes import ROOT


def test_a_part_of_the_benchmark_tells_numbers_limits_and_machine():
    command = [sys.executable, "-m", "bench", "--part", "leaving", "--json"]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=50)

    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert {"processor", "cores", "load", "python", "aiohttp", "commit"} <= set(found["machine"])
    names = [row["name"] for row in found["promises"]]
    assert len(names) == 2
    assert "close" in names[0]
    assert "DELETE" in names[1]
    assert all(0 < row["value"] <= row["limit"] == 250 for row in found["promises"])
