"""`gateway keys`: make a key, list and revoke the keys of the file. Secrets are shown once."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .group import command_group
from .options import File, Json
from .output import NO, end, give, give_json, say, table

if TYPE_CHECKING:
    from gateway.config import Problem

app = command_group("Create, list and revoke API keys.", "gateway keys create --id web")
Names = Annotated[list[str] | None, typer.Option(help="May be given several times.")]
APPLIES = "It counts from the next start, or reload, of the gateway."


@app.command(epilog="Example: gateway keys create --id web --apps bali-zero --config gateway.yaml")
def create(
    id: Annotated[str, typer.Option("--id", help="Name of the key in logs and audit.")] = "key",
    apps: Names = None,
    models: Names = None,
    origins: Names = None,
    tenant: Annotated[
        str, typer.Option(help="Customer that it belongs to, for limits `per: [tenant]`.")
    ] = "",
    config: File = None,
    json: Json = False,
) -> None:
    """Make a key: print its secret once and the line for the file; with --config, add the line."""
    from gateway.config import hash_key, new_key
    from gateway.config.form import NAME
    from gateway.config.keys_file import key_line

    for option, name in (("--id", id), ("--tenant", tenant or "none")):
        if not NAME.fullmatch(name):
            raise typer.BadParameter(f"{option} takes letters, digits, `.`, `_`, `-`")
    secret = new_key()
    line = key_line(
        id,
        hash_key(secret),
        apps=_split(apps),
        models=_split(models),
        origins=_split(origins),
        tenant=tenant,
    )
    obstacle = None if config is None else _add(config, id, line)
    if json:
        give_json({
            "version": 1, "id": id, "secret": secret, "hash": hash_key(secret), "line": f"- {line}",
        })  # fmt: skip
    else:
        give([f"secret: {secret}", f"line:   - {line}"])
        say(["The secret is shown only now. Clients send it as `Authorization: Bearer ...`."])
    if obstacle is not None:
        say([obstacle])
        end(NO)
    if not json:
        added = f"The line is added to {config}. {APPLIES}"
        say([added if config else "The line goes below `keys:`."])


@app.command("list", epilog="Example: gateway keys list --config gateway.yaml --json")
def list_keys(config: File = None, json: Json = False) -> None:
    """List the keys of file and environment: what they open and where they stand, no secrets."""
    loaded = _examine(config)
    places = loaded.document
    rows = [
        (key, places.place(("keys", index)).spell()) for index, key in enumerate(loaded.config.keys)
    ]
    if json:
        keys = [
            {
                "id": k.id,
                "apps": k.apps,
                "models": k.models,
                "origins": k.origins,
                "tenant": k.tenant,
                "origin": where,
            }
            for k, where in rows
        ]
        give_json({"version": 1, "keys": keys})
        return
    if not rows:
        say(["There are no keys: nobody is asked for one."])
        return
    head = ("id", "apps", "models", "origins", "tenant", "stands in")
    give(table([head, *((*_cells(key), where) for key, where in rows)]))


@app.command(epilog="Example: gateway keys revoke web --config gateway.yaml")
def revoke(
    id: Annotated[str, typer.Argument(help="Name of the key.")],
    config: File = None,
    last: Annotated[
        bool, typer.Option("--last", help="Also if it is the last key, which opens the gateway.")
    ] = False,
) -> None:
    """Take a key out of the file."""
    from gateway.config import nearest
    from gateway.config.keys_file import CannotEdit, remove_key

    path = _path_of(config)
    ids = [key.id for key in _examine(path).config.keys]
    if id not in ids:
        meant = nearest(id, ids)
        say([f"There is no key `{id}`. " + (f"Did you mean `{meant}`?" if meant else "")])
        end(NO)
    if len(ids) == 1 and not last:
        say([
            f"`{id}` is the last key: without it nobody is asked for one.",
            "Create another first, or say --last.",
        ])  # fmt: skip
        end(NO)
    try:
        _write(path, remove_key(Path(path).read_text(encoding="utf-8"), id))
    except KeyError:
        say([f"`{id}` does not stand in {path}; take it out of the environment."])
        end(NO)
    except CannotEdit as error:
        say([str(error)])
        end(NO)
    say([f"Revoked `{id}` in {path}. {APPLIES}"])


def _add(path: str, key_id: str, line: str) -> str | None:
    """Write the line into the file, or return why that is left to a person."""
    from gateway.config.keys_file import CannotEdit, add_key

    before = _examine(path)
    if key_id in [key.id for key in before.config.keys]:
        say([f"There is a key `{key_id}` already; choose another --id."])
        end(NO)
    try:
        text = add_key(Path(path).read_text(encoding="utf-8"), line)
    except CannotEdit as error:
        return str(error)
    known = {(problem.path, problem.message) for problem in before.problems}
    wrong = [p for p in _problems_of(text) if (p.path, p.message) not in known]
    if wrong:
        say([f"{problem.message}: {problem.remedy}" for problem in wrong])
        end(NO)
    _write(path, text)
    return None


def _problems_of(text: str) -> Sequence[Problem]:
    """Return what would be wrong with a file of this text."""
    from gateway.config import examine

    with tempfile.NamedTemporaryFile("w", suffix=".yaml", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        return examine(file.name, os.environ).problems


def _write(path: str, text: str) -> None:
    from gateway.config.keys_file import write_text

    try:
        write_text(path, text)
    except OSError as error:
        say([f"{path} cannot be written: {os.strerror(error.errno or 0).lower()}"])
        end(NO)


def _examine(path: str | None) -> Any:
    """Return the judged configuration; a broken file ends the command, missing variables do not."""
    from gateway.config import examine, explain

    loaded = examine(path, os.environ)
    if not loaded.is_readable:
        say(explain(loaded.problems))
        end(NO)
    return loaded


def _path_of(config: str | None) -> str:
    path = config or os.environ.get("GATEWAY_CONFIG")
    if not path:
        raise typer.BadParameter("name the file with --config or GATEWAY_CONFIG")
    return path


def _split(values: list[str] | None) -> tuple[str, ...]:
    parts = [part.strip() for value in values or () for part in value.split(",")]
    return tuple(part for part in parts if part)


def _cells(key: Any) -> tuple[str, ...]:
    origins = ", ".join(key.origins) or "-"
    return key.id, _all(key.apps), _all(key.models), origins, key.tenant or "-"


def _all(names: tuple[str, ...] | None) -> str:
    return "all" if names is None else ", ".join(names) or "none"
