"""`gateway models`: the names that clients can use on a running gateway."""

from __future__ import annotations

from .group import single_command
from .options import LOCAL, ApiKey, Json, Url
from .output import NO, end, give, give_json, say, table
from .remote import call, refusal

app = single_command()


@app.command(epilog="Example: gateway models --url http://127.0.0.1:8080 --json")
def models(
    url: Url = LOCAL,
    key: ApiKey = None,
    json: Json = False,
) -> None:
    """List the model aliases that the key may use."""
    answer = call("GET", f"{url.rstrip('/')}/v1/models", key=key)
    if answer.status != 200 or not isinstance(answer.body, dict):
        say([f"The gateway refused: {refusal(answer)}"])
        end(NO)
    names = [str(item["id"]) for item in answer.body["data"]]
    if json:
        give_json({"version": 1, "models": names})
    else:
        give(table([[name] for name in names]) or ["no model is configured for this key"])
