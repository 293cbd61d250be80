"""What can go wrong for a client, and how it is told: one table from code to status and words.

    ApiError            raised anywhere on the way of a request; the edge renders it in the
                        client's own protocol
      TooManyRequests   a limit said no: come back later
      CostAboveLimit    a limit can never say yes: make the call smaller

No message holds content, keys, addresses of providers or anything that a provider sent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from .stream.asides import attempts_header
from .stream.end import End


class Fault(msgspec.Struct, frozen=True):
    """One row: HTTP status, title, and the type words of the two provider protocols."""

    status: int
    title: str
    openai: str
    anthropic: str
    is_retryable: bool = False


FAULTS: Final[dict[str, Fault]] = {
    "bad_field": Fault(400, "A field is wrong", "invalid_request_error", "invalid_request_error"),
    "bad_request": Fault(400, "Bad request", "invalid_request_error", "invalid_request_error"),
    "context_length_exceeded": Fault(
        400,
        "The prompt is too long for the model",
        "invalid_request_error",
        "invalid_request_error",
    ),
    "cost_above_limit": Fault(
        400,
        "The call is larger than a limit",
        "invalid_request_error",
        "invalid_request_error",
    ),
    "unauthorized": Fault(
        401, "Authentication required", "invalid_request_error", "authentication_error"
    ),
    "feature_flag_disabled": Fault(
        403, "Streaming is switched off", "permission_error", "permission_error"
    ),
    "origin_not_allowed": Fault(403, "Origin not allowed", "permission_error", "permission_error"),
    "host_not_allowed": Fault(403, "Host not allowed", "permission_error", "permission_error"),
    "forbidden": Fault(403, "Not allowed", "permission_error", "permission_error"),
    "not_found": Fault(404, "Not found", "invalid_request_error", "not_found_error"),
    "model_not_found": Fault(404, "Unknown model", "invalid_request_error", "not_found_error"),
    "method_not_allowed": Fault(
        405, "Method not allowed", "invalid_request_error", "invalid_request_error"
    ),
    "timeout_request": Fault(
        408, "The request came too slowly", "invalid_request_error", "timeout_error", True
    ),
    "conflict": Fault(409, "Conflict", "invalid_request_error", "conflict_error"),
    "too_large": Fault(413, "Too large", "invalid_request_error", "request_too_large"),
    "unsupported_media_type": Fault(
        415, "Unsupported media type", "invalid_request_error", "invalid_request_error"
    ),
    "rate_limit_exceeded": Fault(
        429, "Too many requests", "rate_limit_error", "rate_limit_error", True
    ),
    "budget_exhausted": Fault(
        429, "The budget is used up", "insufficient_quota", "rate_limit_error", True
    ),
    "upstream_rate_limited": Fault(
        429, "The provider's rate limit was reached", "rate_limit_error", "rate_limit_error", True
    ),
    "cancelled": Fault(499, "The answer was stopped", "server_error", "api_error"),
    "internal": Fault(500, "Internal error", "server_error", "api_error", True),
    "upstream_error": Fault(502, "The provider failed", "server_error", "api_error", True),
    "upstream_truncated": Fault(
        502, "The provider's answer was cut", "server_error", "api_error", True
    ),
    "shutdown": Fault(503, "Shutting down", "server_error", "overloaded_error", True),
    "overloaded": Fault(503, "Overloaded", "server_error", "overloaded_error", True),
    "limiter_unavailable": Fault(
        503, "Limits cannot be checked", "server_error", "overloaded_error", True
    ),
    "audit_unavailable": Fault(
        503, "The audit trail is unavailable", "server_error", "overloaded_error", True
    ),
    "timeout_first": Fault(504, "The provider is too slow", "server_error", "timeout_error", True),
    "timeout_idle": Fault(504, "The provider fell silent", "server_error", "timeout_error", True),
    "timeout_total": Fault(504, "The answer took too long", "server_error", "timeout_error", True),
}
_PLAIN = re.compile(r"(?!sk-|pk-|rk-|gh[a-z]_|xox)[A-Za-z][A-Za-z0-9._/:-]{0,39}")
MOST_DIGITS = 6
CODES_BY_STATUS: Final = {
    400: "bad_request", 401: "unauthorized", 403: "forbidden", 404: "not_found",
    405: "method_not_allowed", 408: "timeout_request", 409: "conflict", 413: "too_large",
    415: "unsupported_media_type", 429: "rate_limit_exceeded", 503: "overloaded",
}  # fmt: skip

OVERLOADED: Final = (503, 529)
"""Statuses by which providers say that they have too much to do; told as such (table 5h)."""


class ApiError(Exception):
    """An answer that is an error; `field` names the part of the request that caused it."""

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        field: str | None = None,
        headers: Mapping[str, str] | None = None,
        status: int | None = None,
        extra: Mapping[str, object] | None = None,
        type_uri: str | None = None,
    ) -> None:
        super().__init__(detail)
        self.code = code
        self.fault = FAULTS[code]
        self.status = status or self.fault.status
        self.detail = detail
        self.field = field
        self.headers = dict(headers or {})
        self.extra = dict(extra or {})
        self.type_uri = type_uri or f"/docs/errors#{code}"


QUOTA_EXCEEDED: Final = "https://iana.org/assignments/http-problem-types#quota-exceeded"


class TooManyRequests(ApiError):
    """Limits said no; the headers tell when to come back."""

    def __init__(
        self, limits: Sequence[str], headers: Mapping[str, str], *, is_budget: bool = False
    ) -> None:
        wait_s = headers.get("Retry-After")
        super().__init__(
            "budget_exhausted" if is_budget else "rate_limit_exceeded",
            f"Limit {', '.join(limits)} is used up; try again in {wait_s} s.",
            headers=headers,
            extra={"violated-policies": list(limits)},
            type_uri=QUOTA_EXCEEDED,
        )


class CostAboveLimit(ApiError):
    """One call wants more than a limit ever allows: waiting does not help."""

    def __init__(self, limits: Sequence[str], headers: Mapping[str, str]) -> None:
        super().__init__(
            "cost_above_limit",
            f"The call may cost more than limit {', '.join(limits)} allows at all; shorten it, or "
            "ask for fewer output tokens.",
            headers=headers,
            extra={"violated-policies": list(limits)},
        )


def shown(value: str) -> str:
    """Return a caller's value in quotes if it is a plain short name, else words that stand for it.

    A typo is found sooner when it is seen; an address, a number or a key must not come back.
    """
    is_plain = _PLAIN.fullmatch(value) and sum(map(str.isdigit, value)) <= MOST_DIGITS
    return repr(value) if is_plain else "this value"


def bad_field(field: str, detail: str) -> ApiError:
    """Return the error for a field of the request that is wrong."""
    return ApiError("bad_field", f"{field}: {detail}", field=field)


def error_of(end: End) -> ApiError:
    """Return the error for a generation that has no whole answer."""
    headers = attempts_header(end.attempts)
    if end.retry_after_s is not None:
        headers["Retry-After"] = str(max(1, -(-int(end.retry_after_s * 1000) // 1000)))
    if end.finish_reason == "cancelled":
        return ApiError("cancelled", "The answer was stopped.")
    if end.outcome == "upstream_refused":
        return _refused(end, headers)
    code = end.code if end.code in FAULTS else "upstream_error"
    if code == "upstream_error" and end.status in OVERLOADED:
        code = "overloaded"
    if code in ("shutdown", "upstream_rate_limited", "overloaded"):
        headers.setdefault("Retry-After", "1")
    return ApiError(code, _words(end, code), headers=headers)


REMEDIES: Final = {
    "upstream_error": "`gateway doctor` tells whether it can be reached, and with which key",
    "upstream_truncated": "ask again; `gateway doctor` tells what stands in the way",
    "upstream_rate_limited": "come back later, or give the model a second target",
    "overloaded": "come back later, or give the model a second target",
    "timeout_first": "give the model a faster target, or raise its timeouts (connect_s, first_s)",
    "timeout_idle": "ask again, or raise its timeouts.idle_s",
    "timeout_total": "ask for less, or raise its timeouts.total_s",
}
REFUSED_US: Final = (401, 402, 403)
"""Statuses by which a provider refuses the gateway itself; told as 502."""


def _words(end: End, code: str) -> str:
    """Return what went wrong, at which backend, and what helps."""
    message = end.message or FAULTS[code].title
    remedy, backend = REMEDIES.get(code), end.backend.partition("/")[0]
    if not backend or remedy is None:
        return message
    if end.status in REFUSED_US:
        remedy = "check its api_key and the account behind it; `gateway doctor` does"
    return f"{message} Backend '{backend}': {remedy}."


REFUSALS: Final = {
    "model_not_found": "model_not_found",
    "context_length_exceeded": "context_length_exceeded",
    "request_too_large": "too_large",
}


def _refused(end: End, headers: Mapping[str, str]) -> ApiError:
    code = REFUSALS.get(end.refusal or "", "bad_request")
    field = "model" if code == "model_not_found" else end.field
    return ApiError(code, end.message or FAULTS[code].title, field=field, headers=headers)
