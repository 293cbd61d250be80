"""`gateway completion`: the script that makes a shell complete our commands."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from .group import single_command
from .output import give

app = single_command()
Shell = Literal["bash", "zsh", "fish"]


@app.command(epilog='Example: eval "$(gateway completion bash)"')
def completion(shell: Annotated[Shell, typer.Argument(help="bash, zsh or fish.")]) -> None:
    """Print the completion script of a shell; put it where the shell reads it at start."""
    from typer._completion_shared import get_completion_script

    give([
        get_completion_script(  # nosec B604 - `shell` is the name of one, nothing is run
            prog_name="gateway", complete_var="_GATEWAY_COMPLETE", shell=shell
        )
    ])  # fmt: skip
