"""Rows about what stands around a running gateway: tests, documents, alerts, safety headers."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

from gateway.errors import FAULTS

from .probes import probe_chat, probe_reconnect, probe_stream, stop_probe
from .row import Ground, Outcome, not_looked
from .site import CannotLook, Site

Check = Callable[[Ground], Outcome]
NO_SOURCE = "give --source FOLDER, a checkout of the project"
SMOKE = ("/healthz", "/readyz", "/v1/models", "/", "/client.js")


def defaults(ground: Ground) -> Outcome:
    """Limiter, audit trail and redaction are in force, and the instance is ready."""
    ready = ground.site.call("GET", "/readyz")
    limited = Site(ground.site.url, app=ground.limited, key=ground.site.key)
    answer = limited.call("POST", f"{limited.base}/streams", {"query": "[[n=1]]"})
    policy = answer.headers.get("ratelimit-policy", "")
    records = ground.site.metrics().get("gateway_audit_records_total", 0)
    profile = ground.site.call("GET", "/healthz").json.get("profile")
    seen = f"ready {ready.status}, limit {policy or 'none'}, {records:g} audit records, {profile}"
    remedy = "" if policy else "limits are off: set GATEWAY_LIMIT, or `limits:`"
    return Outcome(ready.status == 200 and bool(policy) and records > 0, seen, "all three", remedy)


def targets(ground: Ground) -> Outcome:
    """The numbers that everything reads."""
    keep = ground.slo.keep
    seen = (
        f"first token {keep.first_token_ms:g} ms, inter-token {keep.inter_token_ms:g} ms, "
        f"errors {keep.error_ratio:.0%}, connections {keep.connection_success:.0%}"
    )
    return Outcome(True, seen, "one file")


def tests(kind: str) -> Check:
    """Return the check of a test report: `unit` without real processes, else those with them."""

    def check(ground: Ground) -> Outcome:
        if ground.junit is None:
            remedy = "run `make test ARGS=--junit-xml=junit.xml` and give --junit junit.xml"
            return not_looked("no test report was given", "no failure", remedy)
        try:
            root = ElementTree.parse(ground.junit).getroot()  # noqa: S314  # nosec B314 - our own test run wrote it
        except (OSError, ElementTree.ParseError) as exc:
            return Outcome(False, f"{ground.junit}: {exc}", "no failure")
        cases = [
            case
            for case in root.iter("testcase")
            if ("e2e" in case.get("classname", "")) == (kind == "integration")
        ]
        bad = [c for c in cases if c.find("failure") is not None or c.find("error") is not None]
        skipped = sum(c.find("skipped") is not None for c in cases)
        seen = f"{len(cases)} tests, {len(bad)} failed, {skipped} skipped"
        return Outcome(bool(cases) and not bad, seen, "no failure")

    return check


def safety(ground: Ground) -> Outcome:
    """A foreign page is refused, keys are asked for where there are any, headers are set."""
    site = ground.site
    foreign = site.call("GET", site.ask_path("hi"), headers={"Origin": "https://foreign.example"})
    plain = site.call("GET", "/healthz")
    wrong = {
        "a foreign origin was let in": foreign.status != 403,
        "a foreign origin got CORS headers": "access-control-allow-origin" in foreign.headers,
        "nosniff is missing": plain.headers.get("x-content-type-options") != "nosniff",
        "the server tells its framework": "aiohttp" in plain.headers.get("server", "").lower(),
        "the admin surface is open": site.call("GET", "/admin/flags").status == 200
        and site.admin != site.key,
    }
    bad = [words for words, is_bad in wrong.items() if is_bad]
    if ground.source is None:
        seen = "; ".join([*bad, f"{len(wrong)} probes", "the sources were not looked at"])
        return Outcome(False, seen, "none", NO_SOURCE, is_open=not bad)
    said, is_good, is_open = audited(ground.source)
    seen = "; ".join([*bad, f"{len(wrong)} probes", said])
    remedy = "make security, where known flaws can be asked for or SECURITY_ADVISORIES has a copy"
    return Outcome(not bad and is_good, seen, "none", remedy, is_open and not bad)


def audited(source: Path) -> tuple[str, bool, bool]:
    """Run the security gate of a checkout: what it says, does it hold, could it only not look?"""
    if not (source / "deploy" / "security").is_dir():
        return f"the gate did not run: {source} is no checkout", False, True
    python = source / ".venv" / "bin" / "python"
    shown = subprocess.run(  # noqa: S603 - a fixed program of the checkout
        [str(python if python.exists() else sys.executable), "-m", "deploy.security", "--json"],
        cwd=source, capture_output=True, text=True, check=False,
    )  # fmt: skip
    try:
        found = json.loads(shown.stdout)
    except ValueError:
        return f"the gate did not run: {(shown.stderr.strip() or 'no output')[-120:]}", False, True
    kinds: dict[str, list[str]] = {}
    for check in found["checks"]:
        kinds.setdefault(check["state"], []).append(check["name"])
    words = [f"{len(names)} {state} ({', '.join(names)})" for state, names in kinds.items()]
    return "; ".join(words), bool(found["ok"]), set(kinds) <= {"ok", "NOT CHECKED"}


def page(name: str, *words: str) -> Check:
    """Return the check that a page of the documentation is there and speaks of its subject."""

    def check(ground: Ground) -> Outcome:
        if ground.source is None:
            return not_looked("the documents were not looked at", f"docs/{name}", NO_SOURCE)
        path = ground.source / "docs" / name
        text = path.read_text(encoding="utf-8") if path.is_file() else ""
        missing = [word for word in words if word not in text]
        seen = f"docs/{name}, {len(text.splitlines())} lines" if text else f"docs/{name} is missing"
        seen += f", does not speak of {', '.join(missing)}" if missing else ""
        return Outcome(bool(text) and not missing, seen, f"docs/{name}")

    return check


def api_documents(ground: Ground) -> Outcome:
    """The schema is served, and every route that it names is there."""
    answer = ground.site.call("GET", "/openapi.json")
    paths = answer.json.get("paths", {})
    gone = [
        path
        for path, methods in paths.items()
        if "get" in methods
        and "{" not in path
        and ground.site.call("HEAD", path, as_admin=True).status == 404
    ]
    seen = f"{len(paths)} paths, {len(gone)} not served" if paths else f"status {answer.status}"
    return Outcome(bool(paths) and not gone, seen, "/openapi.json agrees with live answers")


def troubleshooting(ground: Ground) -> Outcome:
    """Every error code has its entry on the gateway's own page."""
    answer = ground.site.call("GET", "/docs/errors")
    text = answer.body.decode("utf-8", "replace")
    missing = [code for code in FAULTS if f'id="{code}"' not in text]
    seen = f"{len(FAULTS) - len(missing)} of {len(FAULTS)} codes, status {answer.status}"
    return Outcome(answer.status == 200 and not missing, seen, "every code")


