"""The bill of materials names every package that an installation has."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_every_pinned_package_is_listed_with_version_and_hashes() -> None:
    shown = subprocess.run(
        [sys.executable, "deploy/sbom.py"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    listed = {c["name"]: c for c in json.loads(shown.stdout)["components"]}
    pinned = dict(re.findall(r"^([\w.-]+)==(\S+)", (ROOT / "requirements.lock").read_text(), re.M))

    assert {name: c["version"] for name, c in listed.items()} == pinned
    assert all(c["hashes"] for c in listed.values())
    assert sum("licenses" in c for c in listed.values()) > len(listed) / 2
