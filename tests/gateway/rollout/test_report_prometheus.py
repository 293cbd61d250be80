"""The report from Prometheus: the same numbers in the same document."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from typer.testing import CliRunner

from gateway.cli.report import app
from gateway.report.prometheus import report_from

RUNNER = CliRunner()
COUNTERS: dict[str, list[tuple[dict[str, str], float]]] = {
    "gateway_streams_total": [({"outcome": "done"}, 98.7), ({"outcome": "timeout_idle"}, 1.1)],
    "gateway_stream_errors_total": [({"code": "timeout_idle", "stage": "stream"}, 1.1)],
    "gateway_first_token_seconds_bucket": [({"le": "0.05"}, 90.2), ({"le": "+Inf"}, 99.8)],
    "gateway_first_token_seconds_count": [({}, 99.8)],
    "gateway_first_token_seconds_sum": [({}, 4.0)],
    "gateway_backend_attempts_total": [({"backend": "demo/default", "outcome": "done"}, 99.0)],
}
GAUGES = {"gateway_flag_percent": 25.0, "gateway_memory_bytes": 1e8, "gateway_streams_active": 3.0}


def query(kind: str, asked: Mapping[str, str]) -> list[Mapping[str, Any]]:
    """Answer as Prometheus would whose counters grew by these numbers in any window."""
    if kind == "query_range":
        return [{"metric": {}, "values": [[float(n), "1"] for n in range(12)]}]
    if found := re.search(r"increase\((\w+)\[", asked["query"]):
        series = COUNTERS.get(found[1], [])
        return [{"metric": labels, "value": [0, str(value)]} for labels, value in series]
    gauge = asked["query"].partition("(")[2].rstrip(")")
    return [{"metric": {}, "value": [0, str(GAUGES[gauge])]}] if gauge in GAUGES else []


@pytest.fixture
def prometheus() -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            from urllib.parse import parse_qsl, urlsplit

            parts = urlsplit(self.path)
            found = query(parts.path.rpartition("/")[2], dict(parse_qsl(parts.query)))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps({"status": "success", "data": {"result": found}}).encode())

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def test_increases_become_the_numbers_of_the_report():
    report = report_from(query, 10_000.0, 3600)

    assert (report.since, report.until) == (6400.0, 10_000.0)
    assert report.outcomes == {"done": 99, "timeout_idle": 1}
    assert report.streams == 100
    assert report.errors == {"timeout_idle": 1}
    assert report.first_token.count == 100
    assert report.first_token.mean_ms == 40.0
    assert len(report.parts) == 24


def test_gauges_tell_the_moment_and_the_range_what_is_covered():
    report = report_from(query, 10_000.0, 3600)

    assert (report.flag, report.active, report.memory_bytes) == ("25%", 3, 100_000_000)
    assert report.covered_s == 1800.0
    assert not report.is_hosted


def test_an_empty_prometheus_gives_an_empty_report():
    report = report_from(lambda _kind, _asked: [], 10_000.0, 3600)

    assert (report.streams, report.covered_s) == (0, 0.0)


def test_the_command_prints_the_same_layout(prometheus: str):
    shown = RUNNER.invoke(app, ["--prometheus", prometheus, "--since", "1h"])
    found = RUNNER.invoke(app, ["--prometheus", prometheus, "--since", "1h", "--json"])

    assert shown.exit_code == found.exit_code == 0, shown.output
    assert shown.stdout.startswith("#")
    assert json.loads(found.stdout)["streams"] == 100


def test_a_time_that_is_none_is_wrong_use(prometheus: str):
    assert RUNNER.invoke(app, ["--prometheus", prometheus, "--since", "soon"]).exit_code == 2
