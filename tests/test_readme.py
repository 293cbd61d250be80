"""Every command of the README is run, and every link in it leads somewhere.

`make run` is run as it stands where `make` made the environment; elsewhere the command behind it.
Addresses with port 8080 are pointed at the gateway that the test started.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "README.md").read_text()
LINES = TEXT.splitlines()
START_S = 60.0
PYTHON = shlex.quote(sys.executable)

# Commands that cannot run inside a test, each with what is tested of it instead.
ELSEWHERE = {
    "make test": "it is what runs this",
    "docker compose up": "tests/deploy/test_compose.py; a registry is not at hand in CI",
}


def blocks(language: str) -> list[str]:
    """The fenced blocks of one language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", TEXT, re.M | re.S)


def commands() -> list[str]:
    """Each line of each shell block, without its remark."""
    lines = [line for block in blocks("sh") for line in block.splitlines()]
    return [re.sub(r"\s+#.*", "", line) for line in lines if line and not line.startswith("#")]


def is_start(command: str) -> bool:
    return command.endswith("make run")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def started(command: str, folder: Path) -> Iterator[int]:
    """Run a command that starts the gateway, on another port; end it as Ctrl-C would."""
    port = free_port()
    if not (ROOT / ".venv/.made").exists():
        command = command.replace("make run", f"{PYTHON} -m gateway serve")
    env = {
        **os.environ,
        "GATEWAY_PORT": str(port),
        "GATEWAY_AUDIT_PATH": str(folder / "audit"),
        "GATEWAY_LIMIT": "off",
    }
    log = folder / "gateway.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            ["bash", "-c", command], cwd=ROOT, env=env, stdout=out, stderr=out, process_group=0
        )
    try:
        wait_until_healthy(port, process, log)
        yield port
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def wait_until_healthy(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + START_S
    while time.monotonic() < end and process.poll() is None:
        with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz"):
            return
        time.sleep(0.05)
    pytest.fail(f"the gateway did not start:\n{log.read_text()}")


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The gateway that `make run` starts."""
    with started("make run", tmp_path_factory.mktemp("readme")) as port:
        yield port


def run(arguments: list[str], port: int) -> str:
    """Run something of the README against that gateway and return what it printed."""
    local = [argument.replace("127.0.0.1:8080", f"127.0.0.1:{port}") for argument in arguments]
    env = {**os.environ, "PYTHONWARNINGS": "", "NO_PROXY": "*"}
    done = subprocess.run(
        local, cwd=ROOT, env=env, capture_output=True, text=True, timeout=50, check=False
    )
    assert done.returncode == 0, f"{local}: {done.stdout}{done.stderr}"
    return done.stdout


def in_this_environment(command: str, port: int) -> str:
    """Name the interpreter of the tests, and the port where a command has its own default."""
    command = command.replace(".venv/bin/python", PYTHON)
    return command.replace("gateway bench", f"gateway bench --url http://127.0.0.1:{port}")


def test_the_readme_has_commands() -> None:
    assert len(commands()) >= 6


@pytest.mark.timeout(120)
@pytest.mark.parametrize("command", [c for c in commands() if not is_start(c)])
def test_a_command_of_the_readme_works(command: str, port: int) -> None:
    if command in ELSEWHERE:
        pytest.skip(ELSEWHERE[command])

    shown = run(["bash", "-euo", "pipefail", "-c", in_this_environment(command, port)], port)

    assert shown.strip()


@pytest.mark.timeout(120)
@pytest.mark.parametrize("command", [c for c in commands() if is_start(c)])
def test_a_command_of_the_readme_starts_a_gateway(command: str, tmp_path: Path) -> None:
    with started(command, tmp_path) as port:
        shown = run(["curl", "-sf", f"http://127.0.0.1:{port}/"], port)

    assert "<html" in shown


@pytest.mark.timeout(120)
def test_the_lines_for_the_openai_sdk_print_an_answer(port: int) -> None:
    [code] = blocks("python")

    assert run([sys.executable, "-c", code], port).strip()


@pytest.mark.timeout(120)
def test_the_curl_line_streams_what_the_readme_shows(port: int) -> None:
    [command] = [c for c in commands() if "chat-stream" in c]

    shown = run(["bash", "-c", command], port)

    assert '"type":"metadata"' in shown
    assert '"type":"token"' in shown
    assert '"type":"done"' in shown


@pytest.mark.timeout(120)
def test_the_script_of_the_web_page_is_served(port: int) -> None:
    [page] = blocks("html")
    [address] = re.findall(r'src="([^"]+)"', page)

    shown = run(["curl", "-sf", address], port)

    assert "createChat" in shown


def test_targets_of_make_exist() -> None:
    make = shutil.which("make")
    if make is None:
        pytest.skip("make is not installed")
    names = set(re.findall(r"`?make ([a-z]+)", TEXT))
    listed = subprocess.run([make], cwd=ROOT, capture_output=True, text=True, check=True).stdout

    assert names
    assert [name for name in names if f"make {name} " not in listed] == []


def test_links_lead_somewhere() -> None:
    targets = [
        target
        for page in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")
        for target in re.findall(r"\]\(([^)#]+)\)", (ROOT / page).read_text())
        if "://" not in target
    ]

    assert targets
    assert [target for target in targets if not (ROOT / target).exists()] == []


def test_the_readme_stays_short_and_begins_with_the_command_and_its_result() -> None:
    assert len(LINES) <= 120
    assert any("make run" in line for line in LINES[:12])
    assert any("/chat-stream?query=" in line for line in LINES[:40])
    assert all(f"**I {door}" in TEXT for door in ("have a web page", "run a backend", "operate it"))
