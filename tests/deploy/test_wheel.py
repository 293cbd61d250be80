"""The wheel holds everything of the rooms that is in the repository, and nothing else."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("gateway", "backends", "ratelimit", "audit")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """A wheel built from a copy of what is tracked, with the setuptools that is installed."""
    copy = tmp_path_factory.mktemp("wheel")
    for name in tracked("."):
        if name.split("/")[0] in (*ROOMS, "setup.cfg", "pyproject.toml", "README.md", "LICENSE"):
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, copy / name)
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", "out", "."],
        cwd=copy,
        check=True,
        capture_output=True,
    )
    return zipfile.ZipFile(next((copy / "out").glob("*.whl")))


def tracked(folder: str) -> list[str]:
    shown = subprocess.run(
        ["git", "ls-files", folder], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if shown.returncode:
        pytest.skip("not a git checkout")
    return [name for name in shown.stdout.splitlines() if (ROOT / name).is_file()]


@pytest.mark.timeout(120)
def test_every_file_of_the_rooms_is_in_the_wheel(wheel: zipfile.ZipFile) -> None:
    wanted = {name for room in ROOMS for name in tracked(room)}

    assert sorted(wanted - set(wheel.namelist())) == []


@pytest.mark.timeout(120)
def test_nothing_else_is_in_the_wheel(wheel: zipfile.ZipFile) -> None:
    tops = {name.split("/")[0] for name in wheel.namelist()}

    assert {top for top in tops if not top.endswith(".dist-info")} == set(ROOMS)
