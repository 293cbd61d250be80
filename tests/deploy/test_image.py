"""What the Dockerfile promises: pinned packages, no root, nothing of the checkout but the code."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
LAST_STAGE = DOCKERFILE[DOCKERFILE.rindex("\nFROM ") :]


def test_packages_come_from_the_lock_files_with_hashes() -> None:
    installs = re.findall(r"pip install (.*)", DOCKERFILE)

    assert installs
    assert all("--require-hashes" in line or "--no-deps" in line for line in installs)
    assert all("--only-binary :all:" in line or "--no-deps" in line for line in installs)


def test_the_base_can_be_pinned_by_digest():
    """`--build-arg PYTHON=3.13-slim@sha256:...`: every stage starts from that one name."""
    bases = re.findall(r"^FROM (\S+)", DOCKERFILE, re.M)

    assert re.search(r"^ARG PYTHON=", DOCKERFILE, re.M)
    assert {base for base in bases if base not in ("packages", "build")} == {"python:${PYTHON}"}


def test_the_image_runs_as_a_user_of_its_own() -> None:
    assert re.findall(r"^USER (\S+)", LAST_STAGE, re.M) == ["10001:10001"]


def test_the_last_stage_is_built_from_the_slim_base_and_copies_only_the_environment() -> None:
    assert LAST_STAGE.startswith("\nFROM python:${PYTHON} AS runtime")
    assert re.findall(r"^COPY (.*)", LAST_STAGE, re.M) == [
        "--from=build /opt/sluicegate /opt/sluicegate"
    ]


def test_the_build_sees_only_what_is_named() -> None:
    """A list of what is left out would forget the next secret; a list of what goes in cannot."""
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    let_in = {rule[1:] for rule in rules if rule.startswith("!")}

    assert rules[0] == "*"
    assert {"gateway", "backends", "ratelimit", "audit", "requirements.lock"} <= let_in
    assert not let_in & {".git", ".env", ".venv", "tests", "var", "."}


def test_no_secret_is_baked_in() -> None:
    assert not re.search(r"(KEY|SECRET|TOKEN|PASSWORD)\w*=", DOCKERFILE)