def smoke(ground: Ground) -> Outcome:
    """The routes that do not stream answer."""
    statuses = {path: ground.site.call("GET", path).status for path in SMOKE}
    chat = probe_chat(ground.site)
    bad = [f"{path} {status}" for path, status in statuses.items() if status != 200]
    bad += [] if chat.ok else [f"/chat: {chat.seen}"]
    return Outcome(not bad, "; ".join(bad) or f"{len(SMOKE) + 1} routes", "all 200")


def integration(ground: Ground) -> Outcome:
    """The probes one after another, against whatever address was given."""
    site = ground.site
    found = {
        "stream": probe_stream(site),
        "reconnect": probe_reconnect(site, 4),
        "stop": stop_probe(site),
        "older endpoint": probe_chat(site),
        "OpenAI": completion(site),
    }
    bad = [f"{name}: {outcome.seen}" for name, outcome in found.items() if not outcome.ok]
    return Outcome(not bad, "; ".join(bad) or f"{len(found)} probes", "all hold")


def completion(site: Site) -> Outcome:
    """A completion by OpenAI's protocol."""
    messages = [{"role": "user", "content": "[[n=2]] [[delay=0]]"}]
    answer = site.call("POST", "/v1/chat/completions", {"model": "default", "messages": messages})
    return Outcome(bool(answer.json.get("choices")), f"status {answer.status}", "200, a choice")


def reconnect(ground: Ground) -> Outcome:
    """Cut at random bytes: text identical, and only one run of the prompt for all of it."""
    before = ground.site.metrics().get("gateway_streams_total", 0)
    found = probe_reconnect(ground.site)
    runs = 0.0
    for _ in range(20):
        runs = ground.site.metrics().get("gateway_streams_total", 0) - before
        if runs:
            break
    seen = f"{found.seen}, {runs:g} run of the prompt"
    return Outcome(found.ok and runs == 1, seen, f"{found.limit}, 1 run")


def alert(name: str) -> Check:
    """Return the check that an alert's rule tests pass."""

    def check(ground: Ground) -> Outcome:
        if ground.source is None:
            return not_looked("the rules were not looked at", "rule tests pass", NO_SOURCE)
        source = ground.source
        code, text = ground.once("promtool", lambda: _promtool(source))
        rules = (source / "deploy" / "alerts.yml").read_text()
        has = f"alert: {name}\n" in rules
        seen = f"{name}: rule tests {'pass' if code == 0 else 'fail'}" if has else "no such alert"
        return Outcome(has and code == 0, seen if code == 0 else text or seen, "rule tests pass")

    return check


def _promtool(source: Path) -> tuple[int, str]:
    binary = shutil.which("promtool")
    if binary is None:
        raise CannotLook("promtool is missing: apt-get install prometheus")
    done = subprocess.run(  # noqa: S603 - a fixed program on files of the checkout
        [binary, "test", "rules", str(source / "deploy" / "tests" / "alerts.test.yml")],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    return done.returncode, (done.stderr + done.stdout).strip()[-300:]


def runbooks(ground: Ground) -> Outcome:
    """Every alert has a section in the runbooks."""
    if ground.source is None:
        return not_looked("the runbooks were not looked at", "every alert", NO_SOURCE)
    rules = (ground.source / "deploy" / "alerts.yml").read_text().splitlines()
    names = [line.split("alert:")[1].strip() for line in rules if "alert:" in line]
    text = (ground.source / "docs" / "runbooks.md").read_text()
    missing = [name for name in names if f"\n## {name}\n" not in text]
    seen = f"{len(names) - len(missing)} of {len(names)} alerts"
    return Outcome(bool(names) and not missing, seen, "every alert")
