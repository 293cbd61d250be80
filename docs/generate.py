"""Writes the generated pages of the documentation; `--check` only says whether they are stale."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from deploy.rules import alerts  # noqa: E402
from docs import capacity  # noqa: E402
from gateway.config import load, record_of_processing  # noqa: E402
from gateway.config.markdown import reference  # noqa: E402
from gateway.slo import load_slo  # noqa: E402
from gateway.telemetry.reference import reference as metrics  # noqa: E402
from gateway.troubleshooting import markdown as troubleshooting  # noqa: E402


def troubleshooting_and_alerts() -> str:
    """Return the entries of all error codes, and those of all alerts with their runbooks."""
    rows = "".join(
        f"| [{alert.name}](runbooks.md#{alert.name.lower()}) | {alert.severity} | "
        f"{alert.summary}. |\n"
        for alert in alerts(load_slo())
    )
    return f"{troubleshooting()}\n| alert | severity | what it says |\n| --- | --- | --- |\n{rows}"


PAGES = {
    "../README.md": capacity.readme,
    "capacity.md": capacity.page,
    "configuration.md": reference,
    "metrics.md": metrics,
    "processing.md": lambda: record_of_processing(load(None, {})),
    "troubleshooting.md": troubleshooting_and_alerts,
}


def main() -> int:
    """Write or check every page; exit 1 if one was stale."""
    is_check = "--check" in sys.argv[1:]
    stale = []
    for name, make in PAGES.items():
        page = (ROOT / "docs" / name).resolve()
        text = make()
        if page.exists() and page.read_text() == text:
            continue
        stale.append(name)
        if not is_check:
            page.write_text(text)
            print(f"wrote {page.relative_to(ROOT)}")
    if is_check and stale:
        print(f"stale: {', '.join(stale)}; run python docs/generate.py", file=sys.stderr)
    return int(is_check and bool(stale))


if __name__ == "__main__":
    sys.exit(main())
