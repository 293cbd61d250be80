"""The tutorial's example as a distribution of its own: it installs, registers, passes, answers."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "docs" / "examples" / "shout"


def run(*command: str, cwd: Path, path: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": f"{path}{os.pathsep}{ROOT}"}
    return subprocess.run(
        [sys.executable, *command], cwd=cwd, env=environment, capture_output=True, text=True
    )


@pytest.mark.e2e
@pytest.mark.timeout(120)
def test_the_example_installs_registers_and_passes_the_kit(tmp_path: Path):
    source = tmp_path / "source"
    site = tmp_path / "site"
    shutil.copytree(EXAMPLE, source)
    install = ["-m", "pip", "install", "--quiet", "--no-deps", "--target", str(site), "."]
    installed = run(*install, cwd=source, path=site)
    assert installed.returncode == 0, installed.stderr

    kinds = run("-c", "import backends; print(backends.known_kinds())", cwd=tmp_path, path=site)
    kit = run("-m", "pytest", "-q", "test_shout.py", cwd=source, path=site)

    assert "'shout'" in kinds.stdout
    assert kit.returncode == 0, kit.stdout
    assert " passed" in kit.stdout


def test_the_tutorial_shows_the_example_as_it_is():
    tutorial = (ROOT / "docs" / "writing-a-backend.md").read_text()

    for name in ("shout.py", "test_shout.py", "pyproject.toml"):
        assert (EXAMPLE / name).read_text().strip() in tutorial, f"{name} differs in the tutorial"
