"""Print what an installation consists of, as a CycloneDX document made from requirements.lock.

Licences come from what is installed; a package of another platform has none here.
"""

from __future__ import annotations

import json
import re
import sys
from importlib.metadata import PackageNotFoundError, metadata, version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
_ENTRY = re.compile(r"^([A-Za-z0-9_.-]+)==(\S+)(.*?)(?=^\S|\Z)", re.M | re.S)
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


def components(lock: str) -> list[dict[str, Any]]:
    """One component for each pinned package, with the hashes of all its files."""
    return [_component(*match.groups()) for match in _ENTRY.finditer(lock)]


def _component(name: str, pinned: str, rest: str) -> dict[str, Any]:
    found: dict[str, Any] = {
        "type": "library",
        "name": name,
        "version": pinned,
        "purl": f"pkg:{'py' + 'pi'}/{name.lower().replace('_', '-')}@{pinned}",
        "hashes": [{"alg": "SHA-256", "content": digest} for digest in _HASH.findall(rest)],
    }
    try:
        licence = metadata(name).get("License-Expression")
    except PackageNotFoundError:
        licence = None
    return found | ({"licenses": [{"expression": licence}]} if licence else {})


def document() -> dict[str, Any]:
    """The whole document; the same lock file gives the same bytes."""
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "name": "sluicegate",
                "version": version("sluicegate"),
                "licenses": [{"expression": "Apache-2.0"}],
            }
        },
        "components": components((ROOT / "requirements.lock").read_text()),
    }


if __name__ == "__main__":
    json.dump(document(), sys.stdout, indent=2)
    sys.stdout.write("\n")
