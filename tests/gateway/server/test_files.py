"""A worker may hold as many connections as the system allows, whatever the shell has set."""

from __future__ import annotations

import resource
import socket
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.e2e.processes import Gateway

FEW = 120


@pytest.fixture
def gateway_under_a_low_limit(tmp_path: Path):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (FEW, hard))
    try:
        gateway = Gateway(tmp_path / "gateway")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    with gateway:
        yield gateway


def test_a_low_soft_limit_of_open_files_bounds_no_readers(gateway_under_a_low_limit: Gateway):
    gateway = gateway_under_a_low_limit
    with ExitStack() as stack:
        for _ in range(2 * FEW):
            address = ("127.0.0.1", gateway.port)
            stack.enter_context(socket.create_connection(address, timeout=5))

        assert gateway.wire.get("/healthz").status == 200
