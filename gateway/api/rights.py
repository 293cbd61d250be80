"""Access and erasure over HTTP, for whoever answers a person's request without a shell.

The person is named in the body, never in a URL. It is the trail of this host that is asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import msgspec
from aiohttp import web

from audit import (
    AuditUnavailable,
    Damaged,
    Desk,
    Export,
    LegalHold,
    NotApproved,
    Plan,
    Receipt,
    open_pseudonyms,
)
from gateway.api.admin import MAX_WORDS
from gateway.api.body import read_json
from gateway.errors import ApiError, bad_field
from gateway.rooms import ROOMS

R = TypeVar("R")


class Person(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `POST /admin/export`."""

    subject: str
    by: str = "admin"
    unseal: str = ""
    """A request that two people have made and approved: opens what is sealed."""


class ErasureRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `POST /admin/erasure`; with `dry_run` it says what would go."""

    subject: str
    by: str = "admin"
    dry_run: bool = False


T = TypeVar("T", Person, ErasureRequest)


def setup_rights(app: web.Application) -> None:
    """Register the routes where an admin key is set."""
    if app[ROOMS].settings.keyring.has_admin:
        app.router.add_post("/admin/export", export, name="admin_export")
        app.router.add_post("/admin/erasure", erase, name="admin_erasure")


async def export(request: web.Request) -> web.Response:
    """Return everything that is kept about one person; the reading is recorded."""
    asked = await _read(request, Person)

    def work() -> Export:
        return _desk(request, asked.by).export(asked.subject, unseal=asked.unseal)

    return _json({"export": await _run(work)})


async def erase(request: web.Request) -> web.Response:
    """Erase the words of one person and the link to the name; return the receipt."""
    asked = await _read(request, ErasureRequest)

    def work() -> Plan | Receipt:
        desk = _desk(request, asked.by)
        return desk.plan(asked.subject) if asked.dry_run else desk.erase(asked.subject)

    return _json({"plan" if asked.dry_run else "receipt": await _run(work)})


async def _read(request: web.Request, kind: type[T]) -> T:
    try:
        asked = msgspec.json.decode(await read_json(request), type=kind)
    except msgspec.DecodeError as exc:
        raise bad_field("subject", "name one: user:NAME, key:ID, email:ADDRESS or u_...") from exc
    if not asked.subject or max(len(asked.subject), len(asked.by)) > MAX_WORDS:
        raise bad_field("subject", f"must be a name of at most {MAX_WORDS} characters.")
    return asked


def _desk(request: web.Request, by: str) -> Desk:
    audit = request.app[ROOMS].settings.config.audit
    folder = Path(audit.sinks[0].path)
    return Desk(folder, open_pseudonyms(folder, audit.key), by=by)


async def _run(work: Callable[[], R]) -> R:
    try:
        return await asyncio.to_thread(work)
    except LegalHold as exc:
        raise ApiError("conflict", "A legal hold keeps it; clear the hold first.") from exc
    except NotApproved as exc:
        raise ApiError("forbidden", "Nobody has approved that request, or too long ago.") from exc
    except (AuditUnavailable, Damaged, OSError) as exc:
        raise ApiError("audit_unavailable", "Nothing is done that cannot be recorded.") from exc


def _json(document: dict[str, object]) -> web.Response:
    headers = {"Cache-Control": "no-store"}
    return web.Response(
        body=msgspec.json.encode(document), content_type="application/json", headers=headers
    )
