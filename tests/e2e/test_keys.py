"""Keys, tickets, cookies: who may do what, by one default for every route."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.e2e.processes import Gateway
from tests.e2e.wire import (
    CHAT,
    COMPLETIONS,
    STREAM,
    STREAMS,
    TICKETS,
    Answer,
    Wire,
    ask_url,
    completion_body,
    text_of,
    tokens,
)

WEB, OPS, WIDGET = "key-of-the-web", "key-of-the-operators", "key-of-a-widget"
PAGE, OTHER_PAGE = "https://page.example", "https://other.example"


def hash_of(secret: str) -> str:
    """Return what the configuration holds of a key."""
    return "sha256:" + hashlib.sha256(secret.encode()).hexdigest()


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway with three keys: for all, for one app and one model, for one page."""
    target = {"targets": [{"backend": "demo"}]}
    config: dict[str, Any] = {
        "backends": {"demo": {"kind": "script"}},
        "models": {"default": target, "fast": target},
        "apps": {
            "bali-zero": {"model": "default", "origins": [OTHER_PAGE], "limits": []},
            "other": {"model": "default", "limits": []},
        },
        "keys": [
            {"id": "ops", "hash": hash_of(OPS)},
            {"id": "web", "hash": hash_of(WEB), "apps": ["bali-zero"], "models": ["default"]},
            {"id": "widget", "hash": hash_of(WIDGET), "origins": [PAGE]},
        ],
    }
    with Gateway(tmp_path_factory.mktemp("guarded"), config, GATEWAY_ADMIN_KEY="adm-secret") as it:
        yield it


@pytest.fixture
def wire(guarded: Gateway) -> Wire:
    """The way to the gateway with keys."""
    return guarded.wire


def bearer(secret: str) -> str:
    """Return the value of an Authorization header."""
    return f"Bearer {secret}"


ASKING = [
    ("GET", ask_url("[[n=1]]")), ("POST", STREAM), ("POST", CHAT), ("POST", STREAMS),
    ("GET", f"{STREAMS}/abc"), ("DELETE", f"{STREAMS}/abc"), ("POST", TICKETS),
    ("POST", COMPLETIONS), ("GET", "/v1/models"), ("GET", "/v1/models/default"),
    ("GET", "/metrics"),
]  # fmt: skip


@pytest.mark.parametrize("secret", [None, "wrong", WEB[:-1], WEB + "x", WEB.upper(), " "])
@pytest.mark.parametrize("method, path", ASKING)
def test_without_a_valid_key_there_is_401(wire: Wire, method: str, path: str, secret: str | None):
    headers = {"Content-Type": "application/json"}
    if secret is not None:
        headers["Authorization"] = bearer(secret)

    answer = wire.open(method, path, b"{}" if method == "POST" else None, headers).read()

    assert answer.status == 401
    assert answer.header("www-authenticate") == "Bearer"
    assert answer.header("x-request-id")


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/", "/client.js"])
def test_health_and_the_page_need_no_key(wire: Wire, path: str):
    assert wire.get(path).status == 200


@pytest.mark.parametrize("header", ["Authorization", "X-Api-Key"])
def test_a_key_opens_by_either_header(wire: Wire, header: str):
    secret = bearer(OPS) if header == "Authorization" else OPS

    answer = wire.open("GET", ask_url("[[n=2]]"), headers={header: secret})

    assert text_of(answer.all_events()) == tokens(2)


@pytest.mark.parametrize("place", ["api_key", "key", "token", "access_token", "authorization"])
def test_a_key_in_the_url_opens_nothing(wire: Wire, place: str):
    assert wire.get(ask_url("[[n=1]]", **{place: OPS})).status == 401


def test_a_key_of_raw_bytes_is_401(wire: Wire):
    assert wire.get("/v1/models", Authorization="Bearer caf\xe9\xff").status == 401
    assert wire.get("/v1/models", X_Api_Key="\xff\xfe").status == 401


def test_a_key_may_use_its_apps_only(wire: Wire):
    answer = wire.post("/api/v2/other/chat", {"query": "[[n=1]]"}, Authorization=bearer(WEB))

    assert answer.status == 403
    assert wire.post(CHAT, {"query": "[[n=1]]"}, Authorization=bearer(WEB)).status == 200
    assert (
        wire.post("/api/v2/other/chat", {"query": "[[n=1]]"}, Authorization=bearer(OPS)).status
        == 200
    )


