"""Every route of the application, walked: closed by default, never started by HEAD."""

from __future__ import annotations

import hashlib
import re

import msgspec
import pytest
from aiohttp import web

from gateway.config import Config
from gateway.config.schema import Key
from gateway.middleware.edge import is_open
from tests.gateway.conftest import Inside, Running

HASH = "sha256:" + hashlib.sha256(b"the-key").hexdigest()
OPEN_BY_DECISION = re.compile(r"/|/healthz|/readyz|/favicon\.ico|/client.*|/static/.*|/docs.*|"
                              r"/openapi\.json|/.*\.m?js")  # fmt: skip


def with_key(config: Config) -> Config:
    """Return the configuration with one key."""
    return msgspec.structs.replace(config, keys=(Key(id="k", hash=HASH),))


def routes_of(app: web.Application) -> list[tuple[str, str, str | None]]:
    """Return method, a path that fits the pattern, and name of every route."""
    found = []
    for route in app.router.routes():
        assert route.resource is not None
        path = re.sub(r"\{id[^}]*\}", "abc", route.resource.canonical)
        path = re.sub(r"\{app\}", "bali-zero", path)
        path = re.sub(r"\{[^}]*\}", "default", path)
        found.append((route.method, path, route.name))
    return found


@pytest.fixture
async def locked(inside: Inside) -> Running:
    """A gateway with a key."""
    return await inside(with_key, GATEWAY_LIMIT="off", GATEWAY_ADMIN_KEY="the-admin-key")


async def status_of(running: Running, method: str, path: str, *headers: str) -> int:
    """Return the status that a request gets."""
    head = [f"{method} {path} HTTP/1.1", "Host: localhost", "Connection: close", *headers]
    if method == "POST":
        head += ["Content-Type: application/json", "Content-Length: 2", "", "{}"]
    else:
        head += ["", ""]
    answer = await running.exchange("\r\n".join(head).encode())
    return int(answer.split()[1])


async def test_without_a_key_every_route_that_was_not_opened_by_decision_is_401(locked: Running):
    routes = routes_of(locked.app)
    assert len(routes) > 20

    for method, path, name in routes:
        status = await status_of(locked, method, path)
        if OPEN_BY_DECISION.fullmatch(path):
            assert is_open(name), path
            assert status in (200, 304), (method, path, status)
        else:
            assert not is_open(name), path
            assert status == 401, (method, path, status)


async def test_a_wrong_key_is_401_on_all_of_them(locked: Running):
    for method, path, name in routes_of(locked.app):
        if not is_open(name):
            status = await status_of(locked, method, path, "Authorization: Bearer wrong")
            assert status == 401, (method, path, status)


async def test_no_key_of_an_app_opens_the_administration(locked: Running):
    admin = [route for route in routes_of(locked.app) if route[1].startswith("/admin")]
    for method, path, _ in admin:
        status = await status_of(locked, method, path, "Authorization: Bearer the-key")
        assert status == 403, (method, path, status)


async def test_head_and_odd_methods_start_nothing_anywhere(locked: Running):
    for method in ("HEAD", "PUT", "PATCH", "TRACE"):
        for path in {path for _, path, name in routes_of(locked.app) if not is_open(name)}:
            status = await status_of(locked, method, path, "Authorization: Bearer the-key")
            assert status in (200, 400, 403, 404, 405), (method, path, status)

    assert not locked.rooms.table.running
    assert not locked.rooms.table.finished
