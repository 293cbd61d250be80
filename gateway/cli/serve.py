"""`gateway serve`: judge the configuration, then hand over to the server."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

from .group import single_command
from .options import File
from .output import NO, end, say

if TYPE_CHECKING:
    from gateway.config import Config

app = single_command()


@app.command(epilog="Example: gateway serve --config gateway.yaml --port 8080")
def serve(
    config: File = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.", min=0, max=65535)] = None,
    workers: Annotated[int | None, typer.Option(help="Processes.", min=1, max=64)] = None,
) -> None:
    """Start the gateway and stay in the foreground; SIGTERM or Ctrl-C drains it."""
    from gateway.config import examine, explain

    from .config import warning_lines

    given = {"host": host, "port": port, "workers": workers}
    options = {name: str(value) for name, value in given.items() if value is not None}
    loaded = examine(config, os.environ, options)
    say(warning_lines(loaded.warnings))
    if loaded.problems:
        say(explain(loaded.problems))
        end(NO)
    from audit import AuditUnavailable
    from backends import BackendUnavailable
    from gateway.server import serve as run

    path = config or os.environ.get("GATEWAY_CONFIG") or None
    try:
        code = run(loaded.config, path=path, reread=lambda: _reread(path, options))
    except BackendUnavailable as error:
        say([f"A backend cannot be used: {error}"])
        code = NO
    except AuditUnavailable as error:
        say([f"The audit trail cannot be written: {error}"])
        say(["  -> choose another folder: GATEWAY_AUDIT_PATH, or `path` of the first sink"])
        code = NO
    end(code)


def _reread(path: str | None, options: dict[str, str]) -> Config:
    """Read file and environment again, with the options of this start."""
    from gateway.config import ConfigInvalid, examine

    loaded = examine(path, os.environ, options)
    if loaded.problems:
        raise ConfigInvalid(loaded.problems)
    return loaded.config
