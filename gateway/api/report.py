"""The report of the last hours, and what a person decided about the rollout."""

from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator

import msgspec
from aiohttp import web

from gateway.api.admin import LEDGER, LIVE_FLAG, state_folder
from gateway.api.operations import check_reader
from gateway.errors import bad_field
from gateway.process import Process
from gateway.report import FileRollup, RedisRollup, Rollup
from gateway.report.ledger import Ledger
from gateway.rollout.guard import Guard
from gateway.rooms import ROOMS, Rooms
from gateway.slo import load_slo

UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_SINCE = re.compile(r"(\d{1,6})([smhd])")
_MOMENT = re.compile(r"@(\d{1,12}(?:\.\d{1,6})?)")
MAX_S = 8 * 86_400.0


def setup_report(app: web.Application, process: Process) -> None:
    """Keep the rollup of this instance and serve reports of it."""
    rooms = app[ROOMS]
    app[LEDGER] = Ledger(rooms, rollup_of(rooms), process.metrics_folder, writes=process.index == 0)
    app.cleanup_ctx.append(_keep_ledger)
    app.router.add_get("/report", show_report, name="report")


def rollup_of(rooms: Rooms) -> Rollup:
    """Return where snapshots are kept: Redis, or files beside the audit trail."""
    if rooms.streams.shared is not None:
        return RedisRollup(rooms.streams.shared.store)
    return FileRollup(state_folder(rooms.settings.config.audit.sinks[0].path))


async def _keep_ledger(app: web.Application) -> AsyncIterator[None]:
    ledger, rooms = app[LEDGER], app[ROOMS]
    await ledger.start()
    guard = Guard(rooms, app[LIVE_FLAG], ledger.snapshot, load_slo())
    if rooms.settings.config.guard and ledger.writes:
        await guard.start()
    yield
    await guard.aclose()
    await ledger.aclose()


async def show_report(request: web.Request) -> web.Response:
    """Return the numbers of the last `since` (such as `15m` or `24h`); for readers of metrics."""
    check_reader(request)
    return await answer_report(request)


async def answer_report(request: web.Request) -> web.Response:
    """Return the numbers without asking who reads them."""
    report = await request.app[LEDGER].report(seconds_of(request.query.get("since", "24h")))
    return web.Response(body=msgspec.json.encode(report), content_type="application/json")


def seconds_of(text: str) -> float:
    """Return the seconds that a text such as `24h` means; `@1764000000` counts from that time."""
    found, moment = _SINCE.fullmatch(text), _MOMENT.fullmatch(text)
    seconds = float(found[1]) * UNITS[found[2]] if found else 0.0
    if moment is not None:
        seconds = min(max(time.time() - float(moment[1]), 1e-3), MAX_S)
    if not 0 < seconds <= MAX_S:
        raise bad_field("since", "must be a time up to 8 days, such as 15m, 24h or 2d.")
    return seconds
