"""The wheel holds everything of the rooms that is in the repository, and nothing else."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("gateway", "backends", "ratelimit", "audit")


def build(copy: Path) -> Path:
    """A wheel built from a copy of what is tracked, with the setuptools that is installed."""
    for name in tracked("."):
        if name.split("/")[0] in (*ROOMS, "setup.cfg", "pyproject.toml", "README.md", "LICENSE"):
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, copy / name)
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", "out", "."],
        cwd=copy,
        env={**os.environ, "SOURCE_DATE_EPOCH": "1764000000"},
        check=True,
        capture_output=True,
    )
    return next((copy / "out").glob("*.whl"))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel that the tests look into."""
    return build(tmp_path_factory.mktemp("wheel"))


def tracked(folder: str) -> list[str]:
    shown = subprocess.run(
        ["git", "ls-files", folder], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if shown.returncode:
        pytest.skip("not a git checkout")
    return [name for name in shown.stdout.splitlines() if (ROOT / name).is_file()]


@pytest.mark.timeout(120)
def test_every_file_of_the_rooms_is_in_the_wheel(wheel: Path) -> None:
    wanted = {name for room in ROOMS for name in tracked(room)}

    assert sorted(wanted - set(zipfile.ZipFile(wheel).namelist())) == []


@pytest.mark.timeout(120)
def test_nothing_else_is_in_the_wheel(wheel: Path) -> None:
    tops = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}

    assert {top for top in tops if not top.endswith(".dist-info")} == set(ROOMS)


@pytest.mark.timeout(120)
def test_the_same_sources_make_the_same_wheel(wheel: Path, tmp_path: Path) -> None:
    assert build(tmp_path).read_bytes() == wheel.read_bytes()
