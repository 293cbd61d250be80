"""Unknown fields, wrong types, ranges and choices, all at once."""

from __future__ import annotations

import pytest

JARGON = ("Expected", "`str`", "`int`", "int", "pydantic", "msgspec", "NoneType", "Extra inputs")


@pytest.mark.parametrize(
    "text, path, nearest",
    [
        ("model: {}", "model", "models"),
        ("backend: {}", "backend", "backends"),
        ("server: {prot: 1}", "server.prot", "port"),
        ("server: {drain: 1}", "server.drain", "drain_s"),
        ("server: {trusted-proxies: []}", "server.trusted-proxies", "trusted_proxies"),
        ("redis: {ulr: x}", "redis.ulr", "url"),
        ("backends: {a: {kind: script, timeout: {}}}", "backends.a.timeout", "timeouts"),
        ("backends: {a: {kind: script, timeouts: {conect_s: 1}}}",
         "backends.a.timeouts.conect_s", "connect_s"),
        ("backends: {a: {kind: openai_chat, api_key: x, base_ulr: y}}",
         "backends.a.base_ulr", "base_url"),
        ("backends: {a: {kind: openai_chat, api_key: x, api_bse: y}}",
         "backends.a.api_bse", "base_url"),
        ("backends: {a: {kind: openai_chat, api_key: x, api_base: y}}",
         "backends.a.api_base", "base_url"),
        ("backends: {a: {kind: openai_chat, api_key: x, haeders: {}}}",
         "backends.a.haeders", "headers"),
        ("limits: {a: {request: 5, tokens: 1}}", "limits.a.request", "requests"),
        ("apps: {a: {originss: []}}", "apps.a.originss", "origins"),
        ("audit: {retention: {}}", "audit.retention", "retention_days"),
        ("port: 8080", "port", "server.port"),
    ],
)  # fmt: skip
def test_an_unknown_field_names_the_nearest(problem, text, path, nearest):
    found = problem(text)

    assert (found.path, found.nearest) == (path, nearest)
    assert nearest in found.remedy
    assert found.line == 1


def test_an_unknown_field_without_a_neighbour_lists_what_is_known(problem):
    assert "port" in problem("server: {zzzzzz: 1}").message


def test_a_field_of_another_kind_is_refused(problem):
    assert problem("backends: {a: {kind: echo, max_tokens: 1}}").path == "backends.a.max_tokens"


def test_the_word_extra_is_not_a_field_of_the_file(problem):
    assert problem("backends: {a: {kind: script, extra: {}}}").path == "backends.a.extra"


def test_fields_of_the_kind_go_to_extra(judge):
    backend = judge(
        "backends: {a: {kind: anthropic_messages, api_key: k, max_tokens: 5}}"
    ).config.backends["a"]

    assert backend.extra == {"max_tokens": 5}


def test_a_field_of_the_kind_must_have_its_type(problem):
    text = "backends: {a: {kind: anthropic_messages, api_key: k, max_tokens: many}}"

    assert "whole number" in problem(text).message


@pytest.mark.parametrize(
    "text, path, wanted",
    [
        ("server: {port: eighty}", "server.port", "whole number from 0 to 65535"),
        ("server: {port: '8080'}", "server.port", "whole number"),
        ("server: {port: 99999}", "server.port", "65535"),
        ("server: {port: -1}", "server.port", "from 0"),
        ("server: {port: 80.5}", "server.port", "whole number"),
        ("server: {port: true}", "server.port", "whole number"),
        ("server: {port: [1]}", "server.port", "whole number"),
        ("server: {workers: 0}", "server.workers", "from 1 to 64"),
        ("server: {drain_s: soon}", "server.drain_s", "number"),
        ("server: {drain_s: .inf}", "server.drain_s", "number"),
        ("server: {host: 5}", "server.host", "text"),
        ("server: {hosts: a.example}", "server.hosts", "list"),
        ("server: {hosts: [[a]]}", "server.hosts[0]", "text"),
        ("server: 8080", "server", "mapping"),
        ("server: [port]", "server", "mapping"),
        ("limits: [a]", "limits", "mapping"),
        ("limits: {a: 5}", "limits.a", "mapping"),
        ("profile: prod", "profile", "production"),
        ("breaker: maybe", "breaker", "true or false"),
        ("audit: {level: redact}", "audit.level", "redacted"),
        ("limits: {a: {requests: 1, per: [person]}}", "limits.a.per[0]", "user"),
        ("limits: {a: {requests: 0}}", "limits.a.requests", "at least 1"),
        ("limits: {a: {requests: 1, window_s: 0}}", "limits.a.window_s", "above 0"),
        ("models: {default: {strategy: weightd, targets: [{backend: demo}]}}",
         "models.default.strategy", "weighted"),
        ("apps: {a: {disconnect: {policy: stop}}}", "apps.a.disconnect.policy", "cancel"),
        ("keys: {id: a}", "keys", "list"),
        ("flags: {ENABLE_SSE_STREAMING: [on]}", "flags.ENABLE_SSE_STREAMING", "text"),
    ],
)  # fmt: skip
def test_a_wrong_value_names_path_value_and_what_is_allowed(judge, text, path, wanted):
    found = next(p for p in judge(text).problems if p.path == path)

    assert wanted in found.message + found.remedy
    assert found.line == 1
    assert found.remedy
    assert not any(word in found.message for word in JARGON if word != "int")


@pytest.mark.parametrize(
    "text, missing",
    [
        ("backends: {a: {base_url: 'http://x'}}", "backends.a.kind"),
        ("models: {default: {strategy: fallback}}", "models.default.targets"),
        ("models: {default: {targets: [{model: x}]}}", "models.default.targets[0].backend"),
        ("keys: [{id: a}]", "keys[0].hash"),
    ],
)
def test_a_missing_field_is_named(problem, text, missing):
    assert f"`{missing}` is missing" in problem(text).message


def test_an_empty_list_of_targets_is_refused(problem):
    assert problem("models: {default: {targets: []}}").path == "models.default.targets"


def test_empty_sections_count_as_absent(judge):
    text = "server:\nredis:\nbackends:\nmodels:\napps:\nlimits:\nkeys:\naudit:\nflags:\n"

    assert not judge(text).problems


def test_all_mistakes_are_told_at_once(judge):
    text = """
server:
  prot: 80
  workers: many
backends:
  a: {kind: scrip}
models:
  default: {targets: [{backend: b}]}
apps:
  web: {model: defaultt, limits: [chat], origins: ["https://x/y"]}
jwt_secret: "${NOT_SET}"
flags: {ENABLE_SSE_STREAMING: "120%"}
"""

    found = judge(text)

    assert [(p.line, p.path) for p in found.problems] == [
        (3, "server.prot"),
        (4, "server.workers"),
        (6, "backends.a.kind"),
        (8, "models.default.targets[0].backend"),
        (10, "apps.web.model"),
        (10, "apps.web.limits[0]"),
        (10, "apps.web.origins[0]"),
        (11, "jwt_secret"),
        (12, "flags.ENABLE_SSE_STREAMING"),
    ]


def test_words_that_yaml_takes_for_something_else_stay_what_they_are(judge):
    text = "backends: {no: {kind: script}, 2024-01-01: {kind: echo}}\nflags: {A: on, B: 0, C: off}"

    config = judge(text).config

    assert list(config.backends) == ["no", "2024-01-01"]
    assert config.flags == {"A": "on", "B": "off", "C": "off", "ENABLE_SSE_STREAMING": "on"}
