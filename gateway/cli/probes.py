"""The further probes beside `gateway probe stream`: each asks one thing of a running gateway."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .options import LOCAL, ApiKey, AppName, Json, Url
from .output import NO, YES, end, give, give_json
from .probe import app

if TYPE_CHECKING:
    from gateway.checklist import Outcome, Site

__all__ = ["app", "give_outcome"]


def give_outcome(name: str, probe: Callable[[Site], Outcome], site: Site, json: bool) -> None:
    """Run a probe, print what came of it and end the command with its exit code."""
    from gateway.checklist import NoAnswer, Outcome

    try:
        found = probe(site)
    except NoAnswer as error:
        found = Outcome(False, str(error))
    if json:
        give_json({"version": 1, "probe": name, **_fields(found)})
    else:
        give([f"{'✓' if found.ok else '✗'} {name}: {found.seen} (limit {found.limit or '-'})"])
        give([f"    -> {found.remedy}"] if found.remedy and not found.ok else [])
    end(YES if found.ok else NO)


def _fields(found: Outcome) -> dict[str, object]:
    return {name: getattr(found, name) for name in found.__struct_fields__}


def _site(url: str, profile: str, key: str | None) -> Site:
    from gateway.checklist import Site

    return Site(url, app=profile, key=key)


@app.command(epilog="Example: gateway probe reconnect --cuts 20")
def reconnect(
    url: Url = LOCAL,
    profile: AppName = "bali-zero",
    key: ApiKey = None,
    cuts: Annotated[int, typer.Option(min=1, max=200, help="How often to cut.")] = 12,
    json: Json = False,
) -> None:
    """Cut a stream at random bytes and resume it: the text must be identical."""
    from gateway.checklist.probes import probe_reconnect

    give_outcome(
        "reconnect", lambda site: probe_reconnect(site, cuts), _site(url, profile, key), json
    )


@app.command(epilog="Example: gateway probe ratelimit --app limited")
def ratelimit(
    url: Url = LOCAL, profile: AppName = "bali-zero", key: ApiKey = None, json: Json = False
) -> None:
    """Use the caller's limit up: N pass, the next gets 429, and passes after Retry-After."""
    from gateway.checklist.probes import probe_ratelimit

    give_outcome("ratelimit", probe_ratelimit, _site(url, profile, key), json)


@app.command(epilog="Example: gateway probe audit --audit var/audit")
def audit(
    folder: Annotated[
        Path, typer.Option("--audit", help="Folder of the audit trail.", file_okay=False)
    ] = Path("var/audit"),
    url: Url = LOCAL,
    profile: AppName = "bali-zero",
    key: ApiKey = None,
    json: Json = False,
) -> None:
    """Run a stream and find its start and end in the trail."""
    from gateway.checklist import Ground
    from gateway.checklist.audit_files import audit_pair
    from gateway.slo import load_slo

    def probe(site: Site) -> Outcome:
        return audit_pair(Ground(site, load_slo(), limited=profile, audit=folder))

    give_outcome("audit", probe, _site(url, profile, key), json)


@app.command(epilog="Example: gateway probe isolation --url http://127.0.0.1:8080")
def isolation(
    url: Url = LOCAL, profile: AppName = "bali-zero", key: ApiKey = None, json: Json = False
) -> None:
    """Run ten streams at once, each with a marker: none may see another's."""
    from gateway.checklist.probes import probe_isolation

    give_outcome("isolation", probe_isolation, _site(url, profile, key), json)


@app.command(epilog="Example: gateway probe chat --url http://127.0.0.1:8080")
def chat(
    url: Url = LOCAL, profile: AppName = "bali-zero", key: ApiKey = None, json: Json = False
) -> None:
    """Ask the older endpoint and compare status and fields with the golden ones."""
    from gateway.checklist.probes import probe_chat

    give_outcome("chat", probe_chat, _site(url, profile, key), json)
