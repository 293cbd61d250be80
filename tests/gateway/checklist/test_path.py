"""`doctor` on a good way, and behind a proxy that holds streams back."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.checklist import Site
from gateway.checklist.path import examine_path
from tests.e2e.processes import Gateway


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with Gateway(tmp_path_factory.mktemp("gateway")) as running:
        yield running


class Buffering:
    """A proxy that answers only once it has the whole answer, and calls itself nginx."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._pass, args=(client,), daemon=True).start()

    def _pass(self, client: socket.socket) -> None:
        with client, socket.create_connection(("127.0.0.1", self._port)) as upstream:
            request = client.recv(65536)
            upstream.sendall(request.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1))
            answer = b""
            while part := upstream.recv(65536):
                answer += part
            client.sendall(answer.replace(b"Server: sluicegate", b"Server: nginx/1.24", 1))

    def close(self) -> None:
        self._listener.close()


def test_a_direct_way_is_well(gateway: Gateway):
    found = {one.name: one for one in examine_path(Site(gateway.wire.url))}

    assert [name for name, one in found.items() if one.ok is False] == []
    assert found["piece by piece"].ok


def test_a_buffering_proxy_is_found_and_its_setting_named(gateway: Gateway):
    proxy = Buffering(gateway.port)
    found = {one.name: one for one in examine_path(Site(proxy.url))}
    proxy.close()

    assert found["piece by piece"].ok is False
    assert "proxy_buffering off" in found["piece by piece"].remedy


def test_silence_is_sat_through_when_asked(gateway: Gateway):
    began = time.monotonic()
    found = {one.name: one for one in examine_path(Site(gateway.wire.url), idle_s=1.0)}

    assert found["silence"].ok
    assert time.monotonic() - began > 1


def test_an_address_without_gateway_is_one_finding():
    found = examine_path(Site("http://127.0.0.1:9"))

    assert [one.ok for one in found] == [False]


def test_an_origin_that_is_not_listed_is_named_with_the_place_to_add_it(gateway: Gateway):
    found = examine_path(Site(gateway.wire.url), origin="https://site.example")

    own = next(one for one in found if one.name == "own page")
    assert own.ok is False
    assert "apps.bali-zero.origins" in own.remedy


def test_a_gateway_that_refuses_streams_is_told_and_breaks_nothing(tmp_path: Path):
    with Gateway(tmp_path, ENABLE_SSE_STREAMING="off") as off:
        found = {one.name: one for one in examine_path(Site(off.wire.url), idle_s=0.1)}

    assert found["silence"].ok is found["piece by piece"].ok is False
    assert "flag" in found["silence"].remedy


def test_a_provider_that_fails_is_told_as_that_and_not_as_a_proxy(tmp_path: Path):
    environ = {"OPENAI_BASE_URL": "http://127.0.0.1:9/v1", "GATEWAY_MODEL": "m"}
    with Gateway(tmp_path, **environ) as away:
        found = {one.name: one for one in examine_path(Site(away.wire.url))}

    assert found["piece by piece"].ok is False
    assert "upstream_error" in found["piece by piece"].seen
    assert found["piece by piece"].remedy == "see /docs/errors#upstream_error"
