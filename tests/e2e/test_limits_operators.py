"""What operators do about limits, at the command line, against a gateway that runs."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from typing import Any

from audit import by_time
from gateway.config import hash_key
from tests.e2e.processes import KEPT, ROOT, Gateway, Start, eventually
from tests.e2e.wire import CHAT, COMPLETIONS, completion_body

ADMIN = "admin-secret-0123456789"
ONE = {"query": "[[n=1]]"}
LIMITS = {
    "few": {"per": ["user"], "requests": 3},
    "tokens": {"per": ["user"], "tokens": 5000},
    "spend": {"per": ["user"], "money": 2.5, "period": "month"},
}
PRICES = {"default": {"input": 2, "output": 10}}


def config(**limits: Any) -> dict[str, Any]:
    """Return a file with these limits; the scripted backend answers."""
    return {
        "backends": {"demo": {"kind": "script"}},
        "models": {"default": {"targets": [{"backend": "demo"}]}},
        "apps": {"bali-zero": {"limits": list(limits)}},
        "prices": PRICES,
        "limits": limits,
    }


def gateway_command(*words: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a process of its own."""
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    return subprocess.run(
        [sys.executable, "-m", "gateway", *words],
        cwd=ROOT, env=kept, capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip


def rows(gateway: Gateway, *words: str) -> dict[str, dict[str, Any]]:
    """Return what `gateway limits …` says, by limit."""
    at = ("--url", gateway.wire.url, "--admin-key", ADMIN, "--json")
    done = gateway_command("limits", *words, *at)
    assert done.returncode == 0, done.stderr
    return {row["limit"]: row for row in json.loads(done.stdout)["limits"]}


def test_show_agrees_with_the_audit_and_reset_begins_anew(start: Start):
    gateway = start(config(**LIMITS), GATEWAY_ADMIN_KEY=ADMIN)
    ids = [
        gateway.wire.post(COMPLETIONS, completion_body(f"[[n={n}]]", max_tokens=50)).json["id"]
        for n in (3, 7)
    ]
    refused = gateway.wire.post(COMPLETIONS, completion_body("[[n=1]]", max_tokens=9000))
    assert refused.status == 400

    shown = rows(gateway, "show", "127.0.0.1")

    ends = eventually(lambda: [r for r in gateway.records() if r.get("event") == "chat.completed"])
    assert len(ends) == len(ids)
    usages = [record["usage"] for record in ends]
    tokens = sum(usage["input_tokens"] + usage["output_tokens"] for usage in usages)
    money = sum(2 * usage["input_tokens"] + 10 * usage["output_tokens"] for usage in usages)
    assert shown["few"]["used"] == 2
    assert shown["tokens"]["used"] == tokens > 10
    assert shown["spend"]["used"] == money > 100
    assert rows(gateway, "reset", "address:127.0.0.1", "--limit", "few")["few"]["used"] == 0
    again = rows(gateway, "show", "127.0.0.1")
    assert (again["few"]["used"], again["tokens"]["used"]) == (0, tokens)


def test_refusals_are_few_records_that_the_report_counts(start: Start):
    gateway = start(config(few=LIMITS["few"]))
    statuses = [gateway.wire.post(CHAT, ONE).status for _ in range(9)]
    gateway.close()

    done = gateway_command("ratelimit", "report", "--audit", str(gateway.audit_path), "--json")

    assert statuses == [200] * 3 + [429] * 6
    kept = [one.record for one in by_time(gateway.audit_path)]
    records = [record for record in kept if record["event"] == "ratelimit.hit"]
    assert 1 <= len(records) <= 2
    assert all("127.0.0.1" not in json.dumps(record) for record in records)
    report = json.loads(done.stdout)["report"]
    assert report["hits"] == 6
    assert [one["limit"] for one in report["limits"]] == ["few"]


def test_a_changed_policy_is_rehearsed_on_the_trail(start: Start):
    gateway = start(config(few={"per": ["user"], "requests": 50}))
    for _ in range(6):
        assert gateway.wire.post(CHAT, ONE).status == 200
    gateway.close()
    changed = gateway.folder / "changed.yaml"
    changed.write_text(json.dumps(config(fewer={"per": ["user"], "requests": 4})))
    words = ("limits", "simulate", "--audit", str(gateway.audit_path), "--config", str(changed))

    done = gateway_command(*words, "--json")
    spoken = gateway_command(*words)

    rehearsal = json.loads(done.stdout)["rehearsal"]
    assert (rehearsal["calls"], rehearsal["by_limit"]) == (6, {"fewer": 2})
    assert "6 calls, 2 would have been refused" in spoken.stdout


def test_a_key_counts_as_one_caller_also_where_its_name_in_the_trail_has_changed(start: Start):
    secret = "sk-vip-0123456789abcdef"
    keys = [{"id": "vip", "hash": hash_key(secret)}]
    gateway = start(config(few={"per": ["key"], "requests": 50}) | {"keys": keys})
    for turn in range(3):
        for _ in range(2):
            answer = gateway.wire.post(CHAT, ONE, Authorization=f"Bearer {secret}")
            assert answer.status == 200
        if turn < 2:
            words = ("audit", "keys", "rotate", "--path", str(gateway.audit_path))
            assert gateway_command(*words).returncode == 0
            time.sleep(1.1)  # so long a worker may go on with the name that it knows
    gateway.close()
    changed = gateway.folder / "changed.yaml"
    changed.write_text(json.dumps(config(fewer={"per": ["key"], "requests": 4}) | {"keys": keys}))

    done = gateway_command(
        "limits", "simulate", "--audit", str(gateway.audit_path), "--config", str(changed), "--json"
    )

    rehearsal = json.loads(done.stdout)["rehearsal"]
    assert len({one.record["subject"] for one in by_time(gateway.audit_path)
                if one.record["event"] == "chat.received"}) == 3  # fmt: skip
    assert (rehearsal["calls"], rehearsal["by_limit"]) == (6, {"fewer": 2})


def test_bursts_and_far_resets_are_shown_as_people_say_them(start: Start):
    limits = {
        "smooth": {"per": ["user"], "requests": 600, "burst": 20},
        "spend": {"per": ["user"], "money": 2.5, "period": "month"},
    }
    gateway = start(config(**limits), GATEWAY_ADMIN_KEY=ADMIN)

    done = gateway_command(
        "limits", "show", "user:ann", "--url", gateway.wire.url, "--admin-key", ADMIN
    )

    lines = {line.split()[0]: line for line in done.stdout.splitlines()}
    assert "20 at once, 600 requests / 60 s" in lines["smooth"]
    assert re.search(r" [\d.]+ (days|h|min|s)  user", lines["spend"])


def test_without_the_admin_key_nothing_is_shown(start: Start):
    gateway = start(config(few=LIMITS["few"]), GATEWAY_ADMIN_KEY=ADMIN)

    done = gateway_command("limits", "show", "key:web", "--url", gateway.wire.url)
    unknown = gateway_command(
        "limits", "show", "key:web", "--url", gateway.wire.url, "--admin-key", ADMIN
    )

    assert done.returncode == unknown.returncode == 1
    assert "refused" in done.stderr
    assert "no key of that name" in unknown.stderr
    assert "GATEWAY_ADMIN_KEY" in done.stderr
    assert "GATEWAY_ADMIN_KEY" not in unknown.stderr
