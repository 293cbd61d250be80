"""Writes Prometheus rules and Grafana dashboards from slo.yaml; `--check`: are they stale?"""

from __future__ import annotations

import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from deploy.dashboard import dashboard, runbooks  # noqa: E402
from deploy.rules import rules  # noqa: E402
from gateway.slo import Slo, load_slo  # noqa: E402


def pages(slo: Slo) -> dict[str, str]:
    """Return every generated file with its text."""
    return {
        "alerts.yml": rules(slo),
        "grafana/sluicegate.json": json.dumps(dashboard(slo), indent=2) + "\n",
        "grafana/runbooks.json": json.dumps(runbooks(), indent=2) + "\n",
    }


def main() -> int:
    """Write or check every file; exit 1 if one was stale."""
    is_check = "--check" in sys.argv[1:]
    stale = []
    for name, text in pages(load_slo()).items():
        path = ROOT / "deploy" / name
        if path.exists() and path.read_text() == text:
            continue
        stale.append(name)
        if not is_check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            print(f"wrote deploy/{name}")
    if is_check and stale:
        print(f"stale: {', '.join(stale)}; run python deploy/generate.py", file=sys.stderr)
    return int(is_check and bool(stale))


if __name__ == "__main__":
    sys.exit(main())
