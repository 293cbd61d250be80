"""Options that several commands share: one name and one help text each."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated

import typer

LOCAL = "http://127.0.0.1:8080"


def here(context: typer.Context, url: str) -> str:
    """Return the address that was given, else that of a gateway with this environment."""
    if "DEFAULT" not in str(context.get_parameter_source("url")):
        return web_address(url)
    from gateway.config import local_address

    return local_address(os.environ)


def web_address(url: str) -> str:
    """Return an address of the web; anything else is wrong use."""
    if re.match(r"https?://[^/\s]", url) is None:
        raise typer.BadParameter(f"{url} is not a web address; write http://127.0.0.1:8080")
    return url


def time_span(text: str) -> str:
    """Return how far back; what is no time is wrong use."""
    if re.fullmatch(r"[1-9]\d{0,5}[smhd]", text) is None:
        raise typer.BadParameter(f"{text} is no time: write 15m, 24h or 2d")
    return text


Url = Annotated[
    str, typer.Option(help="Address; else by GATEWAY_HOST and GATEWAY_PORT.", callback=here)
]
AdminKey = Annotated[
    str | None,
    typer.Option(
        "--admin-key", "--key", help="The admin key.", envvar="GATEWAY_ADMIN_KEY", show_envvar=True
    ),
]
ApiKey = Annotated[
    str | None,
    typer.Option("--api-key", "--key", help="API key.", envvar="GATEWAY_API_KEY", show_envvar=True),
]
ApiKeyToo = Annotated[
    str | None,
    typer.Option("--api-key", help="API key.", envvar="GATEWAY_API_KEY", show_envvar=True),
]
"""Beside `AdminKey`, which has the short name."""
File = Annotated[str | None, typer.Option("--config", "-c", help="The YAML file.", metavar="FILE")]
AppName = Annotated[str, typer.Option("--app", help="Application profile.")]
Reason = Annotated[str, typer.Option(help="Why; stands in the audit trail.")]
By = Annotated[str, typer.Option(help="Who; stands in the audit trail.")]
Cut = Annotated[bool, typer.Option("--cut", help="End running streams at once.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Since = Annotated[
    str, typer.Option(help="How far back: 15m, 24h, 2d; up to 8 days.", callback=time_span)
]
SloFile = Annotated[str | None, typer.Option("--slo", help="Another slo.yaml.", metavar="FILE")]
Baseline = Annotated[
    str | None, typer.Option(help="A report from before, made with --json.", metavar="FILE")
]
TrailFolder = Annotated[
    Path | None, typer.Option(help="Folder of the audit trail.", file_okay=False)
]
