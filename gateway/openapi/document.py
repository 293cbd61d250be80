"""Builds the OpenAPI 3.1 document from the table of operations and the Structs it names."""

from __future__ import annotations

import functools
from typing import Any

import msgspec

from gateway.dialects.envelope import protocol_of
from gateway.version import VERSION

from .answers import AnthropicError, OpenAIError, Problem
from .operations import OPERATIONS, SSE, Operation

ENVELOPES = {"problem": Problem, "openai": OpenAIError, "anthropic": AnthropicError}
TEMPLATE = "#/components/schemas/{name}"
ERRORS = {
    "400": "A field is wrong; `field` names it.",
    "401": "No valid key, claim or ticket.",
    "403": "Switched off for this caller, or origin or app not allowed.",
    "404": "Not known here.",
    "413": "Body or prompt over its limit.",
    "429": "A limit is used up; see Retry-After and RateLimit.",
    "502": "The provider failed.",
    "503": "Draining, overloaded, or a required store is away; see Retry-After.",
    "504": "The provider is too slow.",
}
OF_BODIES = {
    "408": "The body came too slowly.",
    "409": "The same Idempotency-Key was used for something else.",
    "415": "The body is no uncompressed JSON.",
}


@functools.cache
def build_document() -> dict[str, Any]:
    """Return the document; built once for each process, on first use."""
    types: list[Any] = [*ENVELOPES.values()]
    for operation in OPERATIONS:
        types += [t for t in (operation.answer, operation.body) if t is not None]
    schemas, components = msgspec.json.schema_components(types, ref_template=TEMPLATE)
    known = dict(zip(map(id, types), schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method] = _describe(operation, known)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Sluicegate",
            "version": VERSION,
            "summary": "A streaming gateway for language models.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "key": {"type": "apiKey", "in": "header", "name": "x-api-key"},
            },
        },
    }


def _describe(operation: Operation, known: dict[int, dict[str, Any]]) -> dict[str, Any]:
    parts = operation.path.strip("/").replace("{", "").replace("}", "").split("/")
    described: dict[str, Any] = {
        "operationId": "_".join([operation.method, *parts]).replace("-", "_"),
        "summary": operation.summary,
        "tags": [operation.family],
        "security": _security(operation.needs_key),
        "parameters": [
            {
                "name": item.name,
                "in": item.place,
                "required": item.is_required,
                "description": item.description,
                "schema": {"type": "string"},
            }
            for item in operation.parameters
        ],
        "responses": _responses(operation, known),
    }
    if operation.body is not None:
        schema = known[id(operation.body)]
        content = {"application/json": {"schema": schema}}
        described["requestBody"] = {"required": True, "content": content}
    return described


def _event(payload: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of one event of a stream whose data is JSON."""
    data = {"type": "string", "contentMediaType": "application/json", "contentSchema": payload}
    return {"type": "object", "properties": {"data": data, "id": {"type": "string"}}}


def _security(needs_key: bool | None) -> list[dict[str, list[str]]]:
    if needs_key is False:
        return []
    keys: list[dict[str, list[str]]] = [{"bearer": []}, {"key": []}]
    return keys if needs_key else [{}, *keys]


def _responses(operation: Operation, known: dict[int, dict[str, Any]]) -> dict[str, Any]:
    schema = known[id(operation.answer)]
    if operation.media == SSE:
        schema = _event(schema)
    good = {"description": "Success.", "content": {operation.media: {"schema": schema}}}
    responses: dict[str, Any] = {str(operation.status): good}
    if operation.media == SSE:
        responses["204"] = {"description": "Nothing follows: EventSource stops reconnecting."}
    if operation.path == "/readyz":
        responses["503"] = {**good, "description": "Not ready."}
    if operation.needs_key is False:
        return responses
    protocol = protocol_of(operation.path, has_anthropic_header=False)
    media = "application/problem+json" if protocol == "problem" else "application/json"
    body = known[id(ENVELOPES[protocol])]
    if protocol == "openai":  # an `anthropic-version` header asks for Anthropic's
        body = {"anyOf": [body, known[id(AnthropicError)]]}
    told = ERRORS | (OF_BODIES if operation.body is not None else {})
    if protocol == "anthropic":
        told |= {"529": "Overloaded, in place of 503."}
    for status, description in told.items():
        content = {media: {"schema": body}}
        responses.setdefault(status, {"description": description, "content": content})
    return responses
