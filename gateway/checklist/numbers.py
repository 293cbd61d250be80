"""Rows that read numbers: metrics, log records, the report, comparisons."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

import msgspec
from prometheus_client.parser import text_string_to_metric_families

from gateway.report import Report, Snapshot, report_of, take, window_of
from gateway.report.render import announcement, markdown
from gateway.rollout.verdict import judge

from .audit_files import NO_FOLDER, audit_complete, read_trail
from .flags import chat_unchanged
from .row import Ground, Outcome, not_looked
from .site import no_key

Check = Callable[[Ground], Outcome]
NO_BASELINE = "gateway report --since 1h --json > before.json, then give --baseline before.json"


def standing(ground: Ground) -> Snapshot:
    """Return the counters as they stand, read from `/metrics`."""
    families = text_string_to_metric_families(ground.site.exposition())
    return take(families, time.time(), "")


def mark(ground: Ground) -> Snapshot:
    """Return where this run's own traffic began to count."""
    return ground.once("mark", lambda: standing(ground))


def mark_again(ground: Ground) -> None:
    """Count from here on: faults that were planted on purpose are no failures."""
    ground.put("mark", standing(ground))


def read(ground: Ground, since: str) -> Report:
    """Return a report of the gateway."""
    answer = ground.site.call("GET", f"/report?since={since}", as_admin=True)
    if answer.status != 200:
        raise no_key("/report", answer)
    return msgspec.json.decode(answer.body, type=Report)


def recent(ground: Ground) -> Report:
    """Return the report of this run, without its planted faults."""
    before, now = mark(ground), standing(ground)
    found = report_of(window_of([before, now], before.at, now.at))
    answer = ground.site.call("GET", "/report?since=1h", as_admin=True)
    return msgspec.structs.replace(found, is_hosted=bool(answer.json.get("is_hosted")))


def logs(ground: Ground) -> Outcome:
    """No record of level error or above since the gateway began."""
    seen = ground.site.metrics()
    found = {
        key.partition('"')[2].rstrip('"'): int(count)
        for key, count in seen.items()
        if key.startswith("gateway_log_records_total|level=")
    }
    bad = sum(found.get(level, 0) for level in ("error", "critical", "exception"))
    text = ", ".join(f"{level} {count}" for level, count in sorted(found.items())) or "no record"
    return Outcome(bool(found) and not bad, text, "no record of level error", "gateway logs check")


def watched(hours: int) -> Check:
    """Return the check of a watch of so many hours."""

    def check(ground: Ground) -> Outcome:
        report = read(ground, f"{hours}h")
        covered_h = report.covered_s / 3600
        verdict = judge(report, ground.slo, baseline=ground.baseline)
        limit = f"{hours} h of record, KEEP"
        seen = f"{covered_h:.1f} h of record, {report.streams} streams, {verdict.word}"
        if covered_h < hours * 0.99:
            remedy = f"wait: {hours - covered_h:.1f} h are missing"
            return not_looked(seen, limit, remedy)
        return Outcome(verdict.may_advance, seen, limit, "; ".join(verdict.reasons))

    return check


def four_numbers(ground: Ground) -> Outcome:
    """First token, errors, violations and connection stability of this run."""
    seen = recent(ground)
    text = (
        f"first token {seen.first_token.mean_ms:.0f} ms, errors {seen.error_ratio:.2%}, "
        f"violations {sum(seen.violations.values())}, connections {seen.connection_success:.1%}, "
        f"slow readers cut {seen.slow_readers_cut}"
    )
    return Outcome(seen.streams > 0, text, "all four are told")


def gate(rows: str) -> Check:
    """Return the check that reads one gate of the verdict of this run."""

    def check(ground: Ground) -> Outcome:
        verdict = judge(recent(ground), ground.slo, baseline=ground.baseline)
        number = rows.strip("+-")
        found = next(g for g in verdict.gates if number in g.rows.split(", "))
        if found.state == "unknown":
            if number in ("67", "74") and ground.baseline is None:
                return chat_unchanged(ground, ground.slo.rollback if number == "74" else None)
            return not_looked(found.seen, found.limit, "send some traffic first")
        is_ok = found.state != "back" if rows.startswith("-") else found.state == "ok"
        return Outcome(is_ok, found.seen, found.limit)

    return check


def blocked(ground: Ground) -> Outcome:
    """Nobody blocked the release for a security issue."""
    said = ground.site.call("GET", "/admin/rollout", as_admin=True).json
    state = said.get("state", "unknown")
    seen = f"{state}: {said.get('reason')}" if said.get("reason") else str(state)
    remedy = "give --admin-key" if state == "unknown" else "gateway rollout go"
    is_open = state == "unknown"
    return Outcome(state in ("go", "hold"), seen, "no block", remedy, is_open)


def compared(ground: Ground) -> Outcome:
    """Averages of this run against the evidence of staging."""
    if ground.baseline is None:
        return not_looked("no baseline", "no worse than before", NO_BASELINE)
    now, before = recent(ground), ground.baseline
    first = (before.judged_first_token.mean_ms, now.judged_first_token.mean_ms)
    seen = (
        f"first token {first[0]:.0f} to {first[1]:.0f} ms, "
        f"gap {before.inter_token_ms:.0f} to {now.inter_token_ms:.0f} ms"
    )
    is_ok = now.judged_first_token.mean_ms < ground.slo.keep.first_token_ms
    return Outcome(is_ok and now.inter_token_ms < ground.slo.keep.inter_token_ms, seen, "targets")


