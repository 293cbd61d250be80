"""`gateway config`: check it, show it, describe it."""

from __future__ import annotations

import os
from typing import Annotated, Any

import typer

from .group import command_group
from .output import NO, YES, end, give, give_json, say

app = command_group("Check, show and describe the configuration.", "gateway config check --json")
File = Annotated[str | None, typer.Option("--config", "-c", help="The YAML file.", metavar="FILE")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


@app.command(epilog="Example: gateway config check --config gateway.yaml --json")
def check(config: File = None, json: Json = False) -> None:
    """Judge file and environment without starting anything; exit 1 if there are problems."""
    from gateway.config import examine, explain

    loaded = examine(config, os.environ)
    if json:
        give_json({
            "version": 1,
            "ok": not loaded.problems,
            "problems": loaded.problems,
            "warnings": loaded.warnings,
        })  # fmt: skip
    elif loaded.problems:
        give(explain(loaded.problems))
    else:
        give(["The configuration is sound."])
    if not json:
        say(warning_lines(loaded.warnings))
    end(NO if loaded.problems else YES)


def warning_lines(warnings: Any) -> list[str]:
    """Return warnings as lines for people."""
    return [f"warning: {w.place()}: {w.message} -> {w.remedy}" for w in warnings]
