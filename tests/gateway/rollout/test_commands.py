"""The operators' commands on a real gateway: words, JSON, exit codes."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.cli.banner import start_text
from gateway.config import load
from tests.e2e.processes import Gateway
from tests.e2e.wire import Wire

ADMIN = "the-admin-key-of-this-test"
ROOT = Path(__file__).parents[3]
pytestmark = pytest.mark.timeout(60)


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    environ = {"GATEWAY_ADMIN_KEY": ADMIN, "ENABLE_SSE_STREAMING": "off"}
    with Gateway(tmp_path_factory.mktemp("gateway"), **environ) as running:
        yield running


def run(gateway: Gateway, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "gateway", *words, "--url", gateway.wire.url],
        cwd=ROOT, env={"PATH": "/usr/bin:/bin", "GATEWAY_ADMIN_KEY": ADMIN},
        capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip


def flag(gateway: Gateway) -> str:
    return str(gateway.wire.get("/healthz").json["features"]["sse_streaming"])


def test_the_rollout_walks_while_the_gates_hold(gateway: Gateway):
    run(gateway, "flags", "set", "ENABLE_SSE_STREAMING", "off")
    first = run(gateway, "rollout", "next", "--by", "ann", "--reason", "go")
    too_early = run(gateway, "rollout", "next")

    assert first.returncode == 0
    assert first.stdout.strip() == "ENABLE_SSE_STREAMING is 5%, by ann, because go"
    assert too_early.returncode == 1
    assert "enough to judge" in too_early.stderr
    assert flag(gateway) == "5%"


def test_after_good_traffic_the_next_step_is_taken_and_a_failed_gate_refuses_it(gateway: Gateway):
    run(gateway, "flags", "set", "ENABLE_SSE_STREAMING", "25%")
    for _ in range(25):
        gateway.wire.post("/v1/chat/completions", _body("[[n=2]] [[delay=0]]"))
    good = run(gateway, "rollout", "next")
    for _ in range(25):
        gateway.wire.post("/v1/chat/completions", _body("[[n=2]] [[delay=0]] [[fault=err@1]]"))
    bad = run(gateway, "rollout", "next")
    back = run(gateway, "rollout", "back")

    assert good.returncode == 0, good.stderr
    assert bad.returncode == 1
    assert "ROLL BACK" in bad.stderr
    assert back.returncode == 0
    assert flag(gateway) == "25%"


def test_a_hold_refuses_until_it_is_lifted(gateway: Gateway):
    run(gateway, "rollout", "hold", "--reason", "legal")
    held = run(gateway, "verdict", "--json")
    run(gateway, "rollout", "go")

    assert held.returncode == 1
    gates = json.loads(held.stdout)["gates"]
    assert any(gate["name"] == "hold" and gate["seen"] == "legal" for gate in gates)


def test_a_block_asks_for_a_rollback_and_is_audited(gateway: Gateway):
    blocked = run(gateway, "verdict", "--block", "CVE-1")
    run(gateway, "rollout", "go")

    assert blocked.returncode == 1
    assert blocked.stdout.startswith("ROLL BACK")
    assert any(r.get("event") == "rollout.decided" for r in gateway.records())


@pytest.mark.parametrize("words", [("verdict", "--block", "CVE-2"), ("rollout", "hold")])
def test_no_first_step_is_taken_against_the_word_of_a_person(gateway: Gateway, words):
    run(gateway, "flags", "set", "ENABLE_SSE_STREAMING", "off")
    run(gateway, *words)
    refused = run(gateway, "rollout", "next")
    held = flag(gateway)
    run(gateway, "rollout", "go")
    taken = run(gateway, "rollout", "next")

    assert refused.returncode == 1
    assert "rollout go" in refused.stderr
    assert held == "off"
    assert taken.returncode == 0


def test_a_rollback_proves_its_rows(gateway: Gateway):
    run(gateway, "flags", "set", "ENABLE_SSE_STREAMING", "on")

    done = run(gateway, "rollback", "--reason", "drill", "--json")

    document = json.loads(done.stdout)
    assert done.returncode == 0, done.stdout
    assert document["ok"] is True
    assert {step["row"] for step in document["steps"]} == {40, 41, 43}
    assert flag(gateway) == "off"


def test_a_report_is_written_as_page_and_told_as_text(gateway: Gateway, tmp_path: Path):
    page = tmp_path / "report.html"
    html = run(gateway, "report", "--since", "5m", "--format", "html", "--out", str(page))
    text = run(gateway, "report", "--since", "5m", "--format", "announcement")

    assert html.returncode == text.returncode == 0
    assert page.read_text().startswith("<!doctype html>")
    assert text.stdout.startswith("Streaming is")


@pytest.mark.parametrize("words", [
    ("checklist", "run"), ("checklist", "run", "--phase", "9"),
    ("report", "--format", "xml"), ("verdict", "--slo", "/nowhere.yaml"),
    ("report", "--since", "5x"), ("verdict", "--since", "0h"),
])  # fmt: skip
def test_wrong_use_is_exit_code_two(gateway: Gateway, words: tuple[str, ...]):
    assert run(gateway, *words).returncode == 2


@pytest.mark.parametrize("words", [
    ("probe", "reconnect"), ("faults", "run"), ("doctor",),
])  # fmt: skip
def test_a_probe_says_yes_and_one_json_document(gateway: Gateway, words: tuple[str, ...]):
    run(gateway, "flags", "set", "ENABLE_SSE_STREAMING", "on")

    done = run(gateway, *words, "--json")

    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout)["version"] == 1


def test_logs_are_judged(tmp_path: Path):
    def check(text: str, *words: str) -> int:
        path = tmp_path / "log"
        path.write_text(text)
        return subprocess.run(
            [sys.executable, "-m", "gateway", "logs", "check", str(path), *words],
            cwd=ROOT, capture_output=True, timeout=30, check=False,
        ).returncode  # fmt: skip

    info = '{"event": "x", "level": "info", "timestamp": "2020-01-01T00:00:00Z"}\n'
    error = '{"event": "y", "level": "error", "timestamp": "2020-01-01T00:00:00Z"}\n'

    assert check(info) == 0
    assert check(info + error) == 1
    assert check(info + error, "--since", "15m") == 0
    assert check("Traceback (most recent call last):\n") == 1
    assert check(info, "--since", "yesterday") == 2


def test_the_start_text_among_the_records_is_none_and_a_followed_log_tells_what_comes(
    tmp_path: Path,
):
    log = tmp_path / "log"
    banner = start_text(load(None, {}), "http://127.0.0.1:8080")
    log.write_text("\n".join(banner) + '\n{"event": "x", "level": "info"}\n')
    follow = [sys.executable, "-m", "gateway", "logs", "check", str(log), "--follow", "5s"]
    with subprocess.Popen(follow, cwd=ROOT, stderr=subprocess.PIPE, stdout=subprocess.PIPE) as tail:
        with log.open("a") as more:
            more.write('{"event": "late", "level": "error"}\n')
        told, said = tail.communicate(timeout=30)

    assert b"2 records: error 1, info 1" in told
    assert b"late" in said
    assert tail.returncode == 1


def _body(text: str) -> dict[str, object]:
    messages = [{"role": "user", "content": text}]
    return {"model": "default", "stream": True, "messages": messages}


@pytest.fixture
def metrics_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def test_the_metrics_port_serves_numbers_freely_and_all_of_admin_with_its_key(
    tmp_path: Path, metrics_port: int
):
    environ = {"GATEWAY_ADMIN_KEY": ADMIN, "GATEWAY__SERVER__METRICS_PORT": str(metrics_port)}
    surface = ("/admin/flags", "/admin/rollout", "/admin/limits/key/key1")
    person = {"subject": "nobody@example.com", "dry_run": True}
    with Gateway(tmp_path, GATEWAY_API_KEYS="a-client-key-of-this-test-0001", **environ):
        wire = Wire(metrics_port)
        statuses = [wire.get(path).status for path in ("/metrics", "/report", "/readyz")]
        refused = [wire.get(path).status for path in surface]
        shown = [wire.get(path, Authorization=f"Bearer {ADMIN}").status for path in surface]
        erasure = wire.post("/admin/erasure", person, Authorization=f"Bearer {ADMIN}")

    assert statuses == [200, 200, 200]
    assert refused == [401, 401, 401]
    assert shown == [200, 200, 200]
    assert erasure.status == 200


def test_no_page_reads_the_metrics_port_and_a_scraper_calls_it_by_its_address(
    tmp_path: Path, metrics_port: int
):
    with Gateway(tmp_path, GATEWAY__SERVER__METRICS_PORT=str(metrics_port)):
        wire = Wire(metrics_port)
        pages = [wire.get("/report", Host="evil.example"), wire.get("/report", Origin="null")]
        scrapers = [wire.get("/metrics", Host=host) for host in ("10.0.0.7:9090", "gateway:9090")]

    assert [answer.status for answer in pages] == [403, 403]
    assert [answer.status for answer in scrapers] == [200, 200]


def test_a_metrics_port_in_use_is_told_before_anything_starts(tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        words = [sys.executable, "-m", "gateway", "serve", "--port", "0"]
        ours = {"GATEWAY_AUDIT_PATH": str(tmp_path), "GATEWAY__SERVER__METRICS_PORT": str(port)}
        done = subprocess.run(
            words, cwd=ROOT, env=ours, capture_output=True, text=True, timeout=20, check=False
        )

    assert done.returncode == 1
    assert f"Port {port} on 127.0.0.1 is in use." in done.stderr
    assert "another port: GATEWAY__SERVER__METRICS_PORT=" in done.stderr
    assert "Traceback" not in done.stderr
