"""`gateway doctor`: examine an installation and the way to it, and name what to change."""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Annotated

import typer

from .group import single_command
from .options import LOCAL, ApiKey, AppName, Json, Url
from .output import NO, YES, end, give, give_json

if TYPE_CHECKING:
    from gateway.checklist.path import Found

app = single_command()
SEAMS = ("sluicegate.backends", "sluicegate.detectors")


@app.command(epilog="Example: gateway doctor --url https://chat.example.com --idle 70")
def doctor(
    url: Url = LOCAL,
    profile: AppName = "bali-zero",
    api_key: ApiKey = None,
    origin: Annotated[
        str | None, typer.Option(help="The site that embeds the chat, e.g. https://site.example.")
    ] = None,
    idle: Annotated[float, typer.Option(min=0, help="Seconds of silence to sit through.")] = 0.0,
    config: Annotated[
        str | None, typer.Option("--config", "-c", help="Judge this file too.", metavar="FILE")
    ] = None,
    json: Json = False,
) -> None:
    """Stream through the public address and look at every hop; exit 1 where something is wrong."""
    from gateway.checklist import Site
    from gateway.checklist.path import examine_path

    found = [
        *settings(config),
        *plugins(),
        *examine_path(Site(url, app=profile, key=api_key), idle_s=idle, origin=origin),
    ]
    is_good = not any(one.ok is False for one in found)
    if json:
        give_json({"version": 1, "ok": is_good, "url": url, "findings": found})
    else:
        give(lines_of(found))
    end(YES if is_good else NO)


def settings(path: str | None) -> list[Found]:
    """Judge file and environment of this machine."""
    from gateway.checklist.path import Found
    from gateway.config import examine

    loaded = examine(path, os.environ)
    problems = [
        Found(f"configuration {problem.place()}", False, problem.message, problem.remedy)
        for problem in loaded.problems
    ]
    return problems or [Found("configuration", True, "sound")]


def plugins() -> list[Found]:
    """List what is installed for each seam; one that cannot be loaded names itself."""
    from gateway.checklist.path import Found

    found = []
    for seam in SEAMS:
        for point in entry_points(group=seam):
            package = point.dist.name if point.dist else "?"
            name = f"{seam.partition('.')[2]} {point.name}"
            try:
                point.load()
            except (ImportError, AttributeError) as error:
                remedy = f"install what it needs, or remove {package}; only its users are affected"
                found.append(Found(name, None, f"{package} cannot be loaded: {error}", remedy))
            else:
                found.append(Found(name, True, f"from {package}"))
    return found


def lines_of(found: Sequence[Found]) -> list[str]:
    """Return a line for each finding, with the remedy below those that failed."""
    marks = {True: "✓", False: "✗", None: "!"}
    lines = []
    for one in found:
        lines.append(f"{marks[one.ok]} {one.name}: {one.seen}")
        if one.ok is not True and one.remedy:
            lines.append(f"    -> {one.remedy}")
    return lines
