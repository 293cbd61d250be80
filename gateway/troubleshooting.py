"""What to do about each error code: the text behind `/docs/errors` and docs/troubleshooting.md."""

# ruff: noqa: E501 - a table of words is as wide as they are
from __future__ import annotations

from typing import Final

import msgspec

from gateway.errors import FAULTS


class Entry(msgspec.Struct, frozen=True):
    """One code: what happened, what the caller does, what the operator does."""

    what: str
    caller: str
    operator: str


def _later(what: str, operator: str) -> Entry:
    return Entry(what, "Try again after the time in `Retry-After`.", operator)


ENTRIES: Final[dict[str, Entry]] = {
    "bad_field": Entry(
        "A field of the request is missing or wrong; `field` and `detail` name it.",
        "Correct the field. Trying again without a change is of no use.",
        "Compare the caller with `/openapi.json`.",
    ),
    "bad_request": Entry(
        "The request could not be understood, or the provider refused it as wrong.",
        "Send JSON as described in `/openapi.json`; look at the detail.",
        "Where the provider refused: does the target model support what was asked?",
    ),
    "context_length_exceeded": Entry(
        "The prompt with its history is longer than the model takes.",
        "Shorten the history or the prompt.",
        "Route the alias to a model with a larger window.",
    ),
    "unauthorized": Entry(
        "No valid key, token or ticket came with the request.",
        "Send `Authorization: Bearer KEY`. A page uses a ticket: create the stream by POST first.",
        "`gateway keys list` shows ids; a new key is made with `gateway keys create`.",
    ),
    "feature_flag_disabled": Entry(
        "Streaming is switched off for this caller.",
        "Use `/chat`, which answers without streaming.",
        "`gateway flags show` tells who switched it and why; `gateway rollout next` goes on.",
    ),
    "origin_not_allowed": Entry(
        "The page that asks comes from a site that is not listed.",
        "Ask the operator to list your origin.",
        "Add it to `apps.<app>.origins`, or to GATEWAY_CORS_ORIGINS; scheme and port count.",
    ),
    "host_not_allowed": Entry(
        "The Host name of the request is none of this instance's (DNS rebinding).",
        "Use the address that the operator gave you.",
        "Add the public name to `server.hosts`, or to GATEWAY_HOSTS.",
    ),
    "forbidden": Entry(
        "The key is valid but may not do this.",
        "Use another key, app or model.",
        "Compare `keys[].apps` and `keys[].models`; `/admin` and `/report` take the admin key only.",
    ),
    "not_found": Entry(
        "Nothing is served at this path, or the stream is not yours or has expired.",
        "Check the path and the app; start a new answer.",
        "Foreign and unknown streams look alike on purpose.",
    ),
    "model_not_found": Entry(
        "There is no model of this name for this key.",
        "`GET /v1/models` lists the names.",
        "Aliases stand in `models:`.",
    ),
    "method_not_allowed": Entry(
        "This path does not take that method; `Allow` lists those that it takes.",
        "Use one of them.", "Nothing.",
    ),
    "timeout_request": Entry(
        "Headers or body came too slowly (10 s and 30 s).",
        "Try again on a better line.",
        "Many of them: a proxy that does not buffer requests, or somebody who drips bytes.",
    ),
    "conflict": Entry(
        "The same Idempotency-Key is in use for another request.",
        "Take a new key for a new question.", "Nothing.",
    ),
    "too_large": Entry(
        "The body is larger than 1 MiB, or the prompt beyond its limit.",
        "Send less; pictures may be sent as URLs.",
        "`server.max_body_mib` admits larger pictures in the provider protocols; a worker holds such a "
        "body several times while it is read and sent on.",
    ),
    "unsupported_media_type": Entry(
        "The body is not `application/json`, or it is compressed.",
        "Send uncompressed JSON with that type.", "Nothing.",
    ),
    "rate_limit_exceeded": _later(
        "A limit is used up; `violated-policies` names it.",
        "See the runbook LimitViolations.",
    ),
    "cost_above_limit": Entry(
        "The call by itself costs more than a limit allows at all; waiting does not help.",
        "Make it smaller: less history, a lower `max_tokens`.",
        "Raise the limit, or give this caller another one.",
    ),
    "budget_exhausted": _later(
        "The budget of the day or month is used up; `Retry-After` says when the next one begins.",
        "`limits.<name>.money` and `period`; see limits.md.",
    ),
    "upstream_rate_limited": _later(
        "The provider's own limit was reached.",
        "Give the model a second target, or raise the quota at the provider.",
    ),
    "cancelled": Entry(
        "The answer was stopped, by its reader or because nobody listened any more.",
        "Nothing; it was wished.", "Nothing.",
    ),
    "internal": Entry(
        "Something broke in the gateway.",
        "Try again; if it stays, tell the operator the request id.",
        "Find the request id in the log: `request_broke` or `generation_broke`.",
    ),
    "upstream_error": Entry(
        "The provider failed, could not be reached, or refused our credentials.",
        "Try again.",
        "`gateway_backend_attempts_total` tells the backend; check key, base_url and network.",
    ),
    "upstream_truncated": Entry(
        "The provider's answer ended in the middle, without a finish.",
        "What came is kept; ask again for the rest.",
        "Often a proxy between gateway and provider with a read timeout.",
    ),
    "shutdown": _later(
        "This instance is going down, or streaming was switched off under the answer.",
        "Raise `server.drain_s` where answers are longer than the drain.",
    ),
    "overloaded": _later(
        "More answers are running than this worker takes, or the provider has too much to do.",
        "`server.max_streams`, more workers; see capacity.md.",
    ),
    "limiter_unavailable": _later(
        "The shared store of limits is away, and this limit is closed meanwhile.",
        "See the runbook LimiterDegraded; `on_outage: local` keeps serving.",
    ),
    "audit_unavailable": _later(
        "No record can be written, so no answer is started.",
        "See the runbook AuditDegraded.",
    ),
    "timeout_first": Entry(
        "The provider did not begin to answer in time.",
        "Try again, perhaps with a faster model.",
        "`backends.<name>.timeouts.first_s`, or a second target.",
    ),
    "timeout_idle": Entry(
        "The provider fell silent in the middle of its answer.",
        "What came is kept; ask again for the rest.",
        "`backends.<name>.timeouts.idle_s`.",
    ),
    "timeout_total": Entry(
        "The answer took longer than allowed as a whole.",
        "Ask for less at once.",
        "`backends.<name>.timeouts.total_s`.",
    ),
    "lost": Entry(
        "The worker that wrote this answer died.",
        "Ask again; the prompt was not finished.",
        "`worker_died` in the log tells the exit code; look for the memory limit.",
    ),
    "gone": Entry(
        "The answer is not known any more: it is kept for ten minutes after its end.",
        "Ask again.", "Nothing.",
    ),
    "replay_unavailable": Entry(
        "The shared store is away, so what was missed cannot be read at the moment.",
        "Reconnect later with the same id.",
        "See the runbook LimiterDegraded: it is the same Redis.",
    ),
}  # fmt: skip


