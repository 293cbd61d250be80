"""`gateway audit keys`: the key that makes names of people in the trail."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .group import command_group
from .output import give, give_json

app = command_group("Rotate the names of people in the trail.", "gateway audit keys rotate")


@app.command(epilog="Example: gateway audit keys rotate --by ann")
def rotate(
    path: Annotated[
        Path | None, typer.Option("--path", help="Folder of the trail; else from the file.")
    ] = None,
    config: Annotated[
        str | None, typer.Option("--config", "-c", help="The YAML file.", metavar="FILE")
    ] = None,
    by: Annotated[str, typer.Option("--by", help="Who acts; stands in the trail.")] = "cli",
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Give everybody a new random name from now on; running gateways follow within a second.

    Export and erasure still find a person under all names, as long as the secret is the same.
    """
    from .audit import desk_of

    key_id = desk_of(path, config, by).rotate()
    if json:
        give_json({"version": 1, "key_id": key_id})
    else:
        give([f"names are made with key {key_id} from now on"])
