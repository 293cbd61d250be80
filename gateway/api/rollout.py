"""What a person decided about the rollout: go on, hold it, or block it for a reason."""

from __future__ import annotations

from typing import Literal

import msgspec
from aiohttp import web

from audit import Notice
from gateway.api.admin import MAX_WORDS, change_store
from gateway.api.body import read_json
from gateway.errors import ApiError, bad_field
from gateway.rollout.change import WORD, Change, ChangeStore
from gateway.rooms import ROOMS
from gateway.store import StoreAway

WORDS = web.AppKey("rollout_words", ChangeStore)


class RolloutRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `PUT /admin/rollout`."""

    state: Literal["go", "hold", "block"]
    reason: str = ""
    by: str = ""


def setup_rollout(app: web.Application) -> None:
    """Keep decisions, and serve them where an admin key is set."""
    app[WORDS] = change_store(app[ROOMS], WORD)
    add_rollout_routes(app)


def add_rollout_routes(app: web.Application) -> None:
    """Register the routes where an admin key is set."""
    if app[ROOMS].settings.keyring.has_admin:
        app.router.add_get("/admin/rollout", show_rollout, name="admin_rollout")
        app.router.add_put("/admin/rollout", change_rollout, name="admin_rollout_change")


async def show_rollout(request: web.Request) -> web.Response:
    """Say whether the rollout may go on, as far as people decide."""
    return web.json_response(await _view(request))


async def change_rollout(request: web.Request) -> web.Response:
    """Keep a decision; it is audited, and verdict and rollout obey it."""
    try:
        asked = msgspec.json.decode(await read_json(request), type=RolloutRequest)
    except msgspec.DecodeError as exc:
        raise bad_field("state", f"{exc}; send go, hold or block.") from exc
    if max(len(asked.reason), len(asked.by)) > MAX_WORDS:
        raise bad_field("reason", f"is longer than {MAX_WORDS} characters.")
    before = (await _view(request))["state"]
    change = Change(
        value=asked.state, previous=str(before), over="", by=asked.by, reason=asked.reason
    )
    try:
        await request.app[WORDS].write(change)
    except (StoreAway, OSError) as exc:
        raise ApiError(
            "overloaded", "The decision cannot be kept.", headers={"Retry-After": "2"}
        ) from exc
    fields = {"state": asked.state, "previous": before, "by": asked.by, "reason": asked.reason}
    await request.app[ROOMS].trail.notice(Notice(event="rollout.decided", fields=fields))
    return web.json_response(await _view(request))


async def _view(request: web.Request) -> dict[str, object]:
    try:
        last = await request.app[WORDS].read()
    except StoreAway:
        return {"state": "hold", "reason": "the shared store is away", "by": "", "since": 0}
    if last is None:
        return {"state": "go", "reason": "", "by": "", "since": 0}
    return {"state": last.value, "reason": last.reason, "by": last.by, "since": last.at}
