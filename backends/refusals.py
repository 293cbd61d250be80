"""One table from a provider's refusal to our errors: by HTTP status, or by the word in the stream.

Nothing that the provider wrote is shown, save a field's name of harmless shape.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import msgspec

from .errors import BackendError, BackendLimited, BackendRefused

_FIELD = re.compile(r"[A-Za-z0-9_.\[\]-]{1,80}\Z")
_FIELD_IN_MESSAGE = re.compile(r"^([a-z_]+(?:\.[A-Za-z0-9_]+){0,6}): ")
_TOO_LONG = (
    "context_length", "context length", "context limit", "context window", "maximum context",
    "prompt is too long", "prompt too long", "input is too long", "reduce the length",
    "maximum number of tokens",
)  # fmt: skip
_NO_CREDIT = "credit balance is too low"
"""Anthropic says so with status 400; it is the account's fault and not the request's."""

_STATUS_OF_TYPE = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "invalid_api_key": 401,
    "billing_error": 402,
    "insufficient_quota": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "model_not_found": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "rate_limit_exceeded": 429,
    "requests": 429,
    "tokens": 429,
    "timeout_error": 504,
    "overloaded_error": 529,
    "context_length_exceeded": 400,
}
_OURS = "The provider refused the gateway's own credentials or account."


class ProviderError(msgspec.Struct, frozen=True):
    """What can be understood of a provider's error object."""

    words: tuple[str, ...] = ()
    param: str | None = None
    message: str = ""
    status: int | None = None


def failure_of(backend: str, status: int, headers: Mapping[str, str], body: bytes) -> BackendError:
    """Make the error for an answer that is not 200."""
    try:
        parsed = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        parsed = None
    if isinstance(parsed, list) and parsed:  # Google's OpenAI dialect
        parsed = parsed[0]
    error = parsed.get("error", parsed) if isinstance(parsed, dict) else parsed
    return _failure(backend, status, understand(error), retry_after_s(headers))


def failure_in_stream(backend: str, error: object) -> BackendError:
    """Make the error for an error object that arrived inside a stream of status 200."""
    understood = understand(error)
    known = [_STATUS_OF_TYPE[word] for word in understood.words if word in _STATUS_OF_TYPE]
    status = known[0] if known else understood.status
    if status is None:
        return BackendError("The provider reported an error.", backend=backend)
    return _failure(backend, status, understood, None)


def understand(error: object) -> ProviderError:
    """Read the usual fields of an error object; anything else is ignored."""
    if not isinstance(error, dict):
        return ProviderError(message=error if isinstance(error, str) else "")
    words = tuple(w for w in (error.get("code"), error.get("type")) if isinstance(w, str))
    number = error.get("code") if isinstance(error.get("code"), int) else error.get("status")
    message = error.get("message")
    param = error.get("param")
    return ProviderError(
        words=words,
        param=param if isinstance(param, str) and _FIELD.match(param) else None,
        message=message if isinstance(message, str) else "",
        status=number if isinstance(number, int) and 400 <= number <= 599 else None,
    )


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Read `retry-after-ms` or `Retry-After` (seconds or a date); None where senseless."""
    try:
        if milliseconds := headers.get("retry-after-ms"):
            return min(max(float(milliseconds) / 1000, 0.0), 86_400.0)
        if not (value := headers.get("Retry-After")):
            return None
        if re.fullmatch(r"\s*\d+(\.\d+)?\s*", value):
            return min(float(value), 86_400.0)
        wait = (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds()
        return min(max(wait, 0.0), 86_400.0)
    except (ValueError, TypeError):
        return None


def _failure(
    backend: str, status: int, error: ProviderError, retry_after: float | None
) -> BackendError:
    if "insufficient_quota" in error.words or _NO_CREDIT in error.message.lower():
        status = 402
    if status == 429:
        return BackendLimited(
            "The provider's own rate limit was hit.",
            retry_after_s=retry_after, status=429, backend=backend,
        )  # fmt: skip
    if status in (400, 404, 413, 422):
        return _refusal(backend, status, error)
    if status in (401, 402, 403):
        return BackendError(_OURS, is_retryable=False, status=status, backend=backend)
    if 300 <= status < 400:
        return BackendError(
            "The provider answered with a redirect, which is never followed. Check base_url.",
            is_retryable=False, status=status, backend=backend,
        )  # fmt: skip
    is_retryable = status >= 500 or status in (408, 409)
    words = "is overloaded" if status in (503, 529) else "failed"
    return BackendError(
        f"The provider {words}.",
        is_retryable=is_retryable, retry_after_s=retry_after, status=status, backend=backend,
    )  # fmt: skip


def _refusal(backend: str, status: int, error: ProviderError) -> BackendRefused:
    said = " ".join((error.message.lower(), *error.words))
    field, reason = error.param or _field_in(error.message), None
    if any(word in said for word in _TOO_LONG):
        words, reason = "The conversation is too long for this model.", "context_length_exceeded"
    elif status == 404 or "model_not_found" in error.words:
        words, reason = "The provider does not know this model or path.", "model_not_found"
    elif status == 413:
        words, reason = "The request is too large for the provider.", "request_too_large"
    else:
        words = "The provider refused the request" + (f": look at '{field}'." if field else ".")
    return BackendRefused(words, status=status, reason=reason, field=field, backend=backend)


def _field_in(message: str) -> str | None:
    found = _FIELD_IN_MESSAGE.match(message)
    return found.group(1) if found else None
