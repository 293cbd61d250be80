"""The cookie of a ticket: it goes over TLS alone where the page came over TLS."""

from __future__ import annotations

import pytest

from tests.gateway.conftest import Inside, with_server


@pytest.mark.parametrize("proto, is_secure", [("https", True), ("http", False)])
async def test_behind_a_proxy_with_tls_the_cookie_is_for_tls_alone(
    inside: Inside, proto: str, is_secure: bool
):
    running = await inside(lambda config: with_server(config, trusted_proxies=("127.0.0.1",)))
    request = (
        "POST /api/v2/bali-zero/tickets HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        f"X-Forwarded-Proto: {proto}\r\nContent-Length: 0\r\n\r\n"
    )

    answer = (await running.exchange(request.encode())).decode()

    [cookie] = [line for line in answer.splitlines() if line.startswith("Set-Cookie: ")]
    assert ("; Secure" in cookie) is is_secure