def title_of(code: str) -> str:
    """Return the title of a code; those of streams alone have none in the table of statuses."""
    if code in FAULTS:
        return FAULTS[code].title
    return {
        "lost": "The worker is gone",
        "gone": "The answer has expired",
        "replay_unavailable": "What was missed cannot be read now",
    }[code]


def markdown() -> str:
    """Return docs/troubleshooting.md."""
    parts = [_HEAD]
    for code, entry in ENTRIES.items():
        status = f"Status {FAULTS[code].status}. " if code in FAULTS else "In a stream only. "
        parts.append(
            f"### {code}\n\n**{title_of(code)}.** {status}{entry.what}\n\n"
            f"- Caller: {entry.caller}\n- Operator: {entry.operator}\n"
        )
    return "\n".join(parts) + _TAIL


_HEAD = """# Troubleshooting

Made from the code by `python docs/generate.py`; do not edit. The same entries stand on a running gateway
under `/docs/errors`, where the `type` of every problem leads.

First look: `gateway doctor --url https://your.address` streams through every hop and names the setting to
change; `gateway report --since 1h` shows errors by code. Every answer carries `x-request-id`; the log and
the audit trail know it.

## Error codes
"""
_TAIL = """
## Signs without a code

| sign | likely cause | what to do |
| --- | --- | --- |
| the whole answer arrives at once | a proxy buffers or compresses | `gateway doctor --url …` names the proxy and its setting |
| the stream breaks after 60 s of silence | the proxy's read timeout is shorter than 15 s heartbeats | raise it; heartbeats go out every 15 s |
| `EventSource` closes for good | it saw 401, 403 or 429, which it cannot read | create by POST, follow by GET; the shipped client does |
| the seventh tab waits | browsers open six HTTP/1.1 connections a host | serve HTTP/2 at the proxy |
| 403 `origin_not_allowed` only behind the proxy | the proxy changes Host or Origin | `proxy_set_header Host $host`, leave Origin alone |
| a restarted instance has another flag | the configured value was changed since the live change | the configuration wins then; set it live again |

## Alerts

Every alert has its section in [runbooks.md](runbooks.md).
"""
