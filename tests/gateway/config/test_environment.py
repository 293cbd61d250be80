"""The environment alone, and over a file."""

from __future__ import annotations

import pytest

from gateway.config import ConfigInvalid, examine, hash_key, load


def test_nothing_at_all_gives_the_scripted_backend_on_loopback():
    config = load(None, {})

    assert (config.server.host, config.server.port, config.server.workers) == ("127.0.0.1", 8080, 1)
    assert config.backends["demo"].kind == "script"
    assert [t.backend for t in config.models["default"].targets] == ["demo"]
    assert config.apps["bali-zero"].model == "default"
    assert config.flags == {"ENABLE_SSE_STREAMING": "on"}
    assert (config.limits["default"].requests, config.limits["default"].window_s) == (20, 60)
    assert config.limits["default"].per == ("user",)
    assert config.breaker


@pytest.mark.parametrize("name", ["OPENAI_API_KEY", "OPENAI_BASE_URL"])
def test_either_of_the_pair_switches_openai_on(name):
    config = load(None, {name: "http://127.0.0.1:9/v1"})

    assert config.backends["openai"].kind == "openai_chat"
    assert "demo" not in config.backends
    assert config.models["default"].targets[0].model == "gpt-5-mini"


@pytest.mark.parametrize("name", ["ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL"])
def test_either_of_the_pair_switches_claude_on(name):
    config = load(None, {name: "http://127.0.0.1:9/v1"})

    assert config.backends["claude"].kind == "anthropic_messages"
    assert config.models["default"].targets[0].model == "claude-sonnet-4-5"


def test_two_providers_make_a_fallback_and_an_alias_each():
    config = load(None, {"OPENAI_API_KEY": "a", "ANTHROPIC_API_KEY": "b", "GATEWAY_MODEL": "m"})

    assert [(t.backend, t.model) for t in config.models["default"].targets] == [
        ("openai", "m"),
        ("claude", "claude-sonnet-4-5"),
    ]
    assert set(config.models) == {"default", "openai", "claude"}
    assert config.models["openai"].targets[0].model == "m"


def test_a_foreign_server_without_a_model_name_is_warned_of():
    found = examine(None, {"OPENAI_BASE_URL": "http://127.0.0.1:9/v1"})

    assert [w.path for w in found.warnings] == ["OPENAI_BASE_URL"]
    assert "GATEWAY_MODEL" in found.warnings[0].remedy


def test_variables_that_are_empty_count_as_absent():
    names = ("GATEWAY_PORT", "REDIS_URL", "OPENAI_API_KEY", "GATEWAY_API_KEYS", "GATEWAY_LIMIT")

    assert load(None, dict.fromkeys(names, "")) == load(None, {})


def test_every_simple_variable_arrives():
    config = load(
        None,
        {
            "GATEWAY_HOST": "::1",
            "GATEWAY_PORT": "9000",
            "GATEWAY_WORKERS": "2",
            "REDIS_URL": "redis://127.0.0.1/0",
            "ENABLE_SSE_STREAMING": "25%",
            "GATEWAY_HOSTS": "a.example, b.example",
            "GATEWAY_BREAKER": "off",
            "GATEWAY_AUDIT_PATH": "/tmp/trail",
            "GATEWAY_AUDIT_KEY": "k",
            "GATEWAY_ADMIN_KEY": "admin",
            "GATEWAY_JWT_SECRET": "s",
            "GATEWAY_CORS_ORIGINS": "https://a.example,https://b.example",
        },
    )

    assert (config.server.host, config.server.port, config.server.workers) == ("::1", 9000, 2)
    assert config.redis.url == "redis://127.0.0.1/0"
    assert config.flags["ENABLE_SSE_STREAMING"] == "25%"
    assert config.server.hosts == ("a.example", "b.example")
    assert config.breaker is False
    assert config.audit.sinks[0].path == "/tmp/trail"
    assert config.audit.key == "k"
    assert config.admin_key_hash == hash_key("admin")
    assert config.jwt_secret == "s"
    assert config.apps["bali-zero"].origins == ("https://a.example", "https://b.example")


def test_plain_keys_become_hashes():
    config = load(None, {"GATEWAY_API_KEYS": "one, two"})

    assert [(k.id, k.hash) for k in config.keys] == [
        ("key1", hash_key("one")),
        ("key2", hash_key("two")),
    ]


@pytest.mark.parametrize(
    "text, requests, window_s",
    [("20/60s", 20, 60), ("5/1m", 5, 60), ("100 / 1h", 100, 3600), ("7/10", 7, 10)],
)
def test_limits_are_read(text, requests, window_s):
    limit = load(None, {"GATEWAY_LIMIT": text}).limits["default"]

    assert (limit.requests, limit.window_s) == (requests, window_s)


def test_the_limit_can_be_off():
    assert load(None, {"GATEWAY_LIMIT": "off"}).limits == {}


@pytest.mark.parametrize(
    "name, value",
    [
        ("GATEWAY_PORT", "eighty"),
        ("GATEWAY_PORT", "99999"),
        ("GATEWAY_WORKERS", "0"),
        ("GATEWAY_PROFILE", "prod"),
        ("GATEWAY_HOST", "http://x"),
        ("GATEWAY_LIMIT", "lots"),
        ("GATEWAY_LIMIT", "0/60s"),
        ("GATEWAY_BREAKER", "maybe"),
        ("GATEWAY_CORS_ORIGINS", "https://x/y"),
        ("GATEWAY_HOSTS", "https://x"),
        ("ENABLE_SSE_STREAMING", "maybe"),
        ("OPENAI_BASE_URL", "localhost:8000"),
        ("REDIS_URL", "localhost:6379"),
    ],
)
def test_a_wrong_value_names_its_variable(name, value):
    with pytest.raises(ConfigInvalid) as caught:
        load(None, {name: value})

    assert [(p.path, p.file) for p in caught.value.problems] == [(name, None)]
    assert caught.value.problems[0].remedy


