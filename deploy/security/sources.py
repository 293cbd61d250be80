"""Checks of what is written down: the lock files, our code, secrets, the image."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from .check import Check, judged

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ("requirements.lock", "requirements-dev.lock", "requirements-security.lock")
CODE = ("gateway", "backends", "ratelimit", "audit", "deploy", "docs", "bench")
BASELINE = ".secrets.baseline"
PLANTED = ("bench/redaction_",)
"""Lists of made-up secrets that the redactor has to find."""
GENERATED = (".lock", "package-lock.json", BASELINE)
"""Hashes of packages and of known places, which look like secrets."""
TIMEOUT_S = 240
_ENTRY = re.compile(r"^([A-Za-z0-9_.-]+==[^\n\\]+?)\s*\\?\n((?:[ \t]+.*\n?)*)", re.M)
_MARK = re.compile(r"#\s*(?:nosec\b(?:\s+B\d+,?)*|noqa:(?:\s*S\d+,?)+)(?P<rest>.*)")


def tool(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a tool of this environment and keep what it says."""
    program = Path(sys.executable).with_name(name)
    return subprocess.run(
        [str(program), *arguments],
        cwd=ROOT, capture_output=True, text=True, timeout=TIMEOUT_S, check=False,
    )  # fmt: skip


def tracked() -> list[str]:
    """Return the files to search: all that are committed or about to be, but the planted ones."""
    shown = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    names = [name for name in shown.stdout.decode().split("\0") if name and (ROOT / name).is_file()]
    return [n for n in names if not n.startswith(PLANTED) and not n.endswith(GENERATED)]


def lock_hashes(locks: tuple[str, ...] = LOCKS, root: Path = ROOT) -> Check:
    """Walk the lock files: every entry is pinned exactly and carries the hashes of its files."""
    wrong, entries, hashes = [], 0, 0
    for lock in locks:
        wrong += [
            f"{lock}: `{line}` is not pinned"
            for line in (root / lock).read_text().splitlines()
            if line and not line.startswith(("#", " ")) and "==" not in line
        ]
        for pinned, rest in _ENTRY.findall((root / lock).read_text() + "\n"):
            found = len(re.findall(r"--hash=sha256:[0-9a-f]{64}\b", rest))
            entries, hashes = entries + 1, hashes + found
            wrong += [] if found else [f"{lock}: {pinned} has no hash"]
    return judged("lock", f"{entries} entries, {hashes} hashes in {len(locks)} files", wrong)


def pinned_here(root: Path = ROOT) -> set[tuple[str, str]]:
    """Return name and version of every package that the lock files want on this platform."""
    texts = [(root / lock).read_text() for lock in LOCKS]
    found = [Requirement(pinned) for text in texts for pinned, _ in _ENTRY.findall(text + "\n")]
    wanted = [one for one in found if one.marker is None or one.marker.evaluate()]
    return {(canonicalize_name(one.name), str(one.specifier)[2:]) for one in wanted}


def code() -> Check:
    """Run bandit over the code: nothing medium or high without a mark that says why."""
    shown = tool("bandit", "-q", "-r", *CODE, "-f", "json", "-ll", "--exit-zero")
    try:
        found = json.loads(shown.stdout)
    except ValueError:
        return Check("code", "NOT CHECKED", f"bandit gave no report: {shown.stderr[-200:]}")
    wrong = [
        f"{one['filename']}:{one['line_number']} {one['test_id']} {one['issue_text']}"
        for one in found["results"]
    ]
    wrong += [f"{one['filename']}: bandit could not read it" for one in found["errors"]]
    marks, bare = reasoned_marks()
    lines = found["metrics"]["_totals"]["loc"]
    return judged("code", f"bandit over {lines} lines, {marks} reasoned marks", wrong + bare)


def reasoned_marks(root: Path = ROOT) -> tuple[int, list[str]]:
    """Return how many marks silence a finding, and the places of those without a reason."""
    count, bare = 0, []
    for folder in CODE:
        for path in sorted((root / folder).rglob("*.py")):
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
                found = _MARK.search(line)
                if found is None or path == Path(__file__):
                    continue
                count += 1
                if len(found["rest"].strip(" -:")) < 8:
                    bare.append(f"{path.relative_to(root)}:{number} a mark without a reason")
    return count, bare


def secrets() -> Check:
    """Look for secrets in every committed file; those of the baseline are known."""
    from detect_secrets import SecretsCollection
    from detect_secrets.settings import default_settings

    names = tracked()
    known = _baseline()
    found = SecretsCollection(root=str(ROOT))
    with default_settings(), tempfile.TemporaryDirectory() as folder:
        planted = Path(folder) / "planted.py"
        planted.write_text(f"key = '{'AK' + 'IA'}QYLPMN5HFIQR7XYA'\n")
        alarm = SecretsCollection(root=folder)
        alarm.scan_file(planted.name)
        if not alarm.files:
            return Check("secrets", "NOT CHECKED", "the scanner does not find a planted key")
        for name in names:
            found.scan_file(name)
    new = [
        f"{name}:{one.line_number} {one.type}"
        for name, one in found
        if (name, one.type, one.secret_hash) not in known
    ]
    return judged("secrets", f"{len(names)} files, {len(known)} known places", sorted(new))


def _baseline() -> set[tuple[str, str, str]]:
    results = json.loads((ROOT / BASELINE).read_text())["results"]
    return {(f, one["type"], one["hashed_secret"]) for f, all in results.items() for one in all}


def accept() -> int:
    """Write the baseline anew from what is there; the difference belongs into a review."""
    names = tracked()
    shown = tool("detect-secrets", "scan", *names)
    found = json.loads(shown.stdout)
    found.pop("generated_at", None)
    (ROOT / BASELINE).write_text(json.dumps(found, indent=1) + "\n")
    return sum(len(all) for all in found["results"].values())


def bill() -> Check:
    """Print the bill of materials and hold it against the lock file."""
    shown = subprocess.run(
        [sys.executable, "deploy/sbom.py"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    listed = json.loads(shown.stdout)["components"] if shown.returncode == 0 else []
    names = {f"{one['name']}=={one['version']}" for one in listed if one["hashes"]}
    pinned = _ENTRY.findall((ROOT / "requirements.lock").read_text())
    wrong = [p for p, _ in pinned if p.partition(";")[0].strip() not in names]
    return judged("sbom", f"{len(names)} components with hashes", wrong)


def image(recipe: Path = ROOT / "Dockerfile") -> Check:
    """Read the recipe of the image; its layers are not scanned, and the line says so."""
    text = recipe.read_text()
    runtime = text.rpartition("FROM ")[2]
    rules = {
        "the last stage runs as root": re.search(r"^USER\s+(?!0|root)\S+", runtime, re.M) is None,
        "an installation without hashes": bool(
            re.search(r"pip install(?!.*(--require-hashes|--no-deps))", text)
        ),
        "a package may be built from its sources, which runs its scripts": bool(
            re.search(r"pip install(?!.*(--only-binary :all:|--no-deps))", text)
        ),
        "a file is fetched from the network": "ADD http" in text or "curl " in text,
        "a floating base image": ":latest" in text,
    }
    wrong = [words for words, is_wrong in rules.items() if is_wrong]
    return judged("image", f"recipe, {len(rules)} rules (layers are not scanned)", wrong)


def missing_tools() -> list[str]:
    """Return the tools that are not installed."""
    modules = {"pip-audit": "pip_audit", "bandit": "bandit", "detect-secrets": "detect_secrets"}
    return [name for name, module in modules.items() if importlib.util.find_spec(module) is None]
