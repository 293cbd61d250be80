"""`gateway audit unseal`: two people open what is sealed of one person."""

from __future__ import annotations

from typing import Annotated

import typer

from .audit_place import By, Folder, Subject, desk_of
from .group import command_group
from .options import File, Json
from .output import give, give_json, say

app = command_group(
    "Ask to read what is sealed, and agree to what another asked.",
    "gateway audit unseal request user:alice --by ann --reason 'her own request'",
)


@app.command(epilog="Example: gateway audit unseal request user:alice --by ann --reason complaint")
def request(
    subject: Subject,
    reason: Annotated[str, typer.Option(help="Why; stands in the trail.")],
    by: By,
    path: Folder = None,
    config: File = None,
    json: Json = False,
) -> None:
    """Ask to read what is sealed of one person; prints the request for whoever approves it."""
    with desk_of(path, config, by) as desk:
        id = desk.ask_to_unseal(subject, reason)
    if json:
        give_json({"version": 1, "request": id})
    else:
        give([id])
        say([f"another person agrees with: gateway audit unseal approve {id} --by NAME"])


@app.command(epilog="Example: gateway audit unseal approve 3f9a61c07b2e --by ben")
def approve(
    request: Annotated[str, typer.Argument(help="What `unseal request` printed.")],
    by: By,
    path: Folder = None,
    config: File = None,
    json: Json = False,
) -> None:
    """Agree to what another person asked; it may be read for 24 hours."""
    with desk_of(path, config, by) as desk:
        subjects = desk.approve(request)
    if json:
        give_json({"version": 1, "request": request, "subjects": subjects})
    else:
        give([f"agreed: what is sealed of {', '.join(subjects)}"])
        say([f"read it within 24 hours: gateway audit export NAME --unseal {request}"])
