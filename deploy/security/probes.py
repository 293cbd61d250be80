"""Checks of a started gateway: headers, origins, keys, redaction, and what production refuses."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from gateway.checklist import NoAnswer, Site

from .check import Check, judged
from .sources import ROOT

KEY, ADMIN = "probe-" + "k" * 40, "probe-" + "a" * 40
KEYS = {"GATEWAY_API_KEYS": KEY, "GATEWAY_ADMIN_KEY": ADMIN}
ORIGIN, FOREIGN = "https://chat.example.com", "https://foreign.example"
MAIL, CARD, WORD = "mona.lisa@example.org", "4111 1111 1111 1111", "canary-7f3a91c2"
EVERYWHERE = "0.0.0.0"  # nosec B104 - only checked, never bound
START_S = 30.0
ASK = {"model": "default", "messages": [{"role": "user", "content": f"{MAIL} {CARD}"}]}


@contextlib.contextmanager
def started(folder: Path, keys: dict[str, str]) -> Iterator[Site]:
    """Start a gateway with these keys and one origin; its log and trail go to a folder."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    folder.mkdir()
    environ = kept | keys | {
        "GATEWAY_CORS_ORIGINS": ORIGIN,
        "GATEWAY_AUDIT_PATH": str(folder / "audit"),
        "GATEWAY_AUDIT_KEY": "probe-" + "p" * 40,
    }  # fmt: skip
    with (folder / "out").open("wb") as out, (folder / "log").open("wb") as log:
        child = subprocess.Popen(
            [sys.executable, "-m", "gateway", "serve", "--port", "0"],
            cwd=ROOT, env=environ, stdout=out, stderr=log,
        )  # fmt: skip
    try:
        yield Site(_address(folder / "out", child), key=KEY, admin=ADMIN)
    finally:
        child.terminate()
        try:
            child.wait(10)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _address(out: Path, child: subprocess.Popen[bytes]) -> str:
    until = time.monotonic() + START_S
    while time.monotonic() < until and child.poll() is None:
        if found := re.search(r"http://127\.0\.0\.1:\d+", out.read_text()):
            return found[0]
        time.sleep(0.05)
    raise OSError("the gateway did not start")


def probe_all() -> list[Check]:
    """Start a gateway and run every probe; one that could not look says so."""
    names = ("rebinding", "headers", "origins", "keys", "redaction")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        try:
            with started(folder / "open", {}) as site:
                found = [rebinding(site)]
            with started(folder / "keyed", KEYS) as site:
                found += [headers(site), origins(site), keys(site)]
                ask(site)
        except (OSError, NoAnswer) as exc:
            return [Check(name, "NOT CHECKED", str(exc)) for name in names] + [production()]
        return [*found, redaction(folder / "keyed"), production()]


def headers(site: Site) -> Check:
    """The safety headers are on every kind of answer."""
    answers = {path: site.call("GET", path) for path in ("/", "/healthz", "/docs", "/nowhere")}
    wrong = []
    for path, answer in answers.items():
        said = answer.headers
        wrong += [f"{path}: no nosniff"] if said.get("x-content-type-options") != "nosniff" else []
        wrong += [f"{path}: no Referrer-Policy"] if "referrer-policy" not in said else []
        wrong += [f"{path}: no request id"] if "x-request-id" not in said else []
        wrong += [f"{path}: names its framework"] if "aiohttp" in said.get("server", "") else []
    for path in ("/", "/docs"):
        policy = answers[path].headers.get("content-security-policy", "")
        wrong += [] if "default-src 'none'" in policy else [f"{path}: no strict CSP"]
        wrong += [f"{path}: CSP allows inline scripts"] if _allows_inline(policy) else []
    return judged("headers", f"{len(answers)} paths", wrong)


def _allows_inline(policy: str) -> bool:
    scripts = [part for part in policy.split(";") if part.strip().startswith("script-src")]
    return any("'unsafe-inline'" in part or "'unsafe-eval'" in part for part in scripts)