def test_a_key_may_use_its_models_only(wire: Wire):
    widget = wire.post(CHAT, {"query": "a", "model": "fast"}, Authorization=bearer(WEB))
    direct = wire.post(CHAT, {"query": "a", "model": "demo/x"}, Authorization=bearer(WEB))
    openai = wire.post(COMPLETIONS, completion_body("a", model="fast"), Authorization=bearer(WEB))

    assert (widget.status, direct.status, openai.status) == (400, 400, 404)
    assert "fast" not in widget.json["detail"].split("there are")[1]


def test_models_lists_what_the_key_may_use(wire: Wire):
    mine = wire.get("/v1/models", Authorization=bearer(WEB)).json["data"]
    all_of_them = wire.get("/v1/models", Authorization=bearer(OPS)).json["data"]

    assert [model["id"] for model in mine] == ["default"]
    assert {model["id"] for model in all_of_them} >= {"default", "fast"}
    assert wire.get("/v1/models/fast", Authorization=bearer(WEB)).status == 404


def test_a_key_of_a_page_works_on_that_page_only(wire: Wire):
    def status(secret: str, origin: str) -> int:
        headers = {"Authorization": bearer(secret), "Origin": origin}
        return wire.post(CHAT, {"query": "[[n=1]]"}, **headers).status

    assert status(WIDGET, PAGE) == 200
    assert status(WIDGET, OTHER_PAGE) == 403
    assert status(OPS, OTHER_PAGE) == 200
    assert status(OPS, PAGE) == 403


def test_the_admin_key_is_no_key_of_an_app(wire: Wire):
    assert wire.get("/metrics", Authorization=bearer("adm-secret")).status == 200
    assert wire.get("/metrics", Authorization=bearer(OPS)).status == 403


def created(wire: Wire, secret: str = WEB) -> dict[str, Any]:
    """Create a stream with a key."""
    return wire.create("[[n=3]]", Authorization=bearer(secret))


def code_of(answer: Answer) -> str:
    """Return the code of a stream's terminal error."""
    return str(answer.all_events()[-1]["data"]["code"])


def test_a_created_stream_carries_its_ticket(wire: Wire):
    made = created(wire)

    assert "?ticket=" in made["url"]
    assert text_of(wire.open("GET", made["url"]).all_events()) == tokens(3)
    assert text_of(wire.open("GET", made["url"]).all_events()) == tokens(3)


def test_the_ticket_of_one_stream_opens_no_other(wire: Wire):
    one, other = created(wire), created(wire)
    ticket = one["url"].split("ticket=")[1]

    answers = [
        wire.get(f"{STREAMS}/{other['id']}?ticket={ticket}"),
        wire.get(ask_url("[[n=1]]", ticket=ticket)),
        wire.get(f"/api/v2/other/streams/{one['id']}?ticket={ticket}"),
        wire.post(f"{CHAT}?ticket={ticket}", {"query": "a"}),
        wire.get(f"/v1/models?ticket={ticket}"),
    ]

    assert [a.status for a in answers if b'"gone"' not in a.body] == [401] * 4


def test_no_changed_character_of_a_ticket_is_accepted(wire: Wire):
    made = created(wire)
    base, ticket = made["url"].split("ticket=")
    changed = [
        ticket[:at] + other + ticket[at + 1 :]
        for at, sign in enumerate(ticket)
        for other in {sign.swapcase(), "A" if sign != "A" else "B"} - {sign}
    ]
    changed += ["0" + ticket, ticket + "=", " " + ticket, ticket[:-1], ticket.replace(".", "")]

    statuses = {wire.get(f"{base}ticket={ticket.replace(' ', '%20')}").status for ticket in changed}

    assert statuses == {401}


def test_another_keys_stream_looks_like_an_unknown_one(wire: Wire):
    id = created(wire, WEB)["id"]
    key = bearer(OPS)

    assert code_of(wire.follow(id, Authorization=key)) == "gone"
    assert code_of(wire.follow("unknown", Authorization=key)) == "gone"
    last = {"Last-Event-ID": f"{id}.1", "Authorization": key}
    assert code_of(wire.open("GET", f"{STREAM}?query=x", headers=last)) == "gone"
    assert wire.delete(f"{STREAMS}/{id}", Authorization=key).status == 404
    assert wire.delete(f"{STREAMS}/unknown", Authorization=key).status == 404


