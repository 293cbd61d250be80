"""`flags` and `probe` against a stand-in of the gateway on loopback."""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

STREAM = [
    {"type": "metadata", "data": {"status": "connected"}},
    *({"type": "token", "data": f"{n} ", "sequence": n} for n in range(1, 6)),
    {"type": "done", "data": {"finish_reason": "stop"}, "sequence": 6},
]


class StandIn(BaseHTTPRequestHandler):
    """Answers like the gateway; `server.events` is what it streams."""

    def log_message(self, *_: object) -> None:
        """Stay quiet."""

    def answer(self, status: int, body: object) -> None:
        raw = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.answer(201, {"id": "s", "url": "/api/v2/bali-zero/streams/s?ticket=t"})

    def do_PUT(self) -> None:
        self.server.seen = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.headers["Authorization"] != "Bearer admin":
            self.answer(401, {"code": "unauthorized", "detail": "Send a key."})
            return
        self.answer(200, {"flags": self.server.seen["flags"]})

    def do_GET(self) -> None:
        if self.path == "/admin/flags":
            self.answer(200, {"flags": {"ENABLE_SSE_STREAMING": "on"}})
            return
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"retry: 1000\n: hello\n")
        for event in self.server.events:
            head = f"id: s.{event['sequence']}\n" if "sequence" in event else ""
            self.wfile.write(f"{head}data: {json.dumps(event)}\n\n".encode())
            self.wfile.flush()
            time.sleep(self.server.pause_s)


@pytest.fixture
def server():
    found = ThreadingHTTPServer(("127.0.0.1", 0), StandIn)
    found.events, found.pause_s, found.seen = STREAM, 0.01, None
    thread = threading.Thread(target=found.serve_forever, daemon=True)
    thread.start()
    yield found
    found.shutdown()
    found.server_close()
    thread.join()


@pytest.fixture
def url(server):
    return f"http://127.0.0.1:{server.server_address[1]}"


def test_flags_are_shown(run, url):
    found = run("flags", "show", "--json", "--url", url)

    assert json.loads(found.stdout) == {"version": 1, "flags": {"ENABLE_SSE_STREAMING": "on"}}


def test_a_gateway_of_the_same_environment_is_found_by_its_port(run, server):
    found = run("flags", "show", "--json", GATEWAY_PORT=str(server.server_address[1]),
                GATEWAY_HOST="0.0.0.0")  # fmt: skip

    assert json.loads(found.stdout)["flags"] == {"ENABLE_SSE_STREAMING": "on"}


def test_a_flag_is_set_with_its_reason(run, url, server):
    found = run("flags", "set", "ENABLE_SSE_STREAMING", "25%", "--reason", "canary", "--url", url,
                GATEWAY_ADMIN_KEY="admin")  # fmt: skip

    assert found.returncode == 0
    assert "25%" in found.stdout
    assert server.seen == {"flags": {"ENABLE_SSE_STREAMING": "25%"}, "reason": "canary"}


def test_a_refused_change_exits_with_1_and_says_what_to_do(run, url):
    found = run("flags", "set", "ENABLE_SSE_STREAMING", "off", "--url", url)

    assert found.returncode == 1
    assert "GATEWAY_ADMIN_KEY" in found.stderr


def test_a_value_outside_the_grammar_is_wrong_use(run, url, server):
    found = run("flags", "set", "ENABLE_SSE_STREAMING", "120%", "--url", url)

    assert found.returncode == 2
    assert server.seen is None


@pytest.mark.parametrize("words", [("flags", "show"), ("probe", "stream")], ids=str)
def test_a_gateway_that_is_not_there_is_told_in_plain_words(run, words):
    found = run(*words, "--url", "http://127.0.0.1:9")

    assert found.returncode == 1
    assert "No answer from http://127.0.0.1:9" in found.stderr
    assert "Traceback" not in found.stderr


def test_an_address_without_scheme_is_wrong_use(run):
    assert run("flags", "show", "--url", "127.0.0.1:8080").returncode == 2


def test_a_good_stream_passes_the_probe(run, url):
    found = run("probe", "stream", "--json", "--url", url)

    document = json.loads(found.stdout)
    assert (found.returncode, document["ok"], document["version"]) == (0, True, 1)


@pytest.mark.parametrize(
    "events, failed",
    [
        (STREAM[:-1], "ends well"),
        ([*STREAM[:-1], {"type": "error", "data": {"code": "lost"}, "sequence": 6}], "ends well"),
        ([*STREAM[:2], *STREAM[3:]], "nothing missing"),
        (STREAM[1:], "begins with metadata"),
    ],
)
def test_a_bad_stream_fails_the_probe(run, url, server, events, failed):
    server.events = events

    found = run("probe", "stream", "--json", "--url", url)

    findings = json.loads(found.stdout)["findings"]
    assert found.returncode == 1
    assert [f["name"] for f in findings if not f["ok"]] == [failed]


def test_a_stream_that_was_held_back_names_the_proxy(run, url, server):
    server.pause_s = 0
    tokens = [{"type": "token", "data": "x", "sequence": n} for n in range(1, 60)]
    server.events = [STREAM[0], *tokens, {"type": "done", "data": {}, "sequence": 60}]

    found = run("probe", "stream", "--url", url)

    assert "buffering" in found.stdout
