"""`gateway config`: check it, show it, describe it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .group import command_group
from .options import File, Json
from .output import NO, WRONG_USE, YES, end, give, give_json, say, table

if TYPE_CHECKING:
    from gateway.config.fix import Change

app = command_group("Check, show and describe the configuration.", "gateway config check --json")
Fix = Annotated[bool, typer.Option("--fix", help="Write the nearest name where one is misspelt.")]


@app.command(epilog="Example: gateway config check --config gateway.yaml --json")
def check(config: File = None, fix: Fix = False, json: Json = False) -> None:
    """Judge file and environment without starting anything; exit 1 if there are problems."""
    from gateway.config import examine, explain

    fixed = _fixed(config) if fix else []
    loaded = examine(config, os.environ)
    if json:
        found = {"problems": loaded.problems, "warnings": loaded.warnings, "fixed": fixed}
        give_json({"version": 1, "ok": not loaded.problems, **found})
    elif loaded.problems:
        give(explain(loaded.problems))
    else:
        give(["The configuration is sound."])
    if not json:
        say(warning_lines(loaded.warnings))
    end(NO if loaded.problems else YES)


def _fixed(path: str | None) -> list[Change]:
    """Correct the file and say what was changed."""
    from gateway.config.fix import fix

    changes = fix(path, os.environ)
    if changes is None:
        say(["There is no file to correct: name it with --config."])
        end(WRONG_USE)
    say(f"{change.file}:{change.line}: {change.old} -> {change.new}" for change in changes)
    return changes


def warning_lines(warnings: Any) -> list[str]:
    """Return warnings as lines for people."""
    return [f"warning: {w.place()}: {w.message} -> {w.remedy}" for w in warnings]


@app.command(epilog="Example: gateway config show --config gateway.yaml")
def show(config: File = None, json: Json = False) -> None:
    """Show every setting that is in force and where it was said; secrets are masked."""
    from gateway.config import examine, explain
    from gateway.config.show import settings

    loaded = examine(config, os.environ)
    if loaded.problems:
        say(explain(loaded.problems))
        end(NO)
    found = settings(loaded)
    if json:
        give_json({"version": 1, "settings": found})
        return
    give(
        table(
            [("setting", "value", "origin"), *((s.path, _cell(s.value), s.origin) for s in found)]
        )
    )


@app.command(epilog="Example: gateway config schema > gateway.schema.json")
def schema(
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Print the reference page instead.")
    ] = False,
    json: Annotated[
        bool, typer.Option("--json", help="JSON Schema, which is the default.")
    ] = False,
) -> None:
    """Print the JSON Schema of the file, for editors."""
    if markdown and not json:
        from gateway.config.markdown import reference

        give([reference()])
        return
    from gateway.config.json_schema import json_schema

    give_json(json_schema())


def _cell(value: Any) -> str:
    match value:
        case None | "" | []:
            return "-"
        case bool():
            return str(value).lower()
        case list():
            return ", ".join(str(item) for item in value)
        case _:
            text = str(value).replace("\n", " ")
            return text if len(text) <= 60 else text[:57] + "..."
