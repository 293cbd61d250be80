"""Reading the file: YAML to plain data with a line for each value. Judges syntax only."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping
from typing import Any

import yaml

from .document import BROKEN, Document, Path, Place
from .interpolate import interpolate
from .problems import Problem
from .secrecy import safe_line

MAX_BYTES = 1 << 20
MAX_DEPTH = 20
MAX_NODES = 50_000
BOOLEANS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
INTEGER = re.compile(r"[-+]?[0-9][0-9_]*")
FLOAT = re.compile(r"[-+]?(?:[0-9][0-9_]*)?\.?[0-9]+(?:[eE][-+]?[0-9]+)?|[-+]?[0-9]+\.")
CORE_TAGS = ("map", "seq", "str", "int", "float", "bool", "null", "timestamp", "merge", "value")


def read_file(path: str, environ: Mapping[str, str]) -> Document:
    """Return the document of a file; syntax problems are in it and leave the data empty."""
    document = Document(path)
    text = _read_text(document, path)
    if text is None:
        return document
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        document.problems.append(_syntax_problem(path, text, error))
        return document
    except RecursionError:
        document.problems.append(Problem("", "the file is nested too deeply", "flatten it", path))
        return document
    if root is not None:
        reader = _Reader(document, environ)
        data = reader.read(root, (), 0)
        if isinstance(data, dict):
            document.data = data
        elif data is not None and not document.problems:
            document.problems.append(Problem(
                "", "the file is not a mapping of sections",
                "begin with a section such as `server:` or `backends:`", path, 1,
            ))  # fmt: skip
    return document


def _read_text(document: Document, path: str) -> str | None:
    message, remedy = "", "name a readable YAML file with --config or GATEWAY_CONFIG"
    try:
        with open(path, "rb") as file:
            raw = file.read(MAX_BYTES + 1)
        if len(raw) <= MAX_BYTES:
            return raw.decode("utf-8-sig")
        message, remedy = "the file is larger than 1 MiB", "split off what is not configuration"
    except UnicodeDecodeError as error:
        message, remedy = f"the file is not UTF-8 (byte {error.start})", "save it as UTF-8"
    except OSError as error:
        message = f"the file cannot be read: {os.strerror(error.errno or 0).lower()}"
    document.problems.append(Problem("", message, remedy, path))
    return None


def _syntax_problem(path: str, text: str, error: yaml.YAMLError) -> Problem:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    if mark is None:
        reason = getattr(error, "reason", "it holds a character that YAML does not allow")
        return Problem("", f"broken YAML: {reason}", "remove that character", path)
    lines = text.splitlines()
    line = safe_line(lines[mark.line].strip()) if mark.line < len(lines) else "(end of file)"
    reason = str(getattr(error, "problem", None) or "unexpected text").replace("'", "`")
    message = f"broken YAML at line {mark.line + 1}, column {mark.column + 1}: {reason}: {line}"
    if mark.line < len(lines) and "${" in lines[mark.line]:
        return Problem("", message, 'put "${...}" in quotes here', path, mark.line + 1)
    remedy = "check indentation (spaces, no tabs), colons, quotes and brackets here or just above"
    return Problem("", message, remedy, path, mark.line + 1)


class _Reader:
    """Turns YAML nodes into data, noting places and refusing what only confuses."""

    def __init__(self, document: Document, environ: Mapping[str, str]) -> None:
        self._document = document
        self._environ = environ
        self._nodes = 0

    def read(self, node: yaml.Node, path: Path, depth: int) -> Any:
        """Return the data of a node."""
        self._nodes += 1
        place = self._place(node)
        self._document.places.setdefault(path, place)
        if depth > MAX_DEPTH or self._nodes > MAX_NODES:
            self._document.problem(
                path, "the file is nested or repeated too deeply", "remove the nesting or anchors"
            )
            return BROKEN
        if node.tag.removeprefix("tag:yaml.org,2002:") not in CORE_TAGS:
            self._document.problem(path, "YAML tags are not allowed", "write the value plainly")
            return BROKEN
        match node:
            case yaml.MappingNode():
                return self._mapping(node, path, depth)
            case yaml.SequenceNode():
                return [
                    self.read(item, (*path, index), depth + 1)
                    for index, item in enumerate(node.value)
                ]
            case yaml.ScalarNode():
                return self._scalar(node, path)
            case _:
                return BROKEN

    def _mapping(self, node: yaml.MappingNode, path: Path, depth: int) -> dict[str, Any]:
        data: dict[str, Any] = {}
        first: dict[str, int] = {}
        for key, value in node.value:
            name = key.value if isinstance(key, yaml.ScalarNode) else None
            if name is None or name == "<<":
                self._document.problem(
                    path, "only plain names can be keys here", "write the fields out"
                )
                continue
            inner = (*path, name)
            line = key.start_mark.line + 1
            if name in data:
                self._document.places[inner] = Place("file", self._document.file or "", line)
                self._document.problem(
                    inner, f"`{name}` is given twice, first in line {first[name]}", "keep one"
                )
                continue
            first[name] = line
            self._document.places[inner] = self._place(key)
            data[name] = self.read(value, inner, depth + 1)
        return data

    def _scalar(self, node: yaml.ScalarNode, path: Path) -> Any:
        text: str = node.value
        if "${" in text:
            text, faults = interpolate(text, self._environ)
            place = self._document.places[path]
            self._document.places[path] = Place("file", place.name, place.line, is_text=True)
            for fault in faults:
                self._document.problem(path, fault.message, fault.remedy)
            return BROKEN if faults else text
        return text if node.style in ("'", '"', "|", ">") else plain(text)

    def _place(self, node: yaml.Node) -> Place:
        return Place("file", self._document.file or "", node.start_mark.line + 1)


def plain(text: str) -> Any:
    """Return what an unquoted word means: no dates, no base 60, no octal."""
    lowered = text.lower()
    if lowered in ("", "~", "null"):
        return None
    if lowered in BOOLEANS:
        return BOOLEANS[lowered]
    if INTEGER.fullmatch(text) and len(text) <= 18:
        return int(text.replace("_", ""))
    if FLOAT.fullmatch(text):
        number = float(text.replace("_", ""))
        return number if math.isfinite(number) else text
    return text
