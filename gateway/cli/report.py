"""`gateway report`: what happened in the last hours, for people, machines and colleagues."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from .group import single_command
from .options import LOCAL, AdminKey, Baseline, Since, SloFile, Url
from .output import give_json
from .site import load_baseline, read_prometheus, read_report, read_slo

app = single_command()
Format = Literal["md", "json", "html", "announcement"]


@app.command(epilog="Example: gateway report --since 24h --format html --out report.html")
def report(
    url: Url = LOCAL,
    key: AdminKey = None,
    since: Since = "24h",
    format: Annotated[Format, typer.Option(help="md, json, html or announcement.")] = "md",
    out: Annotated[str | None, typer.Option(help="Write to this file.", metavar="FILE")] = None,
    baseline: Baseline = None,
    slo: SloFile = None,
    prometheus: Annotated[
        str | None, typer.Option(help="Read from this Prometheus instead.", metavar="URL")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
) -> None:
    """Report the last hours from the gateway's own record; or from Prometheus."""
    from gateway.report.page import page
    from gateway.report.render import announcement, markdown
    from gateway.rollout.verdict import judge

    found = read_prometheus(prometheus, since) if prometheus else read_report(url, key, since)
    if json or format == "json":
        give_json(found)
        return
    numbers = read_slo(slo)
    verdict = judge(found, numbers, baseline=load_baseline(baseline))
    if format == "html":
        text = page(found, verdict, numbers)
    else:
        text = {"md": markdown, "announcement": announcement}[format](found, verdict)
    if out is None:
        typer.echo(text, nl=False)
        return
    with open(out, "w", encoding="utf-8") as file:
        file.write(text)