def test_another_keys_idempotency_key_is_another(wire: Wire):
    headers = {"Idempotency_Key": "same-words"}

    mine = wire.create("[[n=1]]", Authorization=bearer(WEB), **headers)
    theirs = wire.create("[[n=1]]", Authorization=bearer(OPS), **headers)

    assert mine["id"] != theirs["id"]


def new_ticket(wire: Wire) -> str:
    """Exchange a key for a ticket."""
    answer = wire.post(TICKETS, {}, Authorization=bearer(WEB))
    assert answer.status == 201
    assert answer.header("cache-control") == "no-store"
    assert 0 < answer.json["expires_in"] <= 60
    return str(answer.json["ticket"])


def test_a_ticket_opens_one_stream_and_then_leads_back_to_it(wire: Wire):
    ticket = new_ticket(wire)

    first = wire.open("GET", ask_url("[[n=3]]", ticket=ticket)).all_events()
    second = wire.open("GET", ask_url("something else", ticket=ticket)).all_events()
    last = {"Last-Event-ID": first[1]["id"]}
    third = wire.open("GET", ask_url("[[n=9]]", ticket=ticket), headers=last).all_events()

    assert text_of(first) == text_of(second) == tokens(3)
    assert first[0]["data"]["stream_id"] == second[0]["data"]["stream_id"]
    assert third[1:] == first[2:]


def test_of_24_uses_at_once_one_opens_a_stream(guarded: Gateway):
    ticket = new_ticket(guarded.wire)

    def use(n: int) -> str:
        events = guarded.wire.open("GET", ask_url(f"[[n={n + 1}]]", ticket=ticket)).all_events()
        return str(next(e["id"] for e in events if "id" in e).split(".")[0])

    with ThreadPoolExecutor(24) as pool:
        opened = set(pool.map(use, range(24)))

    made = [r for r in guarded.records() if r.get("stream_id") in opened]
    assert len({record["stream_id"] for record in made}) == 1


def test_a_ticket_belongs_to_its_app_and_starts_nothing_else(wire: Wire):
    ticket = new_ticket(wire)

    assert wire.get(f"/api/v2/other/chat-stream?query=a&ticket={ticket}").status == 401
    assert wire.post(f"{STREAM}?ticket={ticket}", {"query": "a"}).status == 401
    assert wire.post(f"{STREAMS}?ticket={ticket}", {"query": "a"}).status == 401
    assert wire.post(f"{TICKETS}?ticket={ticket}", {}).status == 401


def test_a_ticket_may_no_more_than_the_key_that_it_came_from(wire: Wire):
    ticket = new_ticket(wire)

    assert wire.get(ask_url("[[n=1]]", ticket=ticket, model="fast")).status == 400
    assert text_of(wire.open("GET", ask_url("[[n=2]]", ticket=ticket)).all_events()) == tokens(2)


def test_an_httponly_cookie_opens_a_stream_too(wire: Wire):
    answer = wire.post(TICKETS, {}, Authorization=bearer(WEB))
    cookie = answer.header("set-cookie")
    pair = cookie.split(";")[0]

    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie or "SameSite=Strict" in cookie
    assert re.search(r"Path=/api/v2/bali-zero/", cookie)
    assert text_of(wire.ask("[[n=2]]", Cookie=pair).all_events()) == tokens(2)


@pytest.mark.parametrize("value", ["nonsense", "ffffffffff.\xff\xfe", "", "\xe9", "a.b"])
def test_a_cookie_that_is_no_ticket_is_401(wire: Wire, value: str):
    cookie = f"gateway_ticket={value}"

    assert wire.get(ask_url("[[n=1]]"), Cookie=cookie).status == 401
    assert wire.get(f"{STREAMS}/abc", Cookie=cookie).status == 401


def test_no_key_shows_up_in_logs_errors_metrics_or_the_trail(guarded: Gateway):
    secret = "canary-key-5f3a"
    guarded.wire.get("/v1/models", Authorization=bearer(secret))
    guarded.wire.get(f"/v1/nope/{secret}", X_Api_Key=WEB)
    guarded.wire.post(CHAT, {"query": "[[n=1]]"}, Authorization=bearer(WEB))

    metrics = guarded.wire.get("/metrics", Authorization=bearer("adm-secret")).text
    kept = guarded.output + metrics + repr(guarded.records())
    assert secret not in kept
    assert WEB not in kept
    assert hashlib.sha256(WEB.encode()).hexdigest() not in kept
