"""Kinds are found by name, loaded lazily, and every mistake says what to do."""

from __future__ import annotations

import sys
from importlib.metadata import EntryPoint

import pytest

from backends import BackendOptions, BackendUnavailable, known_kinds, load_backend, registry
from backends.sdk import openai_upstream


def test_the_kinds_of_the_contract_are_installed():
    assert {"script", "echo", "openai_chat", "anthropic_messages"} <= set(known_kinds())


def test_an_unknown_kind_names_the_nearest():
    with pytest.raises(BackendUnavailable, match=r"Did you mean 'openai_chat'"):
        load_backend("x", BackendOptions(kind="opnai_chat"))


def test_a_kind_like_no_other_lists_all():
    with pytest.raises(BackendUnavailable, match=r"Installed kinds: .*script"):
        load_backend("x", BackendOptions(kind="zzz"))


@pytest.mark.parametrize(
    "kind,variable",
    [("openai_chat", "OPENAI_API_KEY"), ("anthropic_messages", "ANTHROPIC_API_KEY")],
)
def test_a_missing_key_names_its_variable(kind: str, variable: str):
    with pytest.raises(BackendUnavailable, match=variable):
        load_backend("mine", BackendOptions(kind=kind))


@pytest.mark.parametrize("package", ["openai", "anthropic"])
def test_a_missing_sdk_names_its_extra(monkeypatch, package: str):
    monkeypatch.setitem(sys.modules, package, None)
    kind = {"openai": "openai_chat", "anthropic": "anthropic_messages"}[package]

    with pytest.raises(BackendUnavailable, match=rf"pip install 'sluicegate\[{package}\]'"):
        load_backend("mine", BackendOptions(kind=kind, api_key="k"))


def test_two_distributions_with_one_kind_are_both_named(monkeypatch):
    class Dist:
        def __init__(self, name: str) -> None:
            self.name = name

    points = []
    for name in ("left", "right"):
        point = EntryPoint("script", f"{name}:create", registry.GROUP)
        vars(point)["dist"] = Dist(name)
        points.append(point)
    monkeypatch.setattr(registry, "entry_points", lambda **_: points)

    with pytest.raises(BackendUnavailable, match=r"left .* and right"):
        load_backend("x", BackendOptions(kind="script"))


@pytest.mark.parametrize(
    "base_url,url",
    [
        ("http://127.0.0.1:8000/v1", "http://127.0.0.1:8000/v1/chat/completions"),
        ("http://127.0.0.1:8000/v1/", "http://127.0.0.1:8000/v1/chat/completions"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000/chat/completions"),
        (
            "https://x.openai.azure.com/openai/deployments/d?api-version=2026-01-01",
            (
                "https://x.openai.azure.com/openai/deployments/d/chat/completions"
                "?api-version=2026-01-01"
            ),
        ),
        (None, "https://api.openai.com/v1/chat/completions"),
    ],
)
def test_the_address_is_joined_to_any_base(base_url, url: str):
    options = BackendOptions(
        kind="openai_chat", base_url=base_url, api_key="k", extra={"headers": {"X-Team": "a"}}
    )
    upstream = openai_upstream("mine", options, "/chat/completions")

    assert str(upstream.url) == url
    assert upstream.headers["Authorization"] == "Bearer k"
    assert upstream.headers["X-Team"] == "a"
    assert ("api-key" in upstream.headers) is ("azure" in url)
