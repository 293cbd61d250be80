"""The compose file against the Compose specification, and against what the README promises of it.

`compose-spec.json` is the specification's own schema (compose-spec/compose-spec, commit 170098ba,
Apache-2.0). The file is also built and brought up by hand before a release.
"""

from __future__ import annotations

import json
import re
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docker-compose.yml").read_text()
DOCUMENT: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, Any] = DOCUMENT["services"]
SCHEMA = Draft202012Validator(json.loads((ROOT / "tests/deploy/compose-spec.json").read_text()))


def problems(document: dict[str, Any]) -> list[str]:
    return [f"{error.json_path}: {error.message}" for error in SCHEMA.iter_errors(document)]


def test_the_file_follows_the_compose_specification() -> None:
    assert problems(DOCUMENT) == []


@pytest.mark.parametrize(
    "field,value", [("prots", []), ("read_only", [1]), ("healthcheck", {"tset": "x"})]
)
def test_a_slip_in_the_file_would_be_seen(field: str, value: object) -> None:
    document = deepcopy(DOCUMENT)
    document["services"]["gateway"][field] = value

    assert problems(document) != []


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_can_do_no_more_than_it_must(name: str) -> None:
    service = SERVICES[name]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service
    assert not any("docker.sock" in str(volume) for volume in service.get("volumes", []))


@pytest.mark.parametrize("name", SERVICES)
def test_ports_are_published_on_loopback_only(name: str) -> None:
    assert all(port.startswith("127.0.0.1:") for port in SERVICES[name].get("ports", []))


def test_every_service_says_whether_it_is_well() -> None:
    """The gateway's check stands in its image."""
    assert "HEALTHCHECK" in (ROOT / "Dockerfile").read_text()
    assert all("healthcheck" in SERVICES[name] for name in SERVICES if name != "gateway")
    assert SERVICES["gateway"]["depends_on"]["redis"]["condition"] == "service_healthy"


def test_images_from_elsewhere_name_their_version() -> None:
    foreign = [service["image"] for service in SERVICES.values() if "build" not in service]

    assert foreign
    assert all(re.search(r":v?\d+\.\d+", image) for image in foreign)


def test_no_env_file_is_needed() -> None:
    without_default = re.findall(r"\$\{[A-Z_]+\}", TEXT)

    assert without_default == []
    assert "env_file" not in TEXT


def test_every_variable_is_in_the_example_of_an_env_file() -> None:
    example = (ROOT / ".env.example").read_text()
    variables = set(re.findall(r"\$\{([A-Z_]+):-", TEXT))

    assert [name for name in sorted(variables) if f"{name}=" not in example] == []


def test_the_example_of_an_env_file_sets_nothing() -> None:
    lines = (ROOT / ".env.example").read_text().splitlines()

    assert [line for line in lines if line and not line.startswith("#")] == []