def origins(site: Site) -> Check:
    """A foreign page gets nothing, ours is let in."""
    path = site.ask_path("hi")
    asked = {"Access-Control-Request-Method": "POST"}
    foreign = site.call("GET", path, headers={"Origin": FOREIGN})
    preflight = site.call("OPTIONS", path, headers={"Origin": FOREIGN} | asked)
    ours = site.call("OPTIONS", path, headers={"Origin": ORIGIN} | asked)
    allow = "access-control-allow-origin"
    rules = {
        f"a foreign origin was answered with {foreign.status}": foreign.status != 403,
        "a foreign origin got CORS headers": allow in foreign.headers,
        "a foreign preflight got CORS headers": allow in preflight.headers,
        "our own origin is refused": ours.headers.get(allow) != ORIGIN,
        "every origin is allowed": "*" in (ours.headers.get(allow, ""), foreign.headers.get(allow)),
    }
    return judged("origins", f"{len(rules)} probes", [w for w, is_bad in rules.items() if is_bad])


def rebinding(site: Site) -> Check:
    """An instance without keys answers to no foreign Host name."""
    host = {"Host": "foreign.example"}
    paths = ("/", "/v1/models", "/metrics", site.ask_path("hi"))
    seen = {path: site.call("GET", path, headers=host).status for path in paths}
    wrong = [f"{path} answered {status}" for path, status in seen.items() if status < 400]
    return judged("rebinding", f"{len(paths)} paths", wrong)


def keys(site: Site) -> Check:
    """Without a key, or with a wrong one, nothing is answered; admin wants its own."""
    wrong, probes = [], 0
    for secret in (None, "wrong-" + "w" * 40):
        other = Site(site.url, key=secret)
        for method, path, body in (
            ("POST", "/v1/chat/completions", ASK),
            ("POST", "/v1/messages", ASK | {"max_tokens": 9}),
            ("GET", "/v1/models", None),
            ("GET", other.ask_path("hi"), None),
            ("GET", "/admin/flags", None),
        ):
            answer, probes = other.call(method, path, body), probes + 1
            if answer.status not in (401, 403, 404):
                wrong.append(f"{method} {path.partition('?')[0]} without a key: {answer.status}")
            if secret and secret.encode() in answer.body:
                wrong.append(f"{path} repeats the key that it was sent")
    if site.call("GET", "/admin/flags").status == 200:
        wrong.append("a client's key opens /admin")
    if site.call("GET", "/v1/models").status != 200:
        wrong.append("the right key is refused")
    return judged("keys", f"{probes + 2} probes", wrong)


def ask(site: Site) -> None:
    """Send what must not be kept in clear: an address, a card, a word in the query."""
    site.call("POST", "/v1/chat/completions", ASK)
    site.call("GET", site.ask_path(f"{WORD} {MAIL}"))
    site.call("POST", "/v1/chat/completions", {"model": WORD, "messages": 7})


def redaction(folder: Path) -> Check:
    """Neither words nor secrets are in the log; personal data is not in the trail."""
    log = (folder / "log").read_text() + (folder / "out").read_text()
    files = [path for path in (folder / "audit").rglob("*") if path.is_file()]
    trail = "".join(path.read_bytes().decode("utf-8", "replace") for path in files)
    if "chat.received" not in trail or "request_finished" not in log:
        return Check("redaction", "NOT CHECKED", "the calls left no trace in the log or the trail")
    wrong = [f"the log holds {text}" for text in (WORD, MAIL, CARD, KEY, ADMIN) if text in log]
    wrong += [f"the trail holds {text}" for text in (MAIL, CARD, KEY, ADMIN) if text in trail]
    return judged("redaction", f"{len(log.splitlines())} log lines, {len(files)} files", wrong)


def production() -> Check:
    """The production profile refuses what is unsafe, each with its reason."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    shown = subprocess.run(
        [sys.executable, "-m", "gateway", "config", "check", "--json"],
        cwd=ROOT, capture_output=True, text=True, check=False,
        env=kept | {"GATEWAY_PROFILE": "production", "GATEWAY_HOST": EVERYWHERE},
    )  # fmt: skip
    try:
        problems = json.loads(shown.stdout)["problems"]
    except (ValueError, KeyError):
        return Check("production", "NOT CHECKED", "`gateway config check` gave no list")
    wrong = [] if shown.returncode == 1 and problems else ["an open public address is accepted"]
    wrong += [p["message"] for p in problems if not p.get("remedy")]
    return judged("production", f"{len(problems)} refusals with a remedy", wrong)
