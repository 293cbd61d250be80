"""JSON Schema of the file, for editors and for whoever generates it."""

from __future__ import annotations

from typing import Any

import msgspec

from .fields import FIELDS, SECTIONS
from .kinds import EXTRAS, Shape
from .schema import Config

REFERENCE = {"type": "string", "pattern": r"\$\{[^}]*\}"}
SHAPES: dict[Shape, dict[str, Any]] = {
    "text": {"type": "string"},
    "number": {"type": "number"},
    "whole": {"type": "integer"},
    "yes_no": {"type": "boolean"},
    "map": {"type": "object", "additionalProperties": {"type": "string"}},
    "list": {"type": "array", "items": {"type": "string"}},
}


def json_schema() -> dict[str, Any]:
    """Return the schema; numbers and truth values may also be `${VAR}`."""
    schema = msgspec.json.schema(Config)
    for name, definition in schema["$defs"].items():
        definition["description"] = SECTIONS[name]
        for field, inner in definition["properties"].items():
            if field in FIELDS[name]:
                inner["description"] = FIELDS[name][field]
    _open_backend(schema["$defs"]["Backend"])
    schema["$defs"]["Config"]["properties"]["flags"]["additionalProperties"] = {
        "type": ["string", "boolean"]
    }
    schema["$defs"] = {name: _with_references(part) for name, part in schema["$defs"].items()}
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Configuration of the gateway",
    }
    return {**head, **schema}


def _open_backend(definition: dict[str, Any]) -> None:
    """Put the fields of each built-in kind in place of `extra`."""
    del definition["properties"]["extra"]
    definition["allOf"] = [
        {
            "if": {"properties": {"kind": {"const": kind}}, "required": ["kind"]},
            "then": {
                "properties": {
                    **dict.fromkeys(definition["properties"], True),
                    **{n: {**SHAPES[e.shape], "description": e.help} for n, e in table.items()},
                },
                "additionalProperties": False,
            },
        }
        for kind, table in EXTRAS.items()
    ]


def _with_references(part: Any) -> Any:
    match part:
        case {"type": "integer" | "number" | "boolean"}:
            plain = {k: v for k, v in part.items() if k not in ("description", "default")}
            rest = {k: v for k, v in part.items() if k in ("description", "default")}
            return {"anyOf": [plain, REFERENCE], **rest}
        case dict():
            return {
                name: inner if name in ("default", "if") else _with_references(inner)
                for name, inner in part.items()
            }
        case list():
            return [_with_references(inner) for inner in part]
    return part
