"""`gateway audit keys`: the keys that make names of people in the trail, and those that sign it."""

from __future__ import annotations

import secrets
import sys
from typing import Annotated

import typer

from .audit_place import By, Folder, desk_of, folder_of, pseudonyms_of, settings_of
from .group import command_group
from .options import File, Json
from .output import WRONG_USE, end, give, give_json, say, table

app = command_group("Show and rotate the keys of the trail.", "gateway audit keys rotate")


@app.command(epilog="Example: gateway audit keys show   (note the first key down elsewhere)")
def show(path: Folder = None, config: File = None, json: Json = False) -> None:
    """Show the public keys that sign checkpoints, and the id of the key that makes names."""
    from audit import public_keys

    folder = folder_of(path, config)
    keys = public_keys(folder)
    names = pseudonyms_of(folder, config)
    if json:
        document = {"names": names.key_id, "former_secrets": names.former, "signing": keys}
        give_json({"version": 1, **document})
        return
    give(table([("day", "public key"), *((key.day, key.key) for key in keys)]))
    give([f"names are made with key {names.key_id}; former secrets known: {names.former}"])
    if keys:
        say([f"note down elsewhere: gateway audit verify --root {keys[0].key}"])


@app.command(epilog="Example: gateway audit keys rotate --by ann")
def rotate(
    root: Annotated[
        bool, typer.Option("--root", help="Also the secret itself (audit.key) that all come from.")
    ] = False,
    stdin: Annotated[
        bool, typer.Option("--stdin", help="With --root: read the new secret from standard input.")
    ] = False,
    path: Folder = None,
    config: File = None,
    by: By = "cli",
    json: Json = False,
) -> None:
    """Give everybody a new random name and data key from now on; gateways follow within a second.

    With --root the secret changes too: the new one is printed once, to be put in place of
    audit.key; gateways take it when they are started anew, one after the other, and nothing stops.
    Export, erasure and search find people under all names, also with the new secret alone. Keys
    that sign checkpoints change by themselves, every day.
    """
    if stdin and not root:
        say(["--stdin is for --root: names need no secret from you."])
        end(WRONG_USE)
    secret = _new_secret(config, is_given=stdin) if root else None
    with desk_of(path, config, by) as desk:
        key_id = desk.rotate_root(secret) if root else desk.rotate()
    if json:
        shown = {} if stdin or secret is None else {"secret": secret}
        give_json({"version": 1, "key_id": key_id, **shown})
        return
    if secret is not None and not stdin:
        give([secret])
    if root:
        then = "put it in place of audit.key and" if secret else "the file beside the trail has it:"
        say([f"{then} start the gateways anew, one after the other"])
        say([f"names are made with key {key_id} then"])
    else:
        give([f"names are made with key {key_id} from now on"])


def _new_secret(config: str | None, *, is_given: bool) -> str | None:
    """Return the next `audit.key`; None where none is configured and the trail keeps its own."""
    if is_given:
        secret = sys.stdin.readline().strip()
        if len(secret) < 16:
            say(["A secret has at least 16 characters; leave --stdin away to get one made."])
            end(WRONG_USE)
        return secret
    return secrets.token_urlsafe(32) if settings_of(config).key else None
