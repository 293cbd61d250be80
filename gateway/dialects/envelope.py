"""Errors in the client's protocol: problem+json (RFC 9457), OpenAI's or Anthropic's envelope."""

from __future__ import annotations

from typing import Any

from gateway.errors import ApiError

from .encode import json_bytes

OPENAI_CODES = {
    "budget_exhausted": "insufficient_quota",
    "unauthorized": "invalid_api_key",
    "timeout_first": "timeout",
    "timeout_idle": "timeout",
    "timeout_total": "timeout",
    "bad_field": "invalid_value",
}


def protocol_of(path: str, has_anthropic_header: bool) -> str:
    """Return whose envelope a path's errors use."""
    if path.startswith("/v1/messages") or (path.startswith("/v1/") and has_anthropic_header):
        return "anthropic"
    return "openai" if path.startswith("/v1/") else "problem"


def status_of(error: ApiError, protocol: str) -> int:
    """Return the HTTP status; Anthropic's clients know an overload as 529 (table 5h)."""
    return 529 if protocol == "anthropic" and error.code == "overloaded" else error.status


def error_body(error: ApiError, request_id: str, protocol: str) -> dict[str, Any]:
    """Return the error as the protocol writes it."""
    if protocol == "openai":
        code = OPENAI_CODES.get(error.code, error.code)
        return {
            "error": {
                "message": error.detail,
                "type": error.fault.openai,
                "param": error.field,
                "code": code,
            }
        }
    if protocol == "anthropic":
        body: dict[str, Any] = {"type": error.fault.anthropic, "message": error.detail}
        if "error_code" in error.extra:
            body["details"] = error.extra
        return {"type": "error", "error": body, "request_id": request_id}
    problem: dict[str, Any] = {
        "type": error.type_uri,
        "title": error.fault.title,
        "status": error.status,
        "detail": error.detail,
        "code": error.code,
        "request_id": request_id,
    }
    if error.field:
        problem["field"] = error.field
    return problem | error.extra


def encode_error(error: ApiError, request_id: str, protocol: str) -> tuple[bytes, str]:
    """Return body and media type."""
    media = "application/problem+json" if protocol == "problem" else "application/json"
    return json_bytes(error_body(error, request_id, protocol)), media
