"""`gateway faults`: let the scripted backend fail in every way and see how it is told."""

from __future__ import annotations

from .group import command_group
from .options import LOCAL, ApiKey, AppName, Json, Url
from .probes import give_outcome

app = command_group("Prove the error handling.", "gateway faults run")


@app.command(epilog="Example: gateway faults run --url http://127.0.0.1:8080")
def run(
    url: Url = LOCAL,
    profile: AppName = "bali-zero",
    api_key: ApiKey = None,
    json: Json = False,
) -> None:
    """Needs a model of kind `script`; each fault must end in an error event with its code."""
    from gateway.checklist import Site
    from gateway.checklist.probes import probe_faults

    give_outcome("faults", probe_faults, Site(url, app=profile, key=api_key), json)
