"""The production profile and what is warned of in development."""

from __future__ import annotations

import pytest

from gateway.config import examine

SAFE = {
    "GATEWAY_PROFILE": "production",
    "GATEWAY_HOST": "0.0.0.0",
    "REDIS_URL": "redis://127.0.0.1/0",
    "GATEWAY_AUDIT_KEY": "k" * 32,
    "GATEWAY_CORS_ORIGINS": "https://chat.example.com",
    "GATEWAY_API_KEYS": "a" * 43,
}


def test_a_safe_production_is_fine_and_quiet():
    found = examine(None, SAFE)

    assert not found.problems
    assert not found.warnings
    assert found.config.flags["ENABLE_SSE_STREAMING"] == "off"


def test_production_lists_everything_missing_at_once():
    found = examine(None, {"GATEWAY_PROFILE": "production", "GATEWAY_HOST": "0.0.0.0"})

    assert {p.path for p in found.problems} == {"GATEWAY_HOST", "redis.url", "audit.key", "apps"}
    text = " ".join(p.remedy for p in found.problems)
    for name in ("REDIS_URL", "GATEWAY_AUDIT_KEY", "GATEWAY_CORS_ORIGINS", "GATEWAY_API_KEYS"):
        assert name in text


@pytest.mark.parametrize(
    "missing", ["REDIS_URL", "GATEWAY_AUDIT_KEY", "GATEWAY_CORS_ORIGINS", "GATEWAY_API_KEYS"]
)
def test_production_refuses_each_missing_part(missing):
    found = examine(None, {name: value for name, value in SAFE.items() if name != missing})

    assert len(found.problems) == 1
    assert missing in found.problems[0].remedy


def test_production_on_loopback_without_keys_is_a_warning():
    environ = {**SAFE, "GATEWAY_HOST": "127.0.0.1", "GATEWAY_API_KEYS": ""}

    found = examine(None, environ)

    assert not found.problems
    assert [w.path for w in found.warnings] == ["keys"]


def test_a_star_as_origin_is_refused_in_production_and_warned_of_otherwise():
    production = examine(None, {**SAFE, "GATEWAY_CORS_ORIGINS": "*"})
    development = examine(None, {"GATEWAY_CORS_ORIGINS": "*"})

    assert [p.path for p in production.problems] == ["GATEWAY_CORS_ORIGINS"]
    assert not development.problems
    assert [w.path for w in development.warnings] == ["GATEWAY_CORS_ORIGINS"]


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.2", "gateway.example"])
def test_a_public_address_without_keys_is_said_loudly_in_development(host):
    found = examine(None, {"GATEWAY_HOST": host})

    assert not found.problems
    assert [w.path for w in found.warnings] == ["GATEWAY_HOST"]
    assert "ANYBODY" in found.warnings[0].message


def test_a_public_address_with_keys_is_quiet():
    assert not examine(None, {"GATEWAY_HOST": "0.0.0.0", "GATEWAY_API_KEYS": "k" * 43}).warnings


def test_a_key_that_can_be_guessed_is_warned_of_and_not_shown():
    found = examine(None, {"GATEWAY_API_KEYS": f"{'k' * 43}, letmein"})

    assert not found.problems
    assert [w.path for w in found.warnings] == ["GATEWAY_API_KEYS"]
    assert "7 characters" in found.warnings[0].message
    assert "letmein" not in found.warnings[0].message + found.warnings[0].remedy


@pytest.mark.parametrize("name", ["GATEWAY_ADMIN_KEY", "GATEWAY_AUDIT_KEY", "GATEWAY_JWT_SECRET"])
def test_other_secrets_that_can_be_guessed_are_warned_of_too(name):
    [warning] = examine(None, {name: "canary"}).warnings

    assert warning.path == name
    assert "canary" not in str(warning)


@pytest.mark.parametrize("text", [",", " , "])
def test_keys_without_any_key_are_a_mistake_and_no_open_door(text):
    [problem] = examine(None, {"GATEWAY_API_KEYS": text}).problems

    assert problem.path == "GATEWAY_API_KEYS"


def test_the_admin_key_is_no_key_of_a_client():
    secret = "canary" * 4
    environ = {"GATEWAY_API_KEYS": f"{'k' * 43},{secret}", "GATEWAY_ADMIN_KEY": secret}
    [problem] = examine(None, environ).problems

    assert problem.path == "GATEWAY_ADMIN_KEY"
    assert "`key2`" in problem.message
    assert "canary" not in str(problem)


def test_what_is_missing_is_told_by_its_own_name_beside_a_variable_of_its_section():
    found = examine(None, {"GATEWAY_PROFILE": "production", "GATEWAY_AUDIT_PATH": "trail"})

    assert "audit.key" in [problem.path for problem in found.problems]


def test_limits_that_count_for_no_app_are_warned_of(judge):
    text = "limits: {a: {per: [key], requests: 3}}\napps: {x: {limits: []}, y: {limits: []}}"

    assert [w.path for w in judge(text).warnings] == ["limits.a"]
    assert not judge(text.replace("y: {limits: []}", "y: {}")).warnings
    assert not judge(text.replace("y: {limits: []}", "y: {limits: [a]}")).warnings


def test_more_workers_need_redis():
    alone = examine(None, {"GATEWAY_WORKERS": "2"})
    shared = examine(None, {"GATEWAY_WORKERS": "2", "REDIS_URL": "redis://x"})

    assert [p.path for p in alone.problems] == ["GATEWAY_WORKERS"]
    assert "REDIS_URL" in alone.problems[0].remedy
    assert not shared.problems


def test_an_unset_variable_is_not_told_twice(judge):
    text = 'profile: production\nredis: {url: "${R}"}\naudit: {key: "${A}"}\napps: {a: {origins: ["https://x"]}}'

    assert {p.path for p in judge(text).problems} == {"redis.url", "audit.key"}
    assert len(judge(text).problems) == 2
