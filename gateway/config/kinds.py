"""Which fields a backend of each built-in kind may have beyond the common ones."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import metadata
from typing import Any, Literal

import msgspec

Shape = Literal["text", "number", "whole", "yes_no", "map", "list"]
GROUP = "sluicegate.backends"


class Extra(msgspec.Struct, frozen=True):
    """One further field of a kind."""

    shape: Shape
    help: str


HEADERS = Extra("map", "further headers for every call to the provider")
QUERY = Extra("map", "further query parameters, e.g. Azure's `api-version`")
CONNECTIONS = Extra("whole", "open connections at most")

EXTRAS: Mapping[str, Mapping[str, Extra]] = {
    "openai_chat": {
        "headers": HEADERS,
        "query": QUERY,
        "connections": CONNECTIONS,
        "organization": Extra("text", "OpenAI organization"),
        "project": Extra("text", "OpenAI project"),
        "max_tokens_field": Extra("text", "`max_tokens` for servers that know no other name"),
        "include_usage": Extra("yes_no", "ask for token counts; `false` for servers that refuse"),
    },
    "openai_responses": {
        "headers": HEADERS,
        "query": QUERY,
        "connections": CONNECTIONS,
        "organization": Extra("text", "OpenAI organization"),
        "project": Extra("text", "OpenAI project"),
    },
    "anthropic_messages": {
        "headers": HEADERS,
        "connections": CONNECTIONS,
        "max_tokens": Extra("whole", "answer length where the client names none"),
        "beta": Extra("list", "values of the `anthropic-beta` header"),
        "version": Extra("text", "value of the `anthropic-version` header"),
    },
    "http_sse": {
        "headers": HEADERS,
        "query": QUERY,
        "connections": CONNECTIONS,
        "method": Extra("text", "`POST` or `GET`"),
        "prompt_field": Extra("text", "where the prompt goes in the request"),
        "text_field": Extra("text", "where the text stands in an event"),
        "done": Extra("text", "data of the event that ends the answer"),
    },
    "script": {
        "delay_s": Extra("number", "seconds between two words"),
        "first_s": Extra("number", "seconds before the first word"),
        "tokens": Extra("whole", "words of an answer"),
    },
    "echo": {"delay_s": Extra("number", "seconds between two words")},
}

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

PUBLIC_HOSTS: Mapping[str, str] = {
    "openai_chat": "api.openai.com",
    "openai_responses": "api.openai.com",
    "anthropic_messages": "api.anthropic.com",
}
"""Where a kind goes without `base_url`; such a backend needs a key."""


def plugin_kinds() -> set[str]:
    """Return the kinds that installed packages bring."""
    return {point.name for point in metadata.entry_points(group=GROUP)} - set(EXTRAS)


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
