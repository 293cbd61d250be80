"""Adding and removing lines of `keys:` in a file without touching anything else in it."""

from __future__ import annotations

import json
import os
import re
import tempfile
from pathlib import Path

import yaml

BLOCK_ITEM = re.compile(r"^(\s*)- ")


class CannotEdit(Exception):
    """The file is written in a way that is better changed by hand; the message says what to do."""


def key_line(
    key_id: str,
    key_hash: str,
    *,
    apps: tuple[str, ...] = (),
    models: tuple[str, ...] = (),
    origins: tuple[str, ...] = (),
    tenant: str = "",
) -> str:
    """Return the entry of a key as one line of YAML, without the dash."""
    parts = [f"id: {key_id}", f'hash: "{key_hash}"']
    if tenant:
        parts.append(f"tenant: {_quoted(tenant)}")
    for name, values in (("apps", apps), ("models", models), ("origins", origins)):
        if values:
            parts.append(f"{name}: [{', '.join(_quoted(value) for value in values)}]")
    return "{" + ", ".join(parts) + "}"


def add_key(text: str, entry: str) -> str:
    """Return the file's text with one more key."""
    lines = text.splitlines()
    found = _keys_node(text)
    if found is None:
        return "\n".join([*lines, "keys:", f"  - {entry}", ""])
    name, node = found
    if isinstance(node, yaml.ScalarNode) and node.value == "":
        at = name.start_mark.line + 1
        return "\n".join([*lines[:at], f"  - {entry}", *lines[at:], ""])
    if isinstance(node, yaml.SequenceNode) and not node.value:
        at, start, end = node.start_mark.line, node.start_mark.column, node.end_mark.column
        if node.end_mark.line == at:
            rest = (lines[at][:start].rstrip() + lines[at][end:]).rstrip()
            return "\n".join([*lines[:at], rest, f"  - {entry}", *lines[at + 1 :], ""])
    if not isinstance(node, yaml.SequenceNode) or node.flow_style or not node.value:
        raise CannotEdit("`keys` is not written as a list with dashes; add the line by hand")
    first = node.value[0].start_mark.line
    match = BLOCK_ITEM.match(lines[first])
    indent = match.group(1) if match else "  "
    at = _end_of(lines, node.value[-1])
    return "\n".join([*lines[:at], f"{indent}- {entry}", *lines[at:], ""])


def remove_key(text: str, key_id: str) -> str:
    """Return the file's text without one key; raise `KeyError` if it is not there."""
    found = _keys_node(text)
    node = found[1] if found else None
    if not isinstance(node, yaml.SequenceNode):
        raise KeyError(key_id)
    item = next((item for item in node.value if _id_of(item) == key_id), None)
    if item is None:
        raise KeyError(key_id)
    lines = text.splitlines()
    start = item.start_mark.line
    if node.flow_style or not BLOCK_ITEM.match(lines[start]):
        raise CannotEdit("`keys` is not written as a list with dashes; remove the key by hand")
    return "\n".join([*lines[:start], *lines[_end_of(lines, item) :], ""])


def write_text(path: str, text: str) -> None:
    """Replace a file in one step, keeping its permissions."""
    target = Path(path)
    with tempfile.NamedTemporaryFile(
        "w", dir=target.resolve().parent, encoding="utf-8", delete=False
    ) as file:
        file.write(text)
    try:
        if target.exists():
            os.chmod(file.name, target.stat().st_mode & 0o7777)
        os.replace(file.name, target.resolve())
    except OSError:
        os.unlink(file.name)
        raise


def _keys_node(text: str) -> tuple[yaml.Node, yaml.Node] | None:
    root = yaml.compose(text.rstrip() + "\n", Loader=yaml.SafeLoader)
    if not isinstance(root, yaml.MappingNode):
        return None
    if root.flow_style:
        raise CannotEdit("the whole file is one line in braces; change it by hand")
    for name, node in root.value:
        if isinstance(name, yaml.ScalarNode) and name.value == "keys":
            return name, node
    return None


def _id_of(item: yaml.Node) -> str | None:
    for name, value in item.value if isinstance(item, yaml.MappingNode) else ():
        if isinstance(name, yaml.ScalarNode) and name.value == "id":
            return str(value.value)
    return None


def _end_of(lines: list[str], item: yaml.Node) -> int:
    """Return the number of lines up to the end of an item, without blank and comment lines."""
    is_inline = isinstance(item, yaml.ScalarNode) or bool(getattr(item, "flow_style", False))
    end = item.end_mark.line + (1 if is_inline else 0)
    while end > item.start_mark.line + 1 and _is_empty(lines[end - 1]):
        end -= 1
    return end


def _is_empty(line: str) -> bool:
    return not line.strip() or line.lstrip().startswith("#")


def _quoted(value: str) -> str:
    is_plain = re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*", value) and yaml.safe_load(value) == value
    return value if is_plain else json.dumps(value)
