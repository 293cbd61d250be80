"""Pages of other origins: refused before any work, or able to read all that they may read."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.processes import Gateway, Start
from tests.e2e.wire import (
    CHAT,
    COMPLETIONS,
    STREAM,
    STREAMS,
    Wire,
    ask_url,
    completion_body,
    text_of,
    tokens,
)

PAGE = "https://chat.example.com"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway that knows one page and one further name of its own."""
    with Gateway(
        tmp_path_factory.mktemp("site"),
        GATEWAY_CORS_ORIGINS=PAGE,
        GATEWAY_HOSTS="gateway.example.net",
        GATEWAY_LIMIT="3/60s",
    ) as running:
        yield running


@pytest.fixture
def wire(site: Gateway) -> Wire:
    """The way to it."""
    return site.wire


TRICKS = [
    "https://evil.example", "http://chat.example.com", "https://chat.example.com.evil.example",
    "https://evilchat.example.com", "https://chat.example.com:444", "https://chat.example.com/",
    "https://CHAT.EXAMPLE.COM", "https://chat.example.com.", "https://chat.example.com@evil.example",
    "https://sub.chat.example.com", "null", "", "*", "file://", "https://", "chat.example.com",
    " https://chat.example.com.x", "https://chat.example.com%00", "https://chat_example.com",
    "https://chat.example.com evil", "https://xn--cht-fla.example.com", "data:text/html,x",
    "http://localhost.evil.example", "http://127.0.0.1:1",
]  # fmt: skip


@pytest.mark.parametrize("origin", TRICKS)
def test_a_foreign_origin_is_403_before_any_work(site: Gateway, origin: str):
    before = site.metric("gateway_streams_total") + site.metric("gateway_streams_active")

    answers = [
        site.wire.get(ask_url("[[n=1]]"), Origin=origin),
        site.wire.post(STREAMS, {"query": "[[n=1]]"}, Origin=origin),
        site.wire.post(CHAT, {"query": "[[n=1]]"}, Origin=origin),
        site.wire.post(COMPLETIONS, completion_body("[[n=1]]"), Origin=origin),
    ]

    assert [answer.status for answer in answers] == [403] * 4
    assert answers[0].json["code"] == "origin_not_allowed"
    assert all(answer.header("access-control-allow-origin") == "" for answer in answers)
    assert all("Origin" in answer.header("vary") for answer in answers)
    assert before == site.metric("gateway_streams_total") + site.metric("gateway_streams_active")


def test_two_origins_are_403(wire: Wire):
    head = f"GET {ask_url('[[n=1]]')} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"

    answer = wire.raw(f"{head}Origin: {PAGE}\r\nOrigin: https://evil.example\r\n\r\n".encode())

    assert answer.split()[1] in (b"403", b"400")


@pytest.mark.parametrize("site_of", ["cross-site", "same-site"])
@pytest.mark.parametrize("mode", ["no-cors", "navigate"])
def test_an_image_or_link_of_a_foreign_page_starts_nothing(wire: Wire, site_of: str, mode: str):
    headers = {"Sec_Fetch_Site": site_of, "Sec_Fetch_Mode": mode}

    assert wire.get(ask_url("[[n=1]]"), **headers).status == 403
    assert wire.get("/", **headers).status == 200
    assert wire.get("/healthz", **headers).status == 200


@pytest.mark.parametrize("site_of", ["same-origin", "none"])
def test_our_own_page_and_the_address_bar_may_ask(start: Start, site_of: str):
    gateway = start()

    assert gateway.wire.get(ask_url("[[n=1]]"), Sec_Fetch_Site=site_of).status == 200


def test_a_page_in_the_list_reads_the_stream_and_what_it_needs(start: Start):
    gateway = start(GATEWAY_CORS_ORIGINS=PAGE)

    answer = gateway.wire.ask("[[n=2]]", Origin=PAGE, Sec_Fetch_Site="cross-site")

    assert text_of(answer.all_events()) == tokens(2)
    assert answer.header("access-control-allow-origin") == PAGE
    assert answer.header("access-control-allow-credentials") == "true"
    assert answer.header("vary") == "Origin"
    exposed = {
        name.strip().lower() for name in answer.header("access-control-expose-headers").split(",")
    }
    assert exposed >= {
        "location", "retry-after", "ratelimit", "ratelimit-policy", "x-ratelimit-limit",
        "x-ratelimit-remaining", "x-ratelimit-reset", "x-request-id", "x-stream-id",
    }  # fmt: skip


