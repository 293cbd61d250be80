"""KEEP, HOLD or ROLL BACK: the checklist's rows 63 to 74 held against a report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

from gateway.report import Report
from gateway.slo import Slo

State = Literal["ok", "hold", "back", "unknown"]
Word = Literal["KEEP", "HOLD", "ROLL BACK"]
CHAT_NOISE_MS = 5.0
"""A rise of the older endpoint below this is noise, whatever its share."""
CHAT_FAILED = 2
"""One failed call of the older endpoint alone says nothing about it."""


class Gate(msgspec.Struct, frozen=True):
    """One criterion: rows of the checklist, what was seen, what was allowed, how it stands."""

    rows: str
    name: str
    state: State
    seen: str
    limit: str


class Verdict(msgspec.Struct, frozen=True):
    """The word and every gate behind it."""

    word: Word
    reasons: tuple[str, ...]
    gates: tuple[Gate, ...]
    version: int = 1

    @property
    def may_advance(self) -> bool:
        """Whether a rollout may go on."""
        return self.word == "KEEP"


def judge(
    report: Report,
    slo: Slo,
    *,
    baseline: Report | None = None,
    block: str = "",
    hold: str = "",
    audit: Gate | None = None,
) -> Verdict:
    """Return the verdict; `block` and `hold` are reasons that a person gave."""
    gates = [
        _first_token(report, slo),
        _inter_token(report, slo),
        _errors(report, slo),
        _connections(report, slo),
        _chat(report, slo, baseline),
        _limits(report),
        audit or Gate("68", "audit", "unknown", "not looked at", "one start, one end a stream"),
        Gate("73", "security", "back" if block else "ok", block or "no block", "no block"),
        Gate("34", "hold", "hold" if hold else "ok", hold or "none", "none"),
    ]
    if report.streams < slo.rollout.min_streams:
        seen = f"{report.streams} streams"
        limit = f"at least {slo.rollout.min_streams}"
        gates.append(Gate("31", "enough to judge", "hold", seen, limit))
    return decide(gates)


def decide(gates: Sequence[Gate]) -> Verdict:
    """Return the word that the worst gate asks for."""
    back = [gate for gate in gates if gate.state == "back"]
    hold = [gate for gate in gates if gate.state == "hold"]
    word: Word = "ROLL BACK" if back else "HOLD" if hold else "KEEP"
    reasons = tuple(f"{g.name}: {g.seen}, limit {g.limit}" for g in (back or hold))
    return Verdict(word, reasons, tuple(gates))


def _band(value: float, keep: float, back: float) -> State:
    return "back" if value > back else "hold" if value > keep else "ok"


def _first_token(report: Report, slo: Slo) -> Gate:
    seen = report.judged_first_token
    name = "first token, average" + (" (own part)" if report.is_hosted else "")
    limit = f"{slo.keep.first_token_ms:g} ms, roll back above {slo.rollback.first_token_ms:g}"
    if not seen.count:
        return Gate("63, 71", name, "unknown", "no stream", limit)
    state = _band(seen.mean_ms, slo.keep.first_token_ms, slo.rollback.first_token_ms)
    return Gate("63, 71", name, state, f"{seen.mean_ms:.1f} ms", limit)


def _inter_token(report: Report, slo: Slo) -> Gate:
    limit = f"{slo.keep.inter_token_ms:g} ms"
    if not report.gaps:
        return Gate("64", "inter-token, average", "unknown", "no stream", limit)
    is_slow = report.inter_token_ms > slo.keep.inter_token_ms
    state: State = "hold" if is_slow and not report.is_hosted else "ok"
    seen = f"{report.inter_token_ms:.1f} ms" + (
        " (the provider's pace)" if report.is_hosted else ""
    )
    return Gate("64", "inter-token, average", state, seen, limit)


def _errors(report: Report, slo: Slo) -> Gate:
    limit = f"{slo.keep.error_ratio:.0%}, roll back above {slo.rollback.error_ratio:.0%}"
    state = _band(report.error_ratio, slo.keep.error_ratio, slo.rollback.error_ratio)
    failed = sum(report.errors.values())
    seen = f"{report.error_ratio:.2%} ({failed} of {report.streams})"
    return Gate("65, 70", "errors", state, seen, limit)


def _connections(report: Report, slo: Slo) -> Gate:
    keep, back = slo.keep.connection_success, slo.rollback.connection_success
    state = _band(-report.connection_success, -keep, -back)
    seen = f"{report.connection_success:.2%} ({report.opened} of {report.opened + report.failed})"
    return Gate("66, 72", "connections", state, seen, f"{keep:.0%}, roll back below {back:.0%}")


def _limits(report: Report) -> Gate:
    """Without any decision no limit is in force: in production nobody meant that."""
    refused = sum(report.violations.values())
    if report.decisions:
        seen = f"{report.decisions} decisions, {refused} refused"
        return Gate("69", "limits", "ok", seen, "in force")
    is_bad = report.profile == "production" and report.streams > 0
    seen = "no decision" if report.streams else "no stream"
    return Gate("69", "limits", "back" if is_bad else "unknown", seen, "in force")


def _chat(report: Report, slo: Slo, baseline: Report | None) -> Gate:
    total = sum(report.chat_answers.values())
    failed = sum(n for status, n in report.chat_answers.items() if status.startswith("5"))
    if failed >= CHAT_FAILED and failed / total > slo.keep.error_ratio:
        state = _band(failed / total, slo.keep.error_ratio, slo.rollback.error_ratio)
        limit = f"{slo.keep.error_ratio:.0%}, roll back above {slo.rollback.error_ratio:.0%}"
        return Gate("67, 74", "older endpoint", state, f"{failed} of {total} failed", limit)
    return _chat_time(report, slo, baseline)


def _chat_time(report: Report, slo: Slo, baseline: Report | None) -> Gate:
    keep, back = slo.keep.chat_latency_rise, slo.rollback.chat_latency_rise
    limit = f"+{keep:.0%}, roll back above +{back:.0%}"
    if baseline is None or not baseline.chat.count or not report.chat.count:
        return Gate("67, 74", "older endpoint", "unknown", "no baseline", limit)
    rise_ms = report.chat.mean_ms - baseline.chat.mean_ms
    rise = rise_ms / baseline.chat.mean_ms
    state = "ok" if rise_ms < CHAT_NOISE_MS else _band(rise, keep, back)
    seen = f"{rise:+.0%} ({baseline.chat.mean_ms:.0f} to {report.chat.mean_ms:.0f} ms)"
    return Gate("67, 74", "older endpoint", state, seen, limit)
