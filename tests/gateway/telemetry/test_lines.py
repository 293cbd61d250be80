"""Log lines: those of one turn of the event loop are one write, and none is lost."""

from __future__ import annotations

import asyncio
import io
import json
import subprocess
import sys
import time
from datetime import UTC, datetime

from gateway.telemetry.lines import Lines
from gateway.telemetry.log import stamp


class Kept(io.BytesIO):
    """A file that remembers its writes."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[bytes] = []

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self.writes.append(bytes(data))
        return len(data)


async def test_lines_of_one_turn_are_one_write():
    file = Kept()
    lines = Lines(file)
    lines.info(b"a")
    lines.error(b"b")

    assert file.writes == []
    await asyncio.sleep(0)
    assert file.writes == [b"a\nb\n"]

    lines.info(b"c")
    await asyncio.sleep(0)
    assert file.writes == [b"a\nb\n", b"c\n"]


async def test_a_line_of_another_thread_is_written_at_once():
    file = Kept()
    lines = Lines(file)
    await asyncio.to_thread(lines.warning, b"thread")

    assert file.writes == [b"thread\n"]


def test_without_a_loop_a_line_is_written_at_once():
    file = Kept()
    Lines(file).info(b"alone")

    assert file.writes == [b"alone\n"]


def test_the_last_line_before_the_end_is_written():
    code = (
        "import asyncio, sys\n"
        "from gateway.telemetry.lines import Lines\n"
        "async def main():\n"
        "    Lines(sys.stderr.buffer).info(b'last words')\n"
        "    raise SystemExit(3)\n"
        "asyncio.run(main())\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=20)

    assert (done.returncode, done.stderr) == (3, b"last words\n")


def test_every_line_is_one_json_object_whatever_is_in_it():
    code = (
        "import logging, structlog\n"
        "from gateway.telemetry.log import setup_logging\n"
        "setup_logging()\n"
        'forged = \'a\\r\\n{"event":"forged"}\\x1b[31m\\u2028\'\n'
        "structlog.get_logger().info('ours', path=forged)\n"
        "logging.getLogger('theirs').warning(forged)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=20)

    first, second = map(json.loads, done.stderr.splitlines())
    assert first["event"] == "ours"
    assert first["path"] == second["event"] == 'a\r\n{"event":"forged"}\x1b[31m\u2028'


def test_a_line_has_its_time_in_utc_to_the_microsecond():
    before = time.time()
    text = stamp(None, "info", {})["timestamp"]
    found = datetime.fromisoformat(text)

    assert len(text) == len("2026-11-24T14:44:25.123456Z")
    assert text.endswith("Z")
    assert found.tzinfo == UTC
    assert before - 0.00001 <= found.timestamp() <= time.time()
