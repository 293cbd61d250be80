"""Options and questions that the operators' commands share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from .output import NO, WRONG_USE, end, say
from .remote import Answered, call, refusal

if TYPE_CHECKING:
    from gateway.report import Report
    from gateway.slo import Slo

LOCAL = "http://127.0.0.1:8080"
Url = Annotated[str, typer.Option(help="Address of the gateway.")]
AdminKey = Annotated[
    str | None,
    typer.Option(
        "--admin-key", "--key", help="The admin key.", envvar="GATEWAY_ADMIN_KEY", show_envvar=True
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
SloFile = Annotated[str | None, typer.Option("--slo", help="Another slo.yaml.", metavar="FILE")]


def ask(method: str, url: str, path: str, key: str | None, body: object = None) -> Any:
    """Return the JSON of an answer; a refusal ends the command with its reason."""
    answer = call(method, f"{url.rstrip('/')}{path}", key=key, body=body)
    if answer.status == 200 and isinstance(answer.body, dict):
        return answer.body
    return refused(answer)


def refused(answer: Answered) -> Any:
    """End the command with what the gateway said."""
    say([f"The gateway refused: {refusal(answer)}"])
    if answer.status in (401, 403, 404):
        say(["-> start it with GATEWAY_ADMIN_KEY and give the same key here with --admin-key"])
    end(NO)


def read_report(url: str, key: str | None, since: str) -> Report:
    """Return the report of a running gateway."""
    import msgspec

    from gateway.report import Report

    return msgspec.convert(ask("GET", url, f"/report?since={since}", key), Report)


def read_slo(path: str | None) -> Slo:
    """Return the numbers; a wrong file ends the command."""
    from gateway.slo import load_slo

    try:
        return load_slo(path)
    except (ValueError, OSError) as error:
        say([str(error)])
        end(WRONG_USE)


def load_baseline(path: str | None) -> Report | None:
    """Return a report that was kept with `gateway report --json`."""
    if path is None:
        return None
    import msgspec

    from gateway.report import Report

    try:
        with open(path, "rb") as file:
            return msgspec.json.decode(file.read(), type=Report)
    except (OSError, msgspec.DecodeError) as error:
        say([f"{path} is no report of `gateway report --json`: {error}"])
        end(WRONG_USE)
