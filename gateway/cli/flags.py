"""`gateway flags`: what is on and for whom, in a running gateway, through its admin surface."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from .group import command_group
from .options import LOCAL, AdminKey, By, Cut, Json, Reason, Url
from .output import WRONG_USE, end, give, give_json, say, table
from .site import ask

app = command_group(
    "Show and change flags of a running gateway.", "gateway flags set ENABLE_SSE_STREAMING 25%"
)
PATH = "/admin/flags"
HEADER = ("flag", "value", "since", "by", "reason")


@app.command(epilog="Example: gateway flags show --url http://127.0.0.1:8080")
def show(url: Url = LOCAL, key: AdminKey = None, json: Json = False) -> None:
    """Show the flags that are in force."""
    _report(ask("GET", url, PATH, key), json)


@app.command("set", epilog='Example: gateway flags set ENABLE_SSE_STREAMING "25%,users:ann"')
def set_flag(
    name: Annotated[str, typer.Argument(help="Name of the flag.")],
    value: Annotated[str, typer.Argument(help="off, on, 25%, users:a,b, apps:x,y, or joined.")],
    url: Url = LOCAL,
    key: AdminKey = None,
    reason: Reason = "",
    by: By = "",
    cut: Cut = False,
    json: Json = False,
) -> None:
    """Change a flag on all workers, without a restart."""
    from gateway.rollout.flag import parse_flag

    try:
        parse_flag(value)
    except ValueError as error:
        say([f"`{value}` is no flag value: it {error}"])
        end(WRONG_USE)
    said = {"reason": reason, "by": by, "cut": cut}
    body = {"flags": {name: value}, **{key: word for key, word in said.items() if word}}
    _report(ask("PUT", url, PATH, key, body), json)


def _report(body: dict[str, Any], json: bool) -> None:
    flags: dict[str, Any] = body["flags"]
    details: dict[str, Any] = body.get("details", {})
    if json:
        give_json({"version": 1, "flags": flags} | ({"details": details} if details else {}))
        return
    give(table([HEADER, *(_row(n, str(value), details.get(n, {})) for n, value in flags.items())]))


def _row(name: str, value: str, detail: dict[str, Any]) -> tuple[str, ...]:
    at = detail.get("since")
    since = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%SZ") if at else "the start"
    return (name, value, since, detail.get("by") or "-", detail.get("reason") or "-")
