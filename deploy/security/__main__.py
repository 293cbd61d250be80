"""`make security`: run every check, print one table, exit 1 where one fails or could not look.

Where there is no network, --advisories (or SECURITY_ADVISORIES) names a copy of the data of known
flaws; SECURITY_ALLOW_UNCHECKED=advisories lets that check pass unlooked.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from . import advisories, probes, sources
from .check import document, holds, lines_of


def options_of(words: Sequence[str], environ: Mapping[str, str]) -> argparse.Namespace:
    """Read the command line; the environment says what it leaves out."""
    parser = argparse.ArgumentParser(prog="make security", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--accept", action="store_true", help="write the baseline of secrets anew")
    parser.add_argument(
        "--advisories",
        type=Path,
        metavar="FOLDER",
        default=environ.get("SECURITY_ADVISORIES") or None,
        help="a clone of the advisory database of PyPA, or an unpacked export of osv.dev",
    )
    parser.add_argument(
        "--max-days",
        type=int,
        default=environ.get("SECURITY_ADVISORIES_DAYS") or advisories.MAX_DAYS,
        help="age of that copy beyond which nothing passes by it (%(default)s)",
    )
    return parser.parse_args(words)


def main() -> int:
    """Run the gate; return its exit code."""
    options = options_of(sys.argv[1:], os.environ)
    if missing := sources.missing_tools():
        print(f"not installed: {', '.join(missing)}; say make security", file=sys.stderr)
        return 2
    if options.accept:
        print(f"{sources.BASELINE}: {sources.accept()} known places; review the difference")
        return 0
    allowed = set(os.environ.get("SECURITY_ALLOW_UNCHECKED", "").split(",")) - {""}
    checks = [
        sources.lock_hashes(),
        advisories.look_up(options.advisories, options.max_days)
        if options.advisories
        else advisories.ask_service(),
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
