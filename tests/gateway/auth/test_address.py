"""The client's address: only trusted hops vouch for the one before them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from gateway.auth.address import Addresses, grouped

RequestOf = Callable[..., web.Request]


def seen(request_of: RequestOf, trusted: list[str], peer: str, *lines: str) -> str:
    """Return the address found for a peer and its X-Forwarded-For lines."""
    headers = [("X-Forwarded-For", line) for line in lines]
    return Addresses(trusted).of(request_of(headers=headers, peer=(peer, 1)))


@pytest.mark.parametrize("line", ["203.0.113.9", "127.0.0.1", "203.0.113.9, 198.51.100.1"])
def test_without_trusted_proxies_the_header_is_nothing(request_of: RequestOf, line: str):
    assert seen(request_of, [], "192.0.2.1", line) == "192.0.2.1"


def test_a_peer_that_is_not_trusted_vouches_for_nobody(request_of: RequestOf):
    assert seen(request_of, ["10.0.0.0/8"], "192.0.2.1", "203.0.113.9") == "192.0.2.1"


@pytest.mark.parametrize(
    "lines, address",
    [
        (["203.0.113.9"], "203.0.113.9"),
        (["6.6.6.6, 203.0.113.9"], "203.0.113.9"),
        (["6.6.6.6", "203.0.113.9"], "203.0.113.9"),
        (["203.0.113.9, 10.1.1.1"], "203.0.113.9"),
        (["6.6.6.6, 203.0.113.9, 10.1.1.1, 10.2.2.2"], "203.0.113.9"),
        (["10.1.1.1"], "10.1.1.1"),
        ([], "10.0.0.1"),
        (["nonsense"], "10.0.0.1"),
        (["203.0.113.9, nonsense"], "10.0.0.1"),
        (["203.0.113.9:4711"], "203.0.113.9"),
        (["[2001:db8::1]:4711"], "2001:db8::/64"),
        (["2001:db8::1"], "2001:db8::/64"),
        (["::ffff:203.0.113.9"], "203.0.113.9"),
        (["unknown, 203.0.113.9"], "203.0.113.9"),
        ([""], "10.0.0.1"),
    ],
)
def test_the_last_hop_that_is_not_ours_is_the_client(
    request_of: RequestOf, lines: list[str], address: str
):
    assert seen(request_of, ["10.0.0.0/8"], "10.0.0.1", *lines) == address


@pytest.mark.parametrize("peer, is_https", [("10.0.0.1", True), ("192.0.2.1", False)])
def test_only_a_trusted_proxy_says_that_the_client_speaks_tls(
    request_of: RequestOf, peer: str, is_https: bool
):
    request = request_of(headers=[("X-Forwarded-Proto", "https")], peer=(peer, 1))

    assert Addresses(["10.0.0.0/8"]).is_https(request) is is_https


@pytest.mark.parametrize("peer", [None, "", "/run/gateway.sock"])
def test_a_socket_without_an_address_is_local(request_of: RequestOf, peer: object):
    assert Addresses([]).of(request_of(peer=peer)) == "local"


def test_one_household_of_ipv6_is_one_caller():
    import ipaddress

    one, other, far = (
        grouped(ipaddress.ip_address(text))
        for text in ("2001:db8:1:2::1", "2001:db8:1:2:ffff::", "2001:db8:1:3::1")
    )
    assert one == other != far


@given(line=st.text(max_size=60))
def test_whatever_stands_in_the_header_an_address_comes_out(line: str):
    from aiohttp.test_utils import make_mocked_request
    from multidict import CIMultiDict

    from tests.gateway.conftest import Transport

    headers = CIMultiDict([("X-Forwarded-For", line)])
    request = make_mocked_request("GET", "/", headers, transport=Transport(("10.0.0.1", 1)))

    assert Addresses(["0.0.0.0/0"]).of(request)
