"""Health, readiness, metrics, the page: what operators and newcomers look at first."""

from __future__ import annotations

import re
import socket
import subprocess
import sys

import pytest

from tests.e2e.processes import ROOT, Gateway, Start, eventually
from tests.e2e.wire import CHAT, COMPLETIONS, STREAM, Wire, completion_body, text_of, tokens


def test_health_tells_version_profile_and_flag(wire: Wire):
    health = wire.get("/healthz").json

    assert health["status"] == "ok"
    assert health["version"]
    assert health["profile"] == "development"
    assert health["features"] == {"sse_streaming": "on"}


def test_readiness_is_yes_with_no_reasons_against(wire: Wire):
    ready = wire.get("/readyz")

    assert ready.status == 200
    assert ready.json["ready"] is True
    assert ready.json["reasons"] == []


def test_metrics_are_a_valid_exposition_that_counts_calls(start: Start):
    gateway = start()
    gateway.wire.ask("[[n=3]]").all_events()
    gateway.wire.post(CHAT, {"query": ""})
    eventually(lambda: gateway.metric("gateway_streams_total") == 1)

    answer = gateway.wire.get("/metrics")

    assert answer.header("content-type").startswith("text/plain; version=")
    assert gateway.metric("gateway_streams_total", outcome="done") == 1
    assert gateway.metric("gateway_streams_active") == 0
    assert gateway.metric("gateway_readers_active") == 0
    assert gateway.metric("gateway_tokens_total", direction="output") == 3
    names = {line.split()[2] for line in answer.text.splitlines() if line.startswith("# TYPE")}
    assert len(names) > 10


def test_labels_do_not_grow_with_what_callers_send(start: Start):
    gateway = start()

    def lines_after(numbers: range) -> int:
        for n in numbers:
            gateway.wire.get(f"/nope/{n}", User_Agent=f"agent{n}")
            gateway.wire.get(f"/api/v2/app{n}/chat-stream?query=x{n}")
            gateway.wire.post(COMPLETIONS, completion_body("a", model=f"model{n}"))
            gateway.wire.get(f"/v1/models/m{n}")
        return gateway.wire.get("/metrics").text.count("\n")

    lines_after(range(2))
    few = lines_after(range(2, 4))
    many = lines_after(range(4, 50))

    assert many == few


def test_the_page_is_served_with_a_policy(wire: Wire):
    page = wire.get("/")
    policy = page.header("content-security-policy")

    assert page.status == 200
    assert page.header("content-type").startswith("text/html")
    for rule in ("default-src 'none'", "object-src 'none'", "base-uri 'none'",
                 "frame-ancestors 'none'", "form-action 'none'"):  # fmt: skip
        assert rule in policy
    assert "unsafe" not in policy
    for path in re.findall(r'(?:src|href)="(/[^"]+)"', page.text):
        assert wire.get(path).status == 200, path


@pytest.mark.parametrize("path", ["/", "/healthz", "/nope", CHAT, "/v1/models", "/metrics"])
def test_every_answer_has_its_ids_and_safety_headers(wire: Wire, path: str):
    answer = wire.get(path)

    assert answer.header("x-request-id") == answer.header("request-id") != ""
    assert answer.header("x-content-type-options") == "nosniff"
    assert answer.header("referrer-policy") == "no-referrer"
    assert answer.header("server") == "sluicegate"


@pytest.mark.parametrize("path", ["/static/../../setup.cfg", "/static/%2e%2e/app.py", "/static/",
                                  "/static//etc/passwd", "/..%2f..%2fetc/passwd"])  # fmt: skip
def test_no_path_leads_out_of_the_pages_files(wire: Wire, path: str):
    assert wire.get(path).status in (400, 404)


def test_a_port_in_use_is_one_clear_line(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            [sys.executable, "-m", "gateway", "serve", "--port", port],
            cwd=ROOT, capture_output=True, text=True, timeout=30,
            env={"GATEWAY_AUDIT_PATH": str(tmp_path / "audit"), "PATH": ""},
        )  # fmt: skip

    assert done.returncode == 1
    assert port in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("workers", ["1", "2"])
def test_an_audit_folder_that_cannot_be_is_one_clear_error(tmp_path, workers):
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")

    done = subprocess.run(
        [sys.executable, "-m", "gateway", "serve", "--port", "0", "--workers", workers],
        cwd=ROOT, capture_output=True, text=True, timeout=30,
        env={"GATEWAY_AUDIT_PATH": f"{in_the_way}/audit", "PATH": "", "REDIS_URL": "redis://127.0.0.1:1"},
    )  # fmt: skip

    assert done.returncode == 1
    assert f"{in_the_way}/audit: Not a directory" in done.stderr
    assert "GATEWAY_AUDIT_PATH" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_thousand_short_streams_leave_nothing_behind(start: Start):
    from concurrent.futures import ThreadPoolExecutor

    gateway = start()
    gateway.wire.ask("[[n=2]]").all_events()
    fds = gateway.metric("process_open_fds")

    with ThreadPoolExecutor(8) as pool:
        texts = set(
            pool.map(
                lambda _: text_of(
                    gateway.wire.open_post(STREAM, {"query": "[[n=2]]"}).all_events()
                ),
                range(1000),
            )
        )

    assert texts == {tokens(2)}
    assert eventually(lambda: gateway.metric("gateway_streams_active") == 0)
    assert eventually(lambda: gateway.metric("process_open_fds") <= fds + 12)
    assert gateway.metric("gateway_streams_total", outcome="done") == 1001


def test_a_development_gateway_shows_no_trace_of_itself_in_errors(gateway: Gateway):
    for path in ("/nope", "/api/v2/nope/chat-stream?query=a", "/v1/models/nope"):
        text = gateway.wire.get(path).text
        assert "Traceback" not in text
        assert str(ROOT) not in text
        assert "aiohttp" not in text.lower()
