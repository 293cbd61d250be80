"""The reference page of the configuration, made from schema and tables."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec import inspect

from .fields import FIELDS, SECTIONS
from .kinds import EXTRAS
from .schema import Config
from .values import expected
from .variables import VARIABLES

HEAD = """# Configuration

<!-- Made by `python docs/generate.py`; change gateway/config/ instead. -->

Nothing has to be configured: without a file and without variables the scripted backend answers
on `127.0.0.1:8080`. Check what is set, and who said it:

```sh
python -m gateway config check
python -m gateway config show
```

What wins: command line, then environment, then file, then default. Some variables do more or less
than that:

- `GATEWAY_HOSTS`, `GATEWAY_CORS_ORIGINS` (for every app) and `GATEWAY_API_KEYS` are added to what
  the file lists.
- The provider variables make backends only where the file has no `backends`, `GATEWAY_MODEL`
  counts only where it has no `models`, `GATEWAY_LIMIT` only where it has no `limits`.
- A variable that is set but empty counts as absent.
- `GATEWAY__SERVER__DRAIN_S=5` sets `server.drain_s`, and so on for any field of any section.

In the file, `${NAME}` stands for a variable that must be set, `${NAME:-default}` for one that may
be absent, `$${` for a literal `${`. Unknown fields, wrong values and names that lead nowhere are
all told at once, with line and remedy. For editors, write the schema to a file with
`python -m gateway config schema` and name it in the first line of yours:
`# yaml-language-server: $schema=gateway.schema.json`. A commented example is
[deploy/gateway.example.yaml](../deploy/gateway.example.yaml).
"""

TAIL = """## Production

With `profile: production` the gateway refuses to start, and lists everything at once, without
Redis, without `audit.key`, without any origin, with `*` as origin, and without keys on an address
that other machines can reach. `ENABLE_SSE_STREAMING` is off unless said. More than one worker needs
Redis in any profile.

## Flags

`off`, `on`, a percentage such as `25%`, listed users `users:ann,bob`, listed apps `apps:shop`, or
joined: `25%,users:ann,bob,apps:shop`. Listed users and every caller of a listed app are in at any
percentage; who is in at 5 % is in at 25 %.
"""


def reference() -> str:
    """Return the page."""
    return "\n".join([HEAD, *_variables(), *_sections(), *_kinds(), TAIL])


def _variables() -> list[str]:
    rows = [(f"`{v.name}`", v.help, v.default or "absent") for v in VARIABLES]
    return ["## Environment", "", *_table(("variable", "what it does", "default"), rows), ""]


def _sections() -> list[str]:
    lines = ["## File", ""]
    for cls, path in _structs(Config, ""):
        name = cls.__name__
        title = f"`{path}`" if path else "The sections"
        kind = inspect.type_info(cls)
        assert isinstance(kind, inspect.StructType)  # noqa: S101 - for the type checker
        rows = [
            (f"`{f.name}`", _wanted(f.type), _default(f), FIELDS[name][f.name])
            for f in kind.fields
            if f.name in FIELDS[name]
        ]
        columns = ("field", "value", "default", "what it does")
        lines += [f"### {title}", "", SECTIONS[name], "", *_table(columns, rows), ""]
    return lines


def _kinds() -> list[str]:
    lines = ["## Further fields of a backend, by kind", ""]
    rows = [
        (f"`{kind}`", f"`{name}`", extra.help)
        for kind, table in EXTRAS.items()
        for name, extra in table.items()
    ]
    rows += [(f"`{kind}`", "none", "") for kind, table in EXTRAS.items() if not table]
    return [*lines, *_table(("kind", "field", "what it does"), rows), ""]


def _structs(cls: type, path: str) -> Iterable[tuple[type, str]]:
    yield cls, path
    kind = inspect.type_info(cls)
    assert isinstance(kind, inspect.StructType)  # noqa: S101 - for the type checker
    for field in kind.fields:
        inner, suffix = _inner(field.type)
        if inner is not None:
            yield from _structs(inner, f"{path}.{field.name}{suffix}".lstrip("."))


def _inner(kind: inspect.Type) -> tuple[type | None, str]:
    match kind:
        case inspect.StructType():
            return kind.cls, ""
        case inspect.DictType(value_type=inspect.StructType() as inner):
            return inner.cls, ".<name>"
        case inspect.VarTupleType(item_type=inspect.StructType() as inner):
            return inner.cls, "[]"
    return None, ""


def _wanted(kind: inspect.Type) -> str:
    match kind:
        case inspect.LiteralType():
            return ", ".join(f"`{value}`" for value in kind.values)
        case inspect.DictType():
            return "mapping of names"
        case inspect.VarTupleType(item_type=inspect.LiteralType() as item):
            return "list of " + ", ".join(f"`{value}`" for value in item.values)
    return expected(kind).removeprefix("a ")


def _default(field: inspect.Field) -> str:
    if field.required:
        return "required"
    default: Any = field.default
    if default is msgspec.NODEFAULT or isinstance(default, msgspec.Struct) or default in (None, ()):
        return "-"
    if isinstance(default, tuple):
        shown = [msgspec.to_builtins(item) for item in default]
        return f"`{msgspec.json.encode(shown).decode()}`"
    return f"`{msgspec.json.encode(default).decode()}`" if default != "" else "-"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    lines = [head, ("---",) * len(head), *rows]
    return ["| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines]
