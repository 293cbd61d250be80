"""The description of the API against live answers: schemathesis asks by it and judges them."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings

from gateway.openapi import build_document
from tests.e2e.processes import Gateway


def described() -> dict[str, Any]:
    """Return the description, with the one app of this gateway where a path names an app."""
    document = copy.deepcopy(build_document())
    for methods in document["paths"].values():
        for operation in methods.values():
            for parameter in operation["parameters"]:
                if parameter["name"] == "app":
                    parameter["schema"] = {"enum": ["bali-zero"]}
    return document


schema = schemathesis.openapi.from_dict(described())
EXAMPLES = 6
KEY = "sk-described"
BEYOND = (schemathesis.checks.positive_data_acceptance,)
"""Left out: JSON Schema cannot say all that makes a conversation one, so some of it is refused."""


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A gateway that answers at once."""
    folder: Path = tmp_path_factory.mktemp("described")
    config = {
        "backends": {"demo": {"kind": "echo"}},
        "models": {"default": {"targets": [{"backend": "demo"}]}},
        "apps": {"bali-zero": {"model": "default", "limits": []}},
    }
    with Gateway(folder, config, GATEWAY_API_KEYS=KEY) as running:
        yield running.wire.url


@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    derandomize=True,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
def test_what_is_described_is_what_is_served(case: schemathesis.Case, base: str):
    headers = {"Authorization": f"Bearer {KEY}"}
    case.call_and_validate(base_url=base, headers=headers, excluded_checks=BEYOND, timeout=10)
