"""Questions to a running gateway that the operators' commands share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .output import NO, WRONG_USE, end, say
from .remote import Answered, call, refusal

if TYPE_CHECKING:
    from gateway.report import Report
    from gateway.slo import Slo

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def ask(method: str, url: str, path: str, key: str | None, body: object = None) -> Any:
    """Return the JSON of an answer; a refusal ends the command with its reason."""
    answer = call(method, f"{url.rstrip('/')}{path}", key=key, body=body)
    if answer.status == 200 and isinstance(answer.body, dict):
        return answer.body
    return refused(answer)


def refused(answer: Answered) -> Any:
    """End the command with what the gateway said."""
    say([f"The gateway refused: {refusal(answer)}"])
    is_of_a_field = isinstance(answer.body, dict) and "field" in answer.body
    if answer.status in (401, 403, 404) and not is_of_a_field:
        say(["-> start it with GATEWAY_ADMIN_KEY and give the same key here with --admin-key"])
    end(NO)


def read_report(url: str, key: str | None, since: str) -> Report:
    """Return the report of a running gateway."""
    import msgspec

    from gateway.report import Report

    return msgspec.convert(ask("GET", url, f"/report?since={since}", key), Report)


def read_prometheus(url: str, since: str) -> Report:
    """Return the report that a Prometheus gives; what it refuses ends the command."""
    import time
    from urllib.parse import urlencode

    from gateway.report.prometheus import report_from

    def query(kind: str, asked: Mapping[str, str]) -> list[Any]:
        answer = call("GET", f"{url.rstrip('/')}/api/v1/{kind}?{urlencode(asked)}")
        if answer.status != 200 or not isinstance(answer.body, dict):
            say([f"{url} does not answer as a Prometheus does (status {answer.status})"])
            end(NO)
        return list(answer.body["data"]["result"])

    return report_from(query, time.time(), seconds_of(since))


def seconds_of(text: str, option: str = "--since") -> float:
    """Read `15m`, `24h`, `2d`; anything else ends the command."""
    unit = UNITS.get(text[-1:], 0)
    if not unit or not text[:-1].isdigit() or not int(text[:-1]):
        say([f"{option} {text} is no time: write 15m, 24h or 2d"])
        end(WRONG_USE)
    return float(int(text[:-1]) * unit)


def read_slo(path: str | None) -> Slo:
    """Return the numbers; a wrong file ends the command."""
    from gateway.slo import load_slo

    try:
        return load_slo(path)
    except (ValueError, OSError) as error:
        say([str(error)])
        end(WRONG_USE)


def load_baseline(path: str | None) -> Report | None:
    """Return a report that was kept with `gateway report --json`."""
    if path is None:
        return None
    import msgspec

    from gateway.report import Report

    try:
        with open(path, "rb") as file:
            return msgspec.json.decode(file.read(), type=Report)
    except (OSError, msgspec.DecodeError) as error:
        say([f"{path} is no report of `gateway report --json`: {error}"])
        end(WRONG_USE)
