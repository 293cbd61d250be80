"""Judging types, ranges and choices of the document against the schema, all of them at once.

Yields a whole `Config` even where values are wrong, so that references are judged in the same go.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import inspect

from .document import BROKEN, Document, Path, spell
from .kinds import ALIASES, EXTRAS, has_shape
from .problems import listed, nearest
from .schema import Backend, Config
from .secrecy import shown
from .values import expected, fault_of, from_text, stand_in

SHAPES = {
    "text": "text", "number": "a number", "whole": "a whole number", "yes_no": "true or false",
    "map": "a mapping of names to text", "list": "a list of texts",
}  # fmt: skip


def to_config(document: Document) -> Config:
    """Return the configuration; what was wrong is in `document.problems`."""
    config: Config = Judge(document).struct(_struct_type(Config), document.data, ())
    return config


def _struct_type(cls: type) -> inspect.StructType:
    found = inspect.type_info(cls)
    assert isinstance(found, inspect.StructType)  # noqa: S101 - for the type checker
    return found


class Judge:
    """Walks schema and data side by side."""

    def __init__(self, document: Document) -> None:
        self._document = document

    def read(self, kind: inspect.Type, value: Any, path: Path) -> Any:
        """Return the value as the schema wants it, or a stand-in after telling the problem."""
        if value is BROKEN:
            return stand_in(kind)
        match kind:
            case inspect.StructType():
                return self.struct(kind, value, path)
            case inspect.DictType():
                return self._mapping(kind, value, path)
            case inspect.VarTupleType():
                return self._sequence(kind, value, path)
            case inspect.UnionType():
                return self._optional(kind, value, path)
            case _:
                return self._scalar(kind, value, path)

    def struct(self, kind: inspect.StructType, value: Any, path: Path) -> Any:
        """Return a section; fields that it does not know are problems."""
        if value is None:
            value = {}
        if not isinstance(value, dict):
            names = listed(field.name for field in kind.fields)
            self._wrong(path, value, "a mapping", f"write fields below it: {names}")
            value = {}
        fields = {field.name: field for field in kind.fields}
        given = dict(value)
        made: dict[str, Any] = {}
        if kind.cls is Backend:
            fields.pop("extra")
            made["extra"] = self._extra(given, set(fields), path)
        for name in given:
            if name not in fields:
                self._unknown(name, list(fields), path)
        for name, field in fields.items():
            made[name] = self._field(field, given.get(name), path)
        return kind.cls(**{k: v for k, v in made.items() if v is not msgspec.NODEFAULT})

    def _field(self, field: inspect.Field, value: Any, path: Path) -> Any:
        inner = (*path, field.name)
        if value is not None:
            return self.read(field.type, value, inner)
        if not field.required:
            return msgspec.NODEFAULT
        self._document.problem(
            path, f"`{spell(inner)}` is missing", f"add `{field.name}:` ({expected(field.type)})"
        )
        return stand_in(field.type)

    def _unknown(self, name: str, known: list[str], path: Path) -> None:
        meant = nearest(name, known)
        if not path and meant is None:
            meant = next((f"{s}.{name}" for s in SECTIONS if name in SECTIONS[s]), None)
        remedy = f"did you mean `{meant}`?" if meant else "remove it"
        self._document.problem(
            (*path, name),
            f"there is no field `{name}` here; known: {listed(known)}",
            remedy,
            nearest=meant,
        )

    def _extra(self, given: dict[str, Any], common: set[str], path: Path) -> dict[str, Any]:
        """Take the fields of the kind out of `given`; a near miss of ours stays and is refused."""
        kind = given.get("kind")
        table = EXTRAS.get(kind) if isinstance(kind, str) else None
        taken: dict[str, Any] = {}
        for name in [name for name in given if name not in common]:
            inner = (*path, name)
            value = given.pop(name)
            if table is not None and name in table:
                if value is BROKEN or self._fits(table[name].shape, value, inner):
                    taken[name] = value
            elif (meant := near_miss(name, [*common, *(table or ())], table is None)) is not None:
                self._document.problem(
                    inner, f"there is no field `{name}` here", f"did you mean `{meant}`?",
                    nearest=meant,
                )  # fmt: skip
            elif table is None:
                taken[name] = value
            else:
                self._unknown(name, [*common, *table], path)
        return taken

    def _fits(self, shape: Any, value: Any, path: Path) -> bool:
        if has_shape(shape, value):
            return True
        self._wrong(path, value, SHAPES[shape], "change the value")
        return False

    def _mapping(self, kind: inspect.DictType, value: Any, path: Path) -> dict[str, Any]:
        if not isinstance(value, dict):
            self._wrong(path, value, "a mapping of names", "write `name: {...}` below it")
            return {}
        made = {}
        for name, inner in value.items():
            if inner is None and not isinstance(kind.value_type, inspect.StructType):
                continue
            made[name] = self.read(kind.value_type, inner, (*path, name))
        return made

    def _sequence(self, kind: inspect.VarTupleType, value: Any, path: Path) -> tuple[Any, ...]:
        if isinstance(value, str) and self._document.place(path).is_text:
            value = [part.strip() for part in value.split(",") if part.strip()]
        if not isinstance(value, list):
            self._wrong(path, value, "a list", "put it in square brackets: [...]")
            return ()
        if kind.min_length and len(value) < kind.min_length:
            self._document.problem(path, "the list is empty", "add an entry")
        return tuple(
            self.read(kind.item_type, item, (*path, index)) for index, item in enumerate(value)
        )

    def _optional(self, kind: inspect.UnionType, value: Any, path: Path) -> Any:
        if value == "":
            return None
        inner = next(t for t in kind.types if not isinstance(t, inspect.NoneType))
        return self.read(inner, value, path)

    def _scalar(self, kind: inspect.Type, value: Any, path: Path) -> Any:
        if self._document.place(path).is_text and isinstance(value, str):
            value = from_text(kind, value)
        fault = fault_of(kind, value)
        if fault is None:
            return float(value) if isinstance(kind, inspect.FloatType) else value
        if isinstance(kind, inspect.LiteralType):
            names = [str(name) for name in kind.values]
            meant = nearest(str(value), names)
            remedy = f"did you mean `{meant}`?" if meant else f"use one of {listed(names)}"
            self._wrong(path, value, f"one of {listed(names)}", remedy, meant)
        else:
            is_text = self._document.place(path).is_text
            is_switch = is_text and isinstance(kind, inspect.BoolType)
            wanted = "on or off" if is_switch else expected(kind)
            self._wrong(path, value, wanted, f"write {wanted}" if is_text else fault)
        return stand_in(kind)

    def _wrong(
        self, path: Path, value: Any, wanted: str, remedy: str, meant: str | None = None
    ) -> None:
        match value:
            case dict():
                found = "a mapping"
            case list():
                found = "a list"
            case None:
                found = "nothing"
            case bool():
                found = f"`{str(value).lower()}`"
            case _:
                found = shown(path, value)
        self._document.problem(path, f"{found} is not {wanted}", remedy, nearest=meant)


def near_miss(name: str, known: list[str], is_plugin: bool) -> str | None:
    """Return the field that a name was meant to be, also in the words of other gateways."""
    cutoff = 0.75 if is_plugin else 0.6
    candidates = list(known) if is_plugin else [*known, *ALIASES]
    if is_plugin:
        candidates += [alias for alias in ALIASES if "_" in alias]
    meant = nearest(name, candidates, cutoff)
    return ALIASES.get(meant, meant) if meant else None


SECTIONS = {
    field.name: {inner.name for inner in field.type.fields}
    for field in _struct_type(Config).fields
    if isinstance(field.type, inspect.StructType)
}
