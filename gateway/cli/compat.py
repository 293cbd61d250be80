"""`gateway compat`: do the providers' own SDKs and the widget's protocol work with this gateway?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from .group import single_command
from .options import LOCAL, ApiKey, AppName, Json, Url
from .output import NO, YES, end, give, give_json, table

if TYPE_CHECKING:
    from gateway.compat import Tried

app = single_command()
MARKS = {"ok": "✓", "failed": "✗", "not installed": "-"}


@app.command(epilog="Example: gateway compat --url https://chat.example.com --model fast")
def compat(
    url: Url = LOCAL,
    model: Annotated[str, typer.Option(help="Model name.")] = "default",
    profile: AppName = "bali-zero",
    api_key: ApiKey = None,
    json: Json = False,
) -> None:
    """Use every client that is installed here; exit 1 where one does not work."""
    from gateway.checklist import Site
    from gateway.compat import try_all

    found = list(try_all(Site(url, app=profile, key=api_key), model))
    is_good = all(one.state != "failed" for one in found)
    if json:
        give_json({"version": 1, "ok": is_good, "url": url, "cases": found})
    else:
        give(lines_of(found))
    end(YES if is_good else NO)


def lines_of(found: Sequence[Tried]) -> list[str]:
    """Return the counts first, then a line for each case."""
    states = [one.state for one in found]
    absent = [one.client for one in found if one.state == "not installed"]
    counts = f"{states.count('ok')} work, {states.count('failed')} do not"
    counts += f"; not looked at, because not installed: {', '.join(absent)}" if absent else ""
    return [counts, *table([(MARKS[o.state], o.client, o.case, o.seen) for o in found])]
