"""Which fields a backend of each built-in kind may have beyond the common ones."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import metadata
from importlib.util import find_spec
from typing import Any, Literal

import msgspec

Shape = Literal["text", "number", "whole", "yes_no", "map", "list"]
GROUP = "sluicegate.backends"


class Extra(msgspec.Struct, frozen=True):
    """One further field of a kind."""

    shape: Shape
    help: str


HEADERS = Extra("map", "further headers for every call to the provider")

EXTRAS: Mapping[str, Mapping[str, Extra]] = {
    "openai_chat": {
        "headers": HEADERS,
        "max_tokens_field": Extra(
            "text", "`max_tokens` or `max_completion_tokens`; absent: by the address"
        ),
    },
    "anthropic_messages": {
        "headers": HEADERS,
        "max_tokens": Extra("whole", "longest answer where the client names none"),
        "betas": Extra("list", "what clients may ask for by `anthropic-beta`; absent: anything"),
    },
    "openai_responses": {"headers": HEADERS},
    "http_sse": {
        "headers": HEADERS,
        "text": Extra("text", "where the words stand, as `a.b`; empty: the data is the text"),
        "reasoning": Extra("text", "where reasoning stands"),
        "kind_field": Extra("text", "where a frame says what it is; absent: its event name"),
        "text_kinds": Extra("list", "frames with words; absent: all that are no end or error"),
        "end_kinds": Extra("list", "frames that end the answer"),
        "error_kinds": Extra("list", "frames that say that it failed"),
        "end_data": Extra("text", "data that ends the answer"),
        "ends_with_body": Extra("yes_no", "whether a clean end of the body ends the answer"),
        "prompt_field": Extra("text", "send only the newest question, under this name"),
    },
    "script": {},
    "echo": {},
}
"""A field stands here once its adapter reads it; a test holds that."""

ALIASES: Mapping[str, str] = {
    "api_base": "base_url",
    "baseurl": "base_url",
    "url": "base_url",
    "endpoint": "base_url",
    "apikey": "api_key",
    "key": "api_key",
    "token": "api_key",
    "timeout": "timeouts",
    "type": "kind",
    "provider": "kind",
}
"""What other gateways call our fields."""

DEFAULT_MODELS: Mapping[str, str] = {
    "openai_chat": "gpt-5-mini",
    "openai_responses": "gpt-5-mini",
    "anthropic_messages": "claude-sonnet-4-5",
}
"""The model asked for where nothing names one."""

KEY_VARIABLES: Mapping[str, str] = {
    "openai_chat": "OPENAI_API_KEY",
    "openai_responses": "OPENAI_API_KEY",
    "anthropic_messages": "ANTHROPIC_API_KEY",
}
"""Kinds that go to their maker's own servers without `base_url`, and then need a key."""


def plugin_kinds() -> set[str]:
    """Return the kinds that installed packages bring and that can be imported."""
    return {
        point.name
        for point in metadata.entry_points(group=GROUP)
        if point.name not in EXTRAS and _is_there(point.module)
    }


def _is_there(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def has_shape(shape: Shape, value: Any) -> bool:
    """Whether a value of a file is what the field wants."""
    match shape:
        case "text":
            return isinstance(value, str)
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "whole":
            return isinstance(value, int) and not isinstance(value, bool)
        case "yes_no":
            return isinstance(value, bool)
        case "map":
            return isinstance(value, dict) and all(isinstance(v, str) for v in value.values())
        case "list":
            return isinstance(value, list) and all(isinstance(v, str) for v in value)
