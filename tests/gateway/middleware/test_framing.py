"""Host names: ours are answered, everything that merely looks like them is not."""

from __future__ import annotations

import pytest

from gateway.middleware.framing import host_name


@pytest.mark.parametrize(
    "host, name",
    [
        ("localhost", "localhost"), ("LocalHost:80", "localhost"), ("localhost.", "localhost"),
        ("localhost.:8080", "localhost"), ("127.0.0.1:1", "127.0.0.1"), ("[::1]", "[::1]"),
        ("[::1]:8080", "[::1]"), ("chat.example.com:", "chat.example.com"),
    ],
)  # fmt: skip
def test_a_host_is_read_without_its_port(host: str, name: str):
    assert host_name(host) == name


@pytest.mark.parametrize(
    "host",
    ["", "localhost:evil", "[::1].evil.example", "[::1]evil", "a@localhost", "localhost/evil",
     "localhost:80:80", "local host", "[localhost]", "localhost:123456", "::1"],
)  # fmt: skip
def test_what_is_no_host_has_no_name(host: str):
    assert host_name(host) == ""
