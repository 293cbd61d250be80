"""Trails in a temporary folder, and what is written there."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from audit import Received, Turn


@pytest.fixture
def call() -> Callable[..., Received]:
    """Return a maker of calls; fields can be replaced."""

    def make(stream_id: str = "s1", text: str = "hello", **fields: Any) -> Received:
        base: dict[str, Any] = {
            "request_id": "r-" + stream_id,
            "app": "bali-zero",
            "route": "widget",
            "dialect": "widget",
            "model": "default",
            "identity": "alice",
            "identity_kind": "user",
            "address": "192.0.2.77",
            "turns": (Turn("user", text),),
        }
        return Received(stream_id=stream_id, **(base | fields))

    return make


@pytest.fixture
def records() -> Callable[..., list[dict[str, Any]]]:
    """Return a reader of all records in a folder, chats only unless told otherwise."""

    def read(folder: Path, prefix: str = "chat.", content: bool = False) -> list[dict[str, Any]]:
        found = []
        for path in sorted(folder.glob("*.jsonl")):
            if path.name.endswith(".content.jsonl") == content:
                found += [json.loads(line) for line in path.read_text().splitlines()]
        return [record for record in found if record["event"].startswith(prefix)]

    return read
