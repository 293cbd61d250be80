"""`gateway flags`: what is on and for whom, in a running gateway, through its admin surface."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from .group import command_group
from .options import LOCAL, Json, here
from .output import NO, WRONG_USE, end, give, give_json, say, table
from .remote import Answered, call, refusal

app = command_group(
    "Show and change flags of a running gateway.", "gateway flags set ENABLE_SSE_STREAMING 25%"
)
Url = Annotated[
    str, typer.Option(help="Address of the gateway, or of its admin port.", callback=here)
]
AdminKey = Annotated[
    str | None,
    typer.Option("--key", help="The admin key.", envvar="GATEWAY_ADMIN_KEY", show_envvar=True),
]
HEADER = ("flag", "value", "since", "by", "reason")


@app.command(epilog="Example: gateway flags show --url http://127.0.0.1:8080")
def show(url: Url = LOCAL, key: AdminKey = None, json: Json = False) -> None:
    """Show the flags that are in force."""
    _report(call("GET", _admin(url), key=key), json)


@app.command("set", epilog='Example: gateway flags set ENABLE_SSE_STREAMING "25%,users:ann"')
def set_flag(
    name: Annotated[str, typer.Argument(help="Name of the flag.")],
    value: Annotated[str, typer.Argument(help="off, on, 25%, users:a,b, apps:x,y, or joined.")],
    url: Url = LOCAL,
    key: AdminKey = None,
    reason: Annotated[str, typer.Option(help="Why; stands in the audit trail.")] = "",
    by: Annotated[str, typer.Option(help="Who; stands in the audit trail.")] = "",
    cut: Annotated[bool, typer.Option("--cut", help="End running streams too.")] = False,
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
    _report(call("PUT", _admin(url), key=key, body=body), json)


def _admin(url: str) -> str:
    return f"{url.rstrip('/')}/admin/flags"


def _report(answer: Answered, json: bool) -> None:
    if answer.status != 200 or not isinstance(answer.body, dict):
        say([f"The gateway refused: {refusal(answer)}"])
        if answer.status in (401, 403, 404):
            say(["-> start it with GATEWAY_ADMIN_KEY and give the same key here with --key"])
        end(NO)
    flags = answer.body.get("flags", {})
    details: dict[str, Any] = answer.body.get("details", {})
    if json:
        give_json({"version": 1, "flags": flags} | ({"details": details} if details else {}))
        return
    give(table([HEADER, *(_row(n, str(value), details.get(n, {})) for n, value in flags.items())]))


def _row(name: str, value: str, detail: dict[str, Any]) -> tuple[str, ...]:
    at = detail.get("since")
    since = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%SZ") if at else "the start"
    return (name, value, since, detail.get("by") or "-", detail.get("reason") or "-")