def test_our_own_page_needs_no_list(start: Start):
    gateway = start()

    assert gateway.wire.ask("[[n=1]]", Origin=gateway.wire.url).all_events()[-1]["type"] == "done"


@pytest.mark.parametrize("path", [STREAM, STREAMS, CHAT, COMPLETIONS, f"{STREAMS}/abc"])
def test_a_preflight_of_the_page_is_answered(wire: Wire, path: str):
    answer = wire.open(
        "OPTIONS", path,
        headers={"Origin": PAGE, "Access-Control-Request-Method": "POST",
                 "Access-Control-Request-Headers": "content-type, authorization, idempotency-key"},
    ).read()  # fmt: skip

    allowed = answer.header("access-control-allow-headers").lower()
    assert answer.status in (200, 204)
    assert answer.header("access-control-allow-origin") == PAGE
    assert {"GET", "POST", "DELETE"} <= set(
        answer.header("access-control-allow-methods").replace(" ", "").split(",")
    )
    assert all(name in allowed for name in ("content-type", "authorization", "idempotency-key"))
    added = "cache-control", "traceparent", "tracestate", "baggage"  # by EventSource twins, tracers
    assert all(name in allowed for name in added)


def test_options_tell_what_may_be_asked_of_a_path(wire: Wire):
    answer = wire.open("OPTIONS", f"{STREAMS}/abc").read()

    assert (answer.status, answer.header("allow")) == (204, "DELETE, GET, OPTIONS")
    assert wire.open("OPTIONS", "/nowhere").read().status == 404


def test_a_preflight_of_a_foreign_page_is_refused(wire: Wire):
    headers = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}

    answer = wire.open("OPTIONS", STREAM, headers=headers).read()

    assert answer.status == 403
    assert answer.header("access-control-allow-origin") == ""


def test_the_page_can_read_errors(start: Start):
    gateway = start(GATEWAY_CORS_ORIGINS=PAGE, GATEWAY_LIMIT="1/60s")
    gateway.wire.post(CHAT, {"query": "[[n=1]]"})

    bad = gateway.wire.post(CHAT, {"query": ""}, Origin=PAGE)
    unknown = gateway.wire.get("/nope", Origin=PAGE)
    limited = gateway.wire.post(STREAMS, {"query": "[[n=1]]"}, Origin=PAGE)

    for answer, status in ((bad, 400), (unknown, 404), (limited, 429)):
        assert answer.status == status
        assert answer.header("access-control-allow-origin") == PAGE
        assert "x-request-id" in answer.header("access-control-expose-headers")


@pytest.mark.parametrize(
    "host", ["localhost", "127.0.0.1:9", "[::1]:80", "LOCALHOST", "gateway.example.net"]
)
def test_our_own_names_are_answered(wire: Wire, host: str):
    assert wire.get("/healthz", Host=host).status == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "localhost.evil.example",
        "evil-localhost",
        "127.0.0.1.nip.io",
        "127.0.0.2",
        "0.0.0.0",
    ],
)
@pytest.mark.parametrize("path", ["/healthz", "/", ask_url("[[n=1]]"), "/metrics"])
def test_a_rebound_name_is_403(wire: Wire, path: str, host: str):
    answer = wire.get(path, Host=host)

    assert answer.status == 403
    assert answer.json["code"] == "host_not_allowed"


def test_a_host_that_is_no_name_is_400(wire: Wire):
    assert wire.get("/healthz", Host="a@localhost").status == 400


def test_a_rebound_name_with_its_own_origin_is_403(wire: Wire):
    headers = {"Host": "evil.example", "Origin": "http://evil.example"}

    assert wire.get(ask_url("[[n=1]]"), **headers).status == 403
