"""No problem, warning or listing shows a secret."""

from __future__ import annotations

import msgspec
import pytest

from gateway.config import examine
from gateway.config.show import settings

CANARY = "canary-4f1d9b"
WRONG_PLACES = [
    "backends: {a: {kind: openai_chat, api_key: [CANARY]}}",
    "backends: {a: {kind: openai_chat, api_kye: CANARY}}",
    "backends: {a: {kind: openai_chat, api_key: k, token: CANARY}}",
    "backends: {a: {kind: openai_chat, api_key: k, base_url: 'http://u:CANARY@x'}}",
    "backends: {a: {kind: openai_chat, api_key: k, headers: {x-key: [CANARY]}}}",
    "backends: {a: {kind: openai_chat, api_key: k, headers: CANARY}}",
    "redis: {url: 'http://u:CANARY@x'}",
    "redis: {url: 'redis://u:CANARY@x:port'}",
    "backends: {a: {kind: openai_chat, api_key: k, base_url: 'x?api_key=CANARY'}}",
    "keys: [{id: a, hash: CANARY}]",
    "keys: CANARY",
    "keys: [CANARY]",
    "admin_key_hash: CANARY",
    "jwt_secret: [CANARY]",
    "audit: {key: {a: CANARY}}",
    "audit:\n  key: CANARY\n   x: [",
    "redis: {url: redis://u:CANARY@x, url: b}",
    "apps: {a: {origins: ['https://u:CANARY@x']}}",
]


@pytest.mark.parametrize("text", WRONG_PLACES)
def test_problems_never_show_a_secret(judge, text):
    found = judge(text.replace("CANARY", CANARY))

    assert found.problems
    assert CANARY not in repr((found.problems, found.warnings))


def test_wrong_variables_never_show_a_secret():
    names = ("REDIS_URL", "GATEWAY_AUDIT_KEY", "GATEWAY_ADMIN_KEY", "GATEWAY_JWT_SECRET",
             "GATEWAY_API_KEYS", "OPENAI_API_KEY", "GATEWAY_API_KEY", "GATEWAY_SECRET")  # fmt: skip

    found = examine(None, {**dict.fromkeys(names, CANARY), "GATEWAY_PORT": "x"})

    assert found.problems
    assert CANARY not in repr((found.problems, found.warnings))


def test_the_listing_masks_secrets_and_names_origins(judge):
    text = f"""
backends: {{a: {{kind: openai_chat, api_key: {CANARY}, headers: {{x: {CANARY}}}}}}}
redis: {{url: "redis://u:{CANARY}@h:1"}}
jwt_secret: {CANARY}
"""

    found = settings(judge(text, GATEWAY_AUDIT_KEY=CANARY, GATEWAY_ADMIN_KEY=CANARY))

    assert CANARY not in msgspec.json.encode(found).decode()
    origins = {s.path: s.origin.rpartition("/")[2] for s in found}
    assert origins["backends.a.api_key"] == "gateway.yaml:2"
    assert origins["audit.key"] == "env GATEWAY_AUDIT_KEY"
    assert origins["server.port"] == "default"


def test_a_configuration_does_not_print_its_secrets():
    names = ("OPENAI_API_KEY", "GATEWAY_JWT_SECRET", "GATEWAY_AUDIT_KEY", "GATEWAY_ADMIN_KEY")
    environ = dict.fromkeys(names, CANARY) | {"REDIS_URL": f"redis://:{CANARY}@h"}

    config = examine(None, environ).config

    assert CANARY not in repr(config)
    assert CANARY not in repr(config.backends)
