"""`make security`: run every check, print one table, exit 1 where one fails or could not look.

SECURITY_ALLOW_UNCHECKED=advisories lets named checks pass unlooked, where there is no network.
"""

from __future__ import annotations

import argparse
import os
import sys

from . import probes, sources
from .check import document, holds, lines_of


def main() -> int:
    """Run the gate; return its exit code."""
    parser = argparse.ArgumentParser(prog="make security", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--accept", action="store_true", help="write the baseline of secrets anew")
    options = parser.parse_args()
    if missing := sources.missing_tools():
        print(f"not installed: {', '.join(missing)}; say make security", file=sys.stderr)
        return 2
    if options.accept:
        print(f"{sources.BASELINE}: {sources.accept()} known places; review the difference")
        return 0
    allowed = set(os.environ.get("SECURITY_ALLOW_UNCHECKED", "").split(",")) - {""}
    checks = [
        sources.lock_hashes(),
        sources.advisories(),
        sources.code(),
        sources.secrets(),
        sources.bill(),
        sources.image(),
        *probes.probe_all(),
    ]
    lines = [document(checks, allowed)] if options.json else lines_of(checks, allowed)
    print("\n".join(lines))
    return 0 if holds(checks, allowed) else 1


if __name__ == "__main__":
    sys.exit(main())