def error_rise(ground: Ground) -> Outcome:
    """The difference of two error ratios, with its 95 % interval."""
    if ground.baseline is None:
        return not_looked("no baseline", "no rise", NO_BASELINE)
    now, before = recent(ground), ground.baseline
    p, q = now.error_ratio, before.error_ratio
    spread = 1.96 * math.sqrt(
        p * (1 - p) / max(now.streams, 1) + q * (1 - q) / max(before.streams, 1)
    )
    seen = f"{p - q:+.2%} ± {spread:.2%} ({now.streams} and {before.streams} streams)"
    return Outcome(p - q - spread <= 0, seen, "the interval holds 0 or less")


def violations(ground: Ground) -> Outcome:
    """Refusals by limit, and by pseudonym where the trail can be read."""
    report = read(ground, "48h")
    limits = ", ".join(f"{name} {count}" for name, count in report.violations.items()) or "none"
    who = "pseudonyms: give --audit"
    if ground.audit is not None:
        hits = sorted(read_trail(ground.audit).hits.items(), key=lambda item: -item[1])[:3]
        who = ", ".join(f"{name} {count}" for name, count in hits) or "no pseudonym was refused"
    return Outcome(True, f"by limit: {limits}; {who}", "reviewed")


def series(*names: str) -> Check:
    """Return the check that these series are exported."""

    def check(ground: Ground) -> Outcome:
        found = ground.site.metrics()
        missing = [name for name in names if name not in found]
        seen = ", ".join(f"{name} {found[name]:g}" for name in names if name in found)
        remedy = "send some traffic first" if missing else ""
        return Outcome(not missing, seen or f"missing: {', '.join(missing)}", "exported", remedy)

    return check


def idle(ground: Ground) -> Outcome:
    """Open streams and connections are back at zero after everything that was tried."""
    seen: dict[str, float] = {}
    for _ in range(60):
        seen = ground.site.metrics()
        if not seen.get("gateway_streams_active") and not seen.get("gateway_readers_active"):
            break
        time.sleep(0.5)
    streams, readers = seen["gateway_streams_active"], seen["gateway_readers_active"]
    return Outcome(not streams and not readers, f"{streams:g} streams, {readers:g} readers", "0, 0")


def memory(ground: Ground) -> Outcome:
    """Memory against the container's limit, and what an open stream costs."""
    from .load import loaded

    found, seen = loaded(ground), ground.site.metrics()
    used, limit = seen["gateway_memory_bytes"], seen.get("gateway_memory_limit_bytes", 0.0)
    per = max(0.0, found.busy_bytes - found.idle_bytes) / ground.streams / 1024
    text = f"{used / 2**20:.0f} MiB, about {per:.0f} KiB an open stream"
    if not limit:
        return Outcome(True, f"{text}, no limit is set", f"{ground.slo.alerts.memory_ratio:.0%}")
    text += f", {used / limit:.0%} of the limit"
    ratio = ground.slo.alerts.memory_ratio
    return Outcome(used / limit < ratio, text, f"{ratio:.0%}")


def audited(ground: Ground) -> Outcome:
    """The trail has every operation."""
    return audit_complete(ground)


def limits_hold(ground: Ground) -> Outcome:
    """Per identity never more admitted than the policy allows in any window, by the trail."""
    if ground.audit is None:
        return NO_FOLDER
    policy = ground.once("policy", lambda: _policy(ground))
    if policy is None:
        return Outcome(False, "no limit is in force", "a limit", "set GATEWAY_LIMIT or `limits:`")
    quota, window_s = policy
    worst = 0
    for times in read_trail(ground.audit).admitted.values():
        worst = max(worst, _densest(sorted(map(_seconds, times)), window_s))
    seen = f"at most {worst} in any {window_s:g} s of one identity"
    return Outcome(worst <= quota, seen, f"{quota} in {window_s:g} s")


def _policy(ground: Ground) -> tuple[int, float] | None:
    from .probes import POLICY

    answer = ground.site.call("POST", f"{ground.site.base}/streams", {"query": "[[n=1]]"})
    found = POLICY.search(answer.headers.get("ratelimit-policy", ""))
    return (int(found[1]), float(found[2] or 0)) if found else None


def _densest(times: list[float], window_s: float) -> int:
    first, most = 0, 0
    for last, at in enumerate(times):
        while times[first] <= at - window_s:
            first += 1
        most = max(most, last - first + 1)
    return most


def _seconds(stamp: str) -> float:
    from datetime import datetime

    return datetime.fromisoformat(stamp.replace("Z", "+00:00")).timestamp()


def issues(ground: Ground) -> Outcome:
    """Errors of the window by code; each has its place in the troubleshooting guide."""
    found = read(ground, ground.since).errors
    text = ", ".join(f"{code} {count}" for code, count in found.items()) or "none"
    return Outcome(True, text, "listed")


def announced(ground: Ground) -> Outcome:
    """The text to send round, made from the report."""
    found = recent(ground)
    text = announcement(found, judge(found, ground.slo))
    return Outcome(bool(text), text.splitlines()[0], "made from the report")


def shared(ground: Ground) -> Outcome:
    """The report as Markdown and JSON."""
    found = recent(ground)
    page = markdown(found, judge(found, ground.slo))
    size = len(msgspec.json.encode(found))
    return Outcome(True, f"Markdown {len(page)} characters, JSON {size} bytes", "both")
