"""Values that must have a form."""

from __future__ import annotations

import pytest

from gateway.config import hash_key, is_hash, new_key

HASH = hash_key("secret")


@pytest.mark.parametrize(
    "origin",
    ["chat.example.com", "https://chat.example.com/", "https://chat.example.com/path", "https://",
     "https://a:b@chat.example.com", "https://chat.example.com?x=1", "https://*.example.com",
     "https://chat.example.com:99999", "null", "HTTPS://chat.example.com", "https://a b"],
)  # fmt: skip
def test_an_origin_is_scheme_host_and_port_only(problem, origin):
    found = problem(f"apps: {{web: {{origins: ['{origin}']}}}}")

    assert found.path == "apps.web.origins[0]"
    assert "scheme://host" in found.remedy


@pytest.mark.parametrize(
    "origin", ["https://chat.example.com", "http://localhost:3000", "http://[::1]:8080",
               "chrome-extension://abcdef"],
)  # fmt: skip
def test_an_origin_as_browsers_send_it_is_fine(judge, origin):
    assert not judge(f"apps: {{web: {{origins: ['{origin}']}}}}").problems


@pytest.mark.parametrize("network", ["10.0.0.0/8", "192.168.1.7", "fd00::/8", "10.0.0.1/8"])
def test_trusted_proxies_are_addresses_or_networks(judge, network):
    assert not judge(f"server: {{trusted_proxies: ['{network}']}}").problems


@pytest.mark.parametrize("network", ["10.0.0.0/33", "proxy.example", "*", "10.0.0"])
def test_other_trusted_proxies_are_refused(problem, network):
    assert (
        problem(f"server: {{trusted_proxies: ['{network}']}}").path == "server.trusted_proxies[0]"
    )


@pytest.mark.parametrize("host", ["http://x", "127.0.0.1:80", "a b", "1.2.3", "999.1.1.1"])
def test_a_host_is_an_address_without_port(problem, host):
    assert problem(f"server: {{host: '{host}'}}").path == "server.host"


@pytest.mark.parametrize("host", ["localhost", "::1", "127.0.0.1"])
def test_loopback_hosts_are_fine_and_quiet(judge, host):
    found = judge(f"server: {{host: '{host}'}}")

    assert not found.problems
    assert not found.warnings


@pytest.mark.parametrize("name", ["https://chat.example.com", "a/b"])
def test_host_names_are_without_scheme(problem, name):
    assert problem(f"server: {{hosts: ['{name}']}}").path == "server.hosts[0]"


def test_the_metrics_port_is_another_port(problem):
    assert problem("server: {port: 9000, metrics_port: 9000}").path == "server.metrics_port"


@pytest.mark.parametrize(
    "url", ["localhost:8000", "ftp://x/v1", "http://", "http://user:canary@x/v1", "http://x/v1#a",
            "file:///etc/passwd", "http://x:99999"],
)  # fmt: skip
def test_a_base_url_is_a_web_address_without_credentials(problem, url):
    found = problem(f"backends: {{a: {{kind: openai_chat, base_url: '{url}'}}}}")

    assert found.path == "backends.a.base_url"
    assert "canary" not in str(found)


@pytest.mark.parametrize("origin", ["https://a.example:443", "https://A.example/"])
def test_the_origin_that_browsers_send_is_named(problem, origin):
    assert problem(f"apps: {{web: {{origins: ['{origin}']}}}}").nearest == "https://a.example"


@pytest.mark.parametrize("url", ["localhost:6379", "http://x", "redis//x", "redis://x/cache"])
def test_a_redis_url_has_its_scheme(problem, url):
    assert problem(f"redis: {{url: '{url}'}}").path == "redis.url"


@pytest.mark.parametrize("clock", ["connect_s", "first_s", "idle_s", "total_s"])
def test_clocks_are_above_zero(problem, clock):
    found = problem(f"backends: {{a: {{kind: script, timeouts: {{{clock}: 0}}}}}}")

    assert found.path == f"backends.a.timeouts.{clock}"


@pytest.mark.parametrize(
    "text", ["{per: [user]}", "{requests: 1, tokens: 1}", "{tokens: 1, concurrent: 2}"]
)
def test_a_limit_has_exactly_one_unit(problem, text):
    assert "exactly one" in problem(f"limits: {{a: {text}}}").remedy


def test_a_limit_counts_somebody(problem):
    assert problem("limits: {a: {requests: 1, per: []}}").path == "limits.a.per"


def test_concurrent_has_no_window(problem):
    assert problem("limits: {a: {concurrent: 1, window_s: 5}}").path == "limits.a.window_s"


@pytest.mark.parametrize("value", ["canary-plain-key", "sha256:canary", "sha256:" + "G" * 64])
def test_a_hash_has_its_form_and_is_not_shown(problem, value):
    found = problem(f"keys: [{{id: a, hash: '{value}'}}]")

    assert found.path == "keys[0].hash"
    assert "keys create" in found.remedy
    assert "canary" not in str(found)


def test_the_admin_hash_has_its_form(problem):
    assert problem("admin_key_hash: canary").path == "admin_key_hash"


@pytest.mark.parametrize("name", ["a b", "a/b", "", "ü", "x" * 65])
def test_names_of_apps_and_keys_fit_into_paths_and_logs(judge, name):
    apps = judge(f"apps: {{'{name}': {{}}}}")
    keys = judge(f"keys: [{{id: '{name or ' '}', hash: '{HASH}'}}]")

    assert len(apps.problems) == 1
    assert [p.path for p in keys.problems] == ["keys[0].id"]


@pytest.mark.parametrize(
    "value", ["off", "false", "0", "on", "true", "1", "25%", "0.5%", "100%", "users:a,b",
              "25%,users:a,b", "25%;users:a,b"],
)  # fmt: skip
def test_flag_values_in_the_grammar_are_fine(judge, value):
    assert not judge(f"flags: {{ENABLE_SSE_STREAMING: '{value}'}}").problems


@pytest.mark.parametrize("value", ["maybe", "25", "101%", "%", "users:", "", "users:a,25%", "a,b"])
def test_other_flag_values_are_refused(problem, value):
    assert (
        problem(f"flags: {{ENABLE_SSE_STREAMING: '{value}'}}").path == "flags.ENABLE_SSE_STREAMING"
    )


def test_keys_are_random_and_hashes_have_their_form():
    assert new_key() != new_key()
    assert len(new_key()) >= 43
    assert is_hash(hash_key(new_key()))
    assert (
        hash_key("a") == "sha256:ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"
    )
