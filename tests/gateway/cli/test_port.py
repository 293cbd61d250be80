"""A port that cannot be opened: why, who holds it, what to do."""

from __future__ import annotations

import errno
import os
import socket
import time

import pytest

from gateway.cli.port import explain_bind_error, find_holder, free_port


@pytest.fixture
def taken():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen()
        yield sock.getsockname()[1]


def test_a_port_in_use_names_port_holder_and_remedy(taken):
    started = time.monotonic()

    text = explain_bind_error("127.0.0.1", taken, OSError(errno.EADDRINUSE, "in use"))

    assert time.monotonic() - started < 2
    assert f"Port {taken}" in text
    assert f"pid {os.getpid()}" in text
    assert "--port" in text
    assert len(text.splitlines()) <= 8


def test_nobody_holds_a_port_that_is_only_bound():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))

        assert find_holder(sock.getsockname()[1]) is None


def test_the_port_that_is_offered_is_free(taken):
    offered = free_port("127.0.0.1", taken)

    assert offered is not None
    assert offered > taken
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", offered))


@pytest.mark.parametrize(
    "error, said",
    [
        (OSError(errno.EACCES, "x"), "above 1023"),
        (OSError(errno.EADDRNOTAVAIL, "x"), "--host 127.0.0.1"),
        (socket.gaierror(-2, "x"), "not known"),
        (OSError(errno.EMFILE, "x"), "too many open files"),
    ],
)
def test_other_reasons_have_their_remedy(error, said):
    assert said in explain_bind_error("nowhere", 80, error)