def test_the_remedy_for_a_variable_does_not_speak_of_quotes():
    with pytest.raises(ConfigInvalid) as caught:
        load(None, {"GATEWAY_PORT": "eighty"})

    assert "quotes" not in str(caught.value)


def test_a_port_set_by_kubernetes_is_explained():
    with pytest.raises(ConfigInvalid, match="enableServiceLinks"):
        load(None, {"GATEWAY_PORT": "tcp://10.0.0.1:80"})


@pytest.mark.parametrize(
    "name, nearest",
    [
        ("GATEWAY_PROT", "GATEWAY_PORT"),
        ("GATEWAY_API_KEY", "GATEWAY_API_KEYS"),
        ("GATEWAY_ORIGINS", "GATEWAY_CORS_ORIGINS"),
        ("GATWAY_PORT", "GATEWAY_PORT"),
        ("ENABLE_SSE_STREAM", "ENABLE_SSE_STREAMING"),
        ("OPENAI_API_BASE", "OPENAI_BASE_URL"),
        ("OPENAI_BASE_ULR", "OPENAI_BASE_URL"),
        ("GATEWAY_XYZZY", None),
    ],
)
def test_near_misses_of_our_names_are_warned_of(name, nearest):
    found = examine(None, {name: "x"})

    assert not found.problems
    assert [(w.path, w.nearest) for w in found.warnings] == [(name, nearest)]


@pytest.mark.parametrize(
    "name", ["PATH", "GATEWAY_INTERFACE", "GATEWAY_SERVICE_HOST", "GATEWAY_PORT_8080_TCP_ADDR",
             "OPENAI_ORG_ID", "REDIS_PASSWORD", "HOSTNAME"],
)  # fmt: skip
def test_foreign_names_are_left_alone(name):
    assert not examine(None, {name: "x"}).warnings


def test_the_environment_wins_over_the_file(judge):
    text = """
server: {port: 1, workers: 1, hosts: [a.example]}
audit: {sinks: [{path: a}]}
flags: {ENABLE_SSE_STREAMING: "on", OTHER: "on"}
keys: [{id: key1, hash: "%s"}]
apps: {web: {origins: ["https://a.example"]}, other: }
"""

    config = judge(
        text % hash_key("file"),
        GATEWAY_PORT="2",
        GATEWAY_HOSTS="b.example",
        GATEWAY_AUDIT_PATH="b",
        ENABLE_SSE_STREAMING="off",
        OTHER="5%",
        GATEWAY_API_KEYS="env",
        GATEWAY_CORS_ORIGINS="https://b.example",
    ).config

    assert config.server.port == 2
    assert config.server.hosts == ("a.example", "b.example")
    assert config.audit.sinks[0].path == "b"
    assert config.flags == {"ENABLE_SSE_STREAMING": "off", "OTHER": "5%"}
    assert [key.id for key in config.keys] == ["key1", "key2"]
    assert config.apps["web"].origins == ("https://a.example", "https://b.example")
    assert config.apps["other"].origins == ("https://b.example",)


def test_sections_of_the_file_stand_instead_of_what_the_environment_would_make(judge):
    text = """
backends: {mine: {kind: echo}}
models: {default: {targets: [{backend: mine}]}}
limits: {few: {requests: 3}}
"""

    found = judge(text, OPENAI_API_KEY="k", GATEWAY_MODEL="m", GATEWAY_LIMIT="9/9s")

    assert list(found.config.backends) == ["mine"]
    assert list(found.config.limits) == ["few"]
    assert {w.path for w in found.warnings} == {"GATEWAY_MODEL", "GATEWAY_LIMIT"}


def test_a_file_with_backends_only_gets_models_for_them(judge):
    text = "backends: {a: {kind: echo}, b: {kind: openai_chat, api_key: k}}"

    models = judge(text).config.models

    assert [(t.backend, t.model) for t in models["default"].targets] == [
        ("a", None),
        ("b", "gpt-5-mini"),
    ]
    assert set(models) == {"default", "a", "b"}


def test_double_underscores_reach_any_field(judge):
    found = judge(
        "apps: {bali-zero: {}}\nbackends: {a: {kind: anthropic_messages, api_key: k}}",
        GATEWAY__SERVER__DRAIN_S="5",
        GATEWAY__APPS__BALI_ZERO__SYSTEM_PROMPT="hi",
        GATEWAY__BACKENDS__A__MAX_TOKENS="50",
        GATEWAY__AUDIT__LEVEL="metadata",
    )

    assert not found.problems
    assert found.config.server.drain_s == 5
    assert found.config.apps["bali-zero"].system_prompt == "hi"
    assert found.config.backends["a"].extra["max_tokens"] == 50
    assert found.config.audit.level == "metadata"


def test_a_double_underscore_name_that_leads_nowhere_is_refused():
    with pytest.raises(ConfigInvalid) as caught:
        load(None, {"GATEWAY__SERVER__DRAIN": "5"})

    assert [(p.path, p.nearest) for p in caught.value.problems] == [
        ("GATEWAY__SERVER__DRAIN", "drain_s")
    ]


def test_the_command_line_wins_over_everything(tmp_path):
    (tmp_path / "a.yaml").write_text("server: {port: 1}")

    found = examine(str(tmp_path / "a.yaml"), {"GATEWAY_PORT": "2"}, {"port": "3"})

    assert found.config.server.port == 3
    assert found.document.places["server", "port"].spell() == "--port"
