"""The configuration before it is judged: plain data, and for each value where it came from."""

from __future__ import annotations

from typing import Any, Final, Literal

import msgspec

from .problems import Problem

BROKEN: Final = object()
"""Stands for a value whose problem is told already."""

Path = tuple[str | int, ...]
Source = Literal["file", "environment", "default"]


class Place(msgspec.Struct, frozen=True):
    """Where a value was said: a line of the file, a variable, or nowhere (a default of ours)."""

    source: Source
    name: str = ""
    line: int | None = None
    is_text: bool = False
    """The value is text that may stand for a number or a choice: it came from a variable."""

    def spell(self) -> str:
        """Return `file:line`, `env NAME`, `--option` or `default`."""
        match self.source:
            case "file":
                return self.name if self.line is None else f"{self.name}:{self.line}"
            case "environment":
                return self.name if self.name.startswith("--") else f"env {self.name}"
            case "default":
                return "default"


class Document:
    """Data, places and problems on their way through loading."""

    def __init__(self, file: str | None = None) -> None:
        self.file = file
        self.data: dict[str, Any] = {}
        self.places: dict[Path, Place] = {}
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []

    def place(self, path: Path) -> Place:
        """Return where the value at `path`, or the nearest thing around it, was said."""
        while path not in self.places and path:
            path = path[:-1]
        return self.places.get(path, Place("default", self.file or ""))

    def put(self, path: Path, value: Any, place: Place) -> None:
        """Set a value and its place, making the sections that lead to it: nobody said those.

        Where something else stands in the way nothing is set: the shape of it will be refused.
        """
        around = self.data
        for name in path[:-1]:
            inner = around.get(str(name))
            if inner is None:
                inner = around[str(name)] = {}
            if not isinstance(inner, dict):
                return
            around = inner
        around[str(path[-1])] = value
        self.note(path, value, place)

    def extend(self, path: Path, values: list[Any], place: Place) -> None:
        """Add values to a list, which is made if it is absent."""
        around: Any = self.data
        for name in path[:-1]:
            around = section(around, str(name))
        known = around.get(path[-1])
        if known is None:
            self.put(path, list(values), place)
        elif isinstance(known, list):
            for value in values:
                self.note((*path, len(known)), value, place)
                known.append(value)

    def note(self, path: Path, value: Any, place: Place) -> None:
        """Remember one place for a value and all that is in it."""
        self.places[path] = place
        match value:
            case dict():
                for name, inner in value.items():
                    self.note((*path, name), inner, place)
            case list():
                for index, inner in enumerate(value):
                    self.note((*path, index), inner, place)

    def problem(self, path: Path, message: str, remedy: str, *, nearest: str | None = None) -> None:
        """Add a problem at a path, in the words of the file or the variable that said it."""
        found = self.describe(path, message, remedy, nearest)
        if found not in self.problems:
            self.problems.append(found)

    def warning(self, path: Path, message: str, remedy: str, *, nearest: str | None = None) -> None:
        """Add something worth saying that does not stop a start."""
        found = self.describe(path, message, remedy, nearest)
        if found not in self.warnings:
            self.warnings.append(found)

    def describe(
        self, path: Path, message: str, remedy: str, nearest: str | None = None
    ) -> Problem:
        """Return a problem placed where the value was said."""
        place = self.place(path)
        if place.source == "environment":
            return Problem(place.name, message, remedy, nearest=nearest)
        file = self.file if place.source == "file" else None
        return Problem(spell(path), message, remedy, file, place.line, nearest)


def spell(path: Path) -> str:
    """Return a path as people write it: `models.default.targets[0].backend`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{part}" if text else part
    return text


def section(data: Any, name: str) -> dict[str, Any]:
    """Return a mapping inside the data, empty where there is none."""
    found = data.get(name) if isinstance(data, dict) else None
    return found if isinstance(found, dict) else {}
