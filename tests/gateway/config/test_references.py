"""Names that lead nowhere, names given twice."""

from __future__ import annotations

import pytest

HASH = "sha256:" + "0" * 64
HASH_2 = "sha256:" + "1" * 64


@pytest.mark.parametrize(
    "text, path, nearest",
    [
        ("{backends: {openai: {kind: echo}}, models: {default: {targets: [{backend: opnai}]}}}",
         "models.default.targets[0].backend", "openai"),
        ("apps: {web: {model: defaultt}}", "apps.web.model", "default"),
        ("{limits: {chat: {requests: 1}}, apps: {web: {limits: [caht]}}}",
         "apps.web.limits[0]", "chat"),
        ("apps: {web: {flag: ENABLE_SSE_STREAM}}", "apps.web.flag", "ENABLE_SSE_STREAMING"),
        (f"keys: [{{id: a, hash: '{HASH}', apps: [bali-zer]}}]", "keys[0].apps[0]", "bali-zero"),
        (f"keys: [{{id: a, hash: '{HASH}', models: [defaultt]}}]", "keys[0].models[0]", "default"),
        ("flags: {ENABLE_SSE_STREAMNG: 'off'}", "flags.ENABLE_SSE_STREAMNG",
         "ENABLE_SSE_STREAMING"),
        ("profile: dev", "profile", "development"),
        ("backends: {a: {kind: openai-chat, api_key: k}}", "backends.a.kind", "openai_chat"),
    ],
)  # fmt: skip
def test_a_name_that_leads_nowhere_names_the_nearest(problem, text, path, nearest):
    found = problem(text)

    assert (found.path, found.nearest) == (path, nearest)
    assert nearest in found.remedy


def test_a_name_without_a_neighbour_lists_what_there_is(problem):
    found = problem("apps: {web: {model: zzz}}")

    assert "default" in found.remedy
    assert found.nearest is None


def test_a_flag_that_no_app_asks_for_is_warned_of(judge):
    found = judge("flags: {other: 'on'}")

    assert found.problems == ()
    assert [warning.path for warning in found.warnings] == ["flags.other"]


def test_a_key_may_name_a_model_of_a_backend(judge):
    text = f"keys: [{{id: a, hash: '{HASH}', models: [demo/anything, demo/*, default]}}]"

    assert not judge(text).problems


def test_a_key_id_given_twice_names_the_first_line(problem):
    found = problem(f"keys:\n- {{id: a, hash: '{HASH}'}}\n- {{id: a, hash: '{HASH_2}'}}\n")

    assert (found.path, found.line) == ("keys[1].id", 3)
    assert "gateway.yaml:2" in found.message


def test_the_same_key_given_twice_is_refused(problem):
    found = problem(f"keys:\n- {{id: a, hash: '{HASH}'}}\n- {{id: b, hash: '{HASH}'}}\n")

    assert found.path == "keys[1].hash"


@pytest.mark.parametrize("kind", ["openai_chat", "anthropic_messages"])
def test_a_provider_without_a_key_is_refused(problem, kind):
    found = problem(f"backends: {{a: {{kind: {kind}}}}}")

    assert "api_key" in found.message
    assert "_API_KEY}" in found.remedy


def test_an_empty_key_counts_as_none(problem):
    found = problem('backends: {a: {kind: openai_chat, api_key: "${OPENAI_API_KEY:-}"}}')

    assert "OPENAI_API_KEY" in found.remedy


def test_a_provider_elsewhere_needs_no_key(judge):
    text = "backends: {a: {kind: openai_chat, base_url: 'http://127.0.0.1:11434/v1'}}"

    assert not judge(text).problems


def test_weights_that_are_all_zero_are_refused(problem):
    text = "models: {default: {strategy: weighted, targets: [{backend: demo, weight: 0}]}}"

    assert "weights" in problem(text).message


def test_an_app_without_the_default_model_takes_the_first(judge):
    config = judge("models: {fast: {targets: [{backend: demo}]}}").config

    assert config.apps["bali-zero"].model == "fast"


def test_a_plugin_kind_may_have_any_field_but_no_near_miss_of_ours(judge, monkeypatch):
    monkeypatch.setattr("gateway.config.references.plugin_kinds", lambda: {"mine"})

    fine = judge("backends: {a: {kind: mine, flavour: {sweet: 3}}}")
    slip = judge("backends: {a: {kind: mine, base_ulr: x}}")

    assert fine.config.backends["a"].extra == {"flavour": {"sweet": 3}}
    assert not fine.problems
    assert [p.nearest for p in slip.problems] == ["base_url"]


@pytest.mark.parametrize("pattern", ["*", "demo/gpt-*", "de*", "demo/*/*"])
def test_a_pattern_that_would_open_nothing_is_refused(problem, pattern):
    found = problem(f"keys: [{{id: a, hash: '{HASH}', models: ['{pattern}']}}]")

    assert found.path == "keys[0].models[0]"
    assert "backend/*" in found.remedy
