"""Clients of other makers against the gateway over both kinds of providers: `make clients`.

Not a part of the suite: they need an environment of their own, since they pin other versions of the
SDKs than the gateway has. Exit code 1 where one of them does not work.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT))

from tests.e2e.processes import Gateway, Provider  # noqa: E402 - the root is no package's home

PLACE = ROOT / ".venv" / "clients"
MODELS = ("an-openai", "an-anthropic")


def config(provider: str) -> dict:
    """Return a gateway with a model of each provider."""
    return {
        "backends": {
            "openai": {"kind": "openai_chat", "base_url": f"{provider}/v1", "api_key": "k"},
            "anthropic": {"kind": "anthropic_messages", "base_url": provider, "api_key": "k"},
        },
        "models": {
            "an-openai": {"targets": [{"backend": "openai", "model": "m"}]},
            "an-anthropic": {"targets": [{"backend": "anthropic", "model": "m"}]},
        },
        "apps": {"web": {"model": "an-openai", "limits": []}},
    }


def python_with_clients() -> Path:
    """Return an interpreter with the clients installed; made anew where the list is newer."""
    wanted, made = HERE / "requirements.txt", PLACE / "made"
    python = PLACE / "bin" / "python"
    if not made.exists() or made.read_text("utf-8") != wanted.read_text("utf-8"):
        uv = [sys.executable, "-m", "uv"]
        subprocess.run([*uv, "venv", "-q", "--clear", "-p", sys.executable, PLACE], check=True)
        subprocess.run([*uv, "pip", "install", "-q", "-p", python, "-r", wanted], check=True)
        made.write_text(wanted.read_text("utf-8"), "utf-8")
    return python


def node_with_clients() -> str:
    """Return node, with the packages of this folder installed."""
    lock, made = HERE / "package-lock.json", HERE / "node_modules" / ".package-lock.json"
    if not made.exists() or made.stat().st_mtime < lock.stat().st_mtime:
        npm = ["npm", "ci", "--silent", "--no-audit", "--no-fund", "--ignore-scripts"]
        subprocess.run(npm, cwd=HERE, check=True)
        made.touch()
    return "node"


def rows(command: list[str | Path], model: str) -> list[dict]:
    """Run one script against one model and return what it tells."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, cwd=HERE)
    told = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode or not told:
        problem = done.stderr.strip().splitlines()[-1:] or ["it said nothing"]
        told.append({"client": str(command[1]), "version": "-", "problem": problem[0]})
    return [row | {"model": model} for row in told]


def main() -> int:
    """Try all of them and print a table."""
    python, node = python_with_clients(), node_with_clients()
    found: list[dict] = []
    with ExitStack() as running:
        folder = Path(running.enter_context(tempfile.TemporaryDirectory()))
        provider = running.enter_context(Provider(folder / "provider"))
        gateway = running.enter_context(Gateway(folder / "gateway", config(provider.wire.url)))
        for model in MODELS:
            found += rows([python, HERE / "clients.py", gateway.wire.url, model], model)
            found += rows([node, HERE / "clients.mjs", gateway.wire.url, model], model)
    for row in found:
        mark, why = ("✗", f"  {row['problem']}") if row["problem"] else ("✓", "")
        print(f"{mark} {row['client']:40} {row['version']:10} {row['model']}{why}")
    return 1 if any(row["problem"] for row in found) else 0


if __name__ == "__main__":
    sys.exit(main())
