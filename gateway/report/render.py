"""A report in words: Markdown, or a text to send round."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from gateway.rollout.verdict import Verdict

from .numbers import Report, Times

MARKS = {"ok": "✓", "hold": "!", "back": "✗", "unknown": "?"}
Rows = Sequence[Sequence[str]]


def span(report: Report) -> str:
    """Return the window in words."""
    first, last = (datetime.fromtimestamp(at, UTC) for at in (report.since, report.until))
    return f"{first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M} UTC"


def markdown(report: Report, verdict: Verdict) -> str:
    """Return the report as Markdown."""
    parts = [f"# Streaming, {span(report)}", "", f"**{verdict.word}**"]
    parts += [f"- {reason}" for reason in verdict.reasons]
    for title, rows in sections(report, verdict):
        head, *body = rows
        parts += ["", f"## {title}", "", _md_row(head), _md_row(["---"] * len(head))]
        parts += [_md_row(row) for row in body]
    return "\n".join(parts) + "\n"


def _md_row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def sections(report: Report, verdict: Verdict) -> list[tuple[str, Rows]]:
    """Return the tables of the report, each with its head; thresholds come first."""
    gates = [(MARKS[g.state], g.name, g.seen, g.limit, g.rows) for g in verdict.gates]
    numbers = [
        ("streams", str(report.streams)),
        ("flag", report.flag or "-"),
        ("connections begun", f"{report.connection_success:.2%}"),
        ("errors", f"{report.error_ratio:.2%}"),
        ("between tokens, average", f"{report.inter_token_ms:.1f} ms of {report.gaps} gaps"),
        ("reconnections a stream", f"{_share(report.reconnects.get('resumed', 0), report)}"),
        ("refused by limits, an hour", f"{report.violations_per_hour:g}"),
        ("slow readers cut", str(report.slow_readers_cut)),
        ("audit records", str(report.audit_records)),
        ("open streams now", str(report.active)),
        ("memory of the answering worker now", _memory(report)),
    ]
    times = [
        _times("first token, end to end", report.first_token),
        _times("first token, own part", report.first_token_own),
        _times("longest gap", report.longest_gap),
        _times("older endpoint", report.chat),
    ]
    counted: list[tuple[str, Mapping[str, int]]] = [
        ("Errors by code", report.errors),
        ("How streams ended", report.outcomes),
        ("Refused by limit", report.violations),
        ("Reconnections", {k: n for k, n in report.reconnects.items() if k != "joined"}),
        ("Tries at backends", report.attempts),
        ("Log records by level", report.log_records),
    ]
    return [
        ("Targets", [("", "criterion", "seen", "limit", "rows"), *gates]),
        ("Numbers", [("what", "value"), *numbers]),
        ("Times", [("what", "count", "mean", "p50", "p95", "p99"), *times]),
        *((title, _counted(found)) for title, found in counted if found),
    ]


def _counted(found: Mapping[str, int]) -> Rows:
    rows = sorted(found.items(), key=lambda item: -item[1])
    return [("what", "count"), *((key.replace("|", ", "), str(count)) for key, count in rows)]


def _share(count: int, report: Report) -> str:
    return f"{count / report.streams:.3f}" if report.streams else "0"


def _memory(report: Report) -> str:
    used = f"{report.memory_bytes / 2**20:.0f} MiB"
    if not report.memory_limit_bytes:
        return f"{used}, no limit set"
    return f"{used} of {report.memory_limit_bytes / 2**20:.0f} MiB"


def _times(name: str, found: Times) -> tuple[str, ...]:
    values = (found.mean_ms, found.p50_ms, found.p95_ms, found.p99_ms)
    return (name, str(found.count), *(f"{value:.1f} ms" for value in values))


def announcement(report: Report, verdict: Verdict) -> str:
    """Return a text for colleagues: what is on, how it went, what is open."""
    seen, own = report.first_token, report.first_token_own.mean_ms
    open_points = [f"- {reason}" for reason in verdict.reasons] or ["- nothing"]
    numbers = (
        f"{report.streams} answers, {report.error_ratio:.2%} failed, "
        f"{report.connection_success:.2%} of the connections began, "
        f"first words after {seen.mean_ms:.0f} ms on average (p95 {seen.p95_ms:.0f} ms), "
        f"{own:.0f} ms of it the gateway's own."
    )
    head = f"Streaming is {report.flag or 'on'}; {span(report)}: {verdict.word}."
    return "\n".join([head, numbers, "Open points:", *open_points]) + "\n"
