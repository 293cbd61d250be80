"""The sockets of each worker, bound before any starts. Imports nothing that makes metrics."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator

import msgspec

from gateway.cli.port import explain_bind_error
from gateway.config import Config

SECOND = "GATEWAY__SERVER__METRICS_PORT={port}"


class CannotListen(Exception):
    """A port cannot be had; the message names the remedy."""


class Doors(msgspec.Struct, frozen=True):
    """Where one worker listens; the first worker has the second port, if there is one."""

    main: socket.socket
    second: socket.socket | None = None

    def close(self) -> None:
        """Close what this process holds of them."""
        self.main.close()
        if self.second is not None:
            self.second.close()


def bind_doors(config: Config) -> list[Doors]:
    """Return the bound sockets of each worker, or raise CannotListen."""
    server, second = config.server, None
    with _explained(server.host, server.port):
        mains = bind_all(server.host, server.port, server.workers)
    if server.metrics_port is not None:
        with _explained(server.host, server.metrics_port, SECOND):
            second = bind(server.host, server.metrics_port)
    return [Doors(main, second if index == 0 else None) for index, main in enumerate(mains)]


@contextlib.contextmanager
def _explained(host: str, port: int, *setting: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CannotListen(explain_bind_error(host, port, error, *setting)) from error


def bind_all(host: str, port: int, count: int) -> list[socket.socket]:
    """Return one bound socket for each worker, all on one port.

    The port is first taken alone: sockets that share a port would not notice another instance.
    """
    first = bind(host, port)
    if count == 1:
        return [first]
    port = first.getsockname()[1]
    first.close()
    return [bind(host, port, is_shared=True) for _ in range(count)]


def bind(host: str, port: int, *, is_shared: bool = False) -> socket.socket:
    """Return a bound socket; `is_shared` lets several sockets listen on the same port."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if is_shared:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        sock.bind((host, port))
    except OSError:
        sock.close()
        raise
    sock.setblocking(False)
    return sock
