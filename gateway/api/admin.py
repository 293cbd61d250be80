"""The admin surface: what is switched on and for whom; absent unless an admin key is set."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
from aiohttp import web

from gateway.api.body import read_json
from gateway.errors import bad_field, shown
from gateway.report.ledger import Ledger
from gateway.rollout.change import FLAG, ChangeStore, FileChanges, RedisChanges, SharedChanges
from gateway.rollout.flag import NAME, parse_flag
from gateway.rollout.live import LiveFlag
from gateway.rooms import ROOMS, Rooms

LIVE_FLAG = web.AppKey("live_flag", LiveFlag)
LEDGER = web.AppKey("ledger", Ledger)
MAX_WORDS = 500


class FlagsRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `PUT /admin/flags`."""

    flags: dict[str, str]
    reason: str = ""
    by: str = ""
    cut: bool = False


def setup_admin(app: web.Application) -> None:
    """Follow the flag, and serve it where an admin key is set."""
    app[LIVE_FLAG] = LiveFlag(app[ROOMS], change_store(app[ROOMS]))
    app.cleanup_ctx.append(follow_flag)
    add_flag_routes(app)


def add_flag_routes(app: web.Application) -> None:
    """Register the routes where an admin key is set."""
    if app[ROOMS].settings.keyring.has_admin:
        app.router.add_get("/admin/flags", show_flags, name="admin_flags")
        app.router.add_put("/admin/flags", change_flags, name="admin_flags_change")


def change_store(rooms: Rooms, name: str = FLAG) -> ChangeStore:
    """Return where changes are kept: Redis, and a file beside the audit trail without it."""
    local = FileChanges(state_folder(rooms.settings.config.audit.sinks[0].path), name)
    if rooms.streams.shared is None:
        return local
    return SharedChanges(RedisChanges(rooms.streams.shared.store, name), local)


def state_folder(audit_path: str) -> Path:
    """Return the folder of what an instance without Redis remembers."""
    path = Path(audit_path)
    return path.with_name(f"{path.name}.state")


async def follow_flag(app: web.Application) -> AsyncIterator[None]:
    """Follow changes while the application runs."""
    await app[LIVE_FLAG].start()
    yield
    await app[LIVE_FLAG].aclose()


async def show_flags(request: web.Request) -> web.Response:
    """Say which value is in force, since when, by whom and why; what others just set counts."""
    await request.app[LIVE_FLAG].catch_up()
    return web.json_response(_view(request))


async def change_flags(request: web.Request) -> web.Response:
    """Put a value in force on all workers; running streams go on unless `cut` is set."""
    asked = _parse(await read_json(request))
    live = request.app[LIVE_FLAG]
    value = asked.flags[NAME]
    await request.app[LEDGER].mark()
    await live.catch_up()
    await live.change(value, by=asked.by, reason=asked.reason, cut=asked.cut)
    return web.json_response(_view(request))


def _parse(body: bytes) -> FlagsRequest:
    try:
        asked = msgspec.json.decode(body, type=FlagsRequest)
    except msgspec.DecodeError as exc:
        raise bad_field("flags", f"{exc}; send {{'flags': {{'{NAME}': '25%'}}}}.") from exc
    for name in asked.flags:
        if name != NAME:
            raise bad_field("flags", f"there is no flag {shown(name)}; there is {NAME}.")
    if NAME not in asked.flags:
        raise bad_field("flags", f"name a flag and its value: {NAME}.")
    if max(len(asked.reason), len(asked.by)) > MAX_WORDS:
        raise bad_field("reason", f"is longer than {MAX_WORDS} characters.")
    try:
        parse_flag(asked.flags[NAME])
    except ValueError as exc:
        raise bad_field(f"flags.{NAME}", f"{exc}.") from exc
    return asked


def _view(request: web.Request) -> dict[str, object]:
    rooms, live = request.app[ROOMS], request.app[LIVE_FLAG]
    view: dict[str, object] = {"flags": {NAME: rooms.flag.text}}
    last = live.last
    if last is not None and last.value == rooms.flag.text:
        view["details"] = {
            NAME: {
                "since": last.at,
                "by": last.by,
                "reason": last.reason,
                "previous": last.previous,
                "kept": live.kept or "elsewhere",
            }
        }
    return view
