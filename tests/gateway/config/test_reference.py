"""Schema for editors, reference page and example file say what the code says."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
import yaml

from gateway.config import examine
from gateway.config.fields import FIELDS, SECTIONS
from gateway.config.json_schema import json_schema
from gateway.config.kinds import EXTRAS
from gateway.config.markdown import reference
from gateway.config.schema import Config
from gateway.config.variables import NAMES

ROOT = Path(__file__).resolve().parents[3]
EXAMPLE = ROOT / "deploy" / "gateway.example.yaml"
SECRETS = {
    "REDIS_URL": "redis://127.0.0.1/0",
    "OPENAI_API_KEY": "a",
    "ANTHROPIC_API_KEY": "b",
    "GATEWAY_AUDIT_KEY": "c" * 32,
}
CONTRACT = """
server:   {host: 0.0.0.0, port: 8080, hosts: [chat.example.com], workers: 2, drain_s: 20, metrics_port: 9090, trusted_proxies: [10.0.0.0/8]}
redis:    {url: "${REDIS_URL:-}"}
backends:
  openai: {kind: openai_chat,        base_url: "https://api.openai.com/v1", api_key: "${OPENAI_API_KEY}", timeouts: {connect_s: 5, first_s: 30, idle_s: 30, total_s: 900}}
  claude: {kind: anthropic_messages, api_key: "${ANTHROPIC_API_KEY}"}
  demo:   {kind: script}
models:
  default: {strategy: fallback, targets: [{backend: openai, model: gpt-5}, {backend: claude, model: claude-opus-4-5}]}
  fast:    {strategy: weighted, targets: [{backend: openai, model: gpt-5-mini, weight: 9}, {backend: demo, model: echo, weight: 1}]}
apps:
  bali-zero: {model: default, origins: ["https://chat.example.com"], limits: [chat], disconnect: {linger_s: 30}, system_prompt: "x"}
limits:
  chat:    {per: [user], requests: 20, window_s: 60}
  tokens:  {per: [key], tokens: 100000, window_s: 60, on_outage: closed}
  streams: {per: [key], concurrent: 50}
keys:
  - {id: web, hash: "sha256:0000000000000000000000000000000000000000000000000000000000000000", apps: [bali-zero], models: [default], origins: ["https://chat.example.com"]}
audit:    {level: redacted, key: "${GATEWAY_AUDIT_KEY}", sinks: [{kind: jsonl, path: audit/}], retention_days: {content: 30, metadata: 190}}
flags:    {ENABLE_SSE_STREAMING: "on"}
"""  # noqa: E501


def test_the_example_is_sound():
    found = examine(str(EXAMPLE), SECRETS)

    assert found.problems == ()
    assert found.warnings == ()


def test_the_example_has_the_shape_of_the_contract():
    assert shape_of(yaml.safe_load(EXAMPLE.read_text())) == shape_of(yaml.safe_load(CONTRACT))


def test_the_contract_example_is_sound(judge):
    assert judge(CONTRACT, **SECRETS).problems == ()


def test_every_field_is_described():
    schema = msgspec.json.schema(Config)["$defs"]

    assert set(schema) == set(SECTIONS) == set(FIELDS)
    for name, definition in schema.items():
        assert set(definition["properties"]) - {"extra"} == set(FIELDS[name]), name


def test_the_reference_page_is_fresh():
    page = ROOT / "docs" / "configuration.md"

    assert page.read_text() == reference(), "run python docs/generate.py"


def test_the_reference_page_names_every_variable_and_kind():
    page = reference()

    assert all(f"`{name}`" in page for name in [*NAMES, *EXTRAS])


def test_the_schema_knows_the_fields_of_each_kind():
    backend = json_schema()["$defs"]["Backend"]

    assert "extra" not in backend["properties"]
    assert {part["if"]["properties"]["kind"]["const"] for part in backend["allOf"]} == set(EXTRAS)


def test_the_schema_accepts_references_where_numbers_stand():
    port = json_schema()["$defs"]["Server"]["properties"]["port"]

    assert [part["type"] for part in port["anyOf"]] == ["integer", "string"]
    assert port["description"]


@pytest.mark.parametrize("kind", sorted(EXTRAS))
def test_every_field_of_a_kind_is_read_by_its_adapter(kind):
    folder = ROOT / "backends" / kind
    files = list(folder.glob("*.py")) if folder.is_dir() else [folder.with_suffix(".py")]
    code = "".join(file.read_text() for file in [*files, ROOT / "backends" / "sdk.py"])

    for name in EXTRAS[kind]:
        # Read one by one, or declared in a Struct that all of `extra` is converted to.
        assert f'extra.get("{name}")' in code or f"\n    {name}: " in code, name


@pytest.mark.parametrize("name", sorted(NAMES))
def test_every_variable_of_the_table_is_read(name):
    values = {"GATEWAY_CONFIG": str(EXAMPLE), "GATEWAY_PROFILE": "production"}

    found = examine(None, {name: values.get(name, "§")})

    assert found.problems or found.config != examine(None, {}).config


def shape_of(data: object) -> object:
    """Return names and nesting without the values."""
    match data:
        case dict():
            return {name: shape_of(inner) for name, inner in data.items()}
        case list():
            return [shape_of(inner) for inner in data]
    return type(data).__name__
