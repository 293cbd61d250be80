"""The 74 rows of the deployment checklist, in its order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import flags, load, numbers, surroundings
from .audit_files import audit_pair
from .probes import probe_chat, probe_faults, probe_isolation, probe_ratelimit, probe_stream
from .row import Ground, Outcome, Row
from .site import Site

DRIVER = "gateway bench --streams 150"


def _on_site(probe: Callable[[Site], Outcome]) -> Callable[[Ground], Outcome]:
    return lambda ground: probe(ground.site)


def _faults(ground: Ground) -> Outcome:
    found = probe_faults(ground.site)
    numbers.mark_again(ground)
    return found


def _limited(ground: Ground) -> Outcome:
    return probe_ratelimit(Site(ground.site.url, app=ground.limited, key=ground.site.key))


def _first_token(*more: str) -> Any:
    return numbers.series("gateway_first_token_seconds_count", *more)


ROWS: tuple[Row, ...] = tuple(Row(*cells) for cells in (
    (1, "pre", "Feature flag", "gateway flags show", flags.selftest),
    (2, "pre", "Older endpoint unchanged", "gateway probe chat", _on_site(probe_chat)),
    (3, "pre", "Limiter, audit trail, privacy", "gateway doctor", surroundings.defaults),
    (4, "pre", "Error handling", "gateway faults run", _faults),
    (5, "pre", "Targets defined", "gateway verdict", surroundings.targets),
    (6, "pre", "Unit tests", "make test", surroundings.tests("unit")),
    (7, "pre", "Integration tests", "make test", surroundings.tests("integration")),
    (8, "pre", "Load tests", DRIVER, load.many),
    (9, "pre", "Benchmarks meet targets", DRIVER, load.benchmark),
    (10, "pre", "Security audit", "make security", surroundings.safety),
    (11, "pre", "Deployment guide", "make test", surroundings.page("deployment.md", "## ")),
    (12, "pre", "API documentation", "curl …/openapi.json", surroundings.api_documents),
    (13, "pre", "Troubleshooting guide", "curl …/docs/errors", surroundings.troubleshooting),
    (14, "1", "Deployed with the flag off", "gateway flags show", flags.deployed_off),
    (15, "1", "Existing endpoints work", "gateway probe chat", surroundings.smoke),
    (16, "1", "No errors in logs", "gateway logs check", numbers.logs),
    (17, "1", "Zero impact", "gateway checklist run --phase 1", flags.no_impact),
    (18, "2", "Flag on, live", "gateway flags set ENABLE_SSE_STREAMING on", flags.switched_on),
    (19, "2", "Endpoint accessible", "gateway probe stream", _on_site(probe_stream)),
    (20, "2", "Integration suite", "gateway checklist run --phase 2", surroundings.integration),
    (21, "2", "Benchmark", DRIVER, load.benchmark),
    (22, "2", "Logs", "gateway logs check", numbers.logs),
    (23, "3", "First token, average", DRIVER, load.first_token),
    (24, "3", "Inter-token, average", DRIVER, load.inter_token),
    (25, "3", "Reconnection", "gateway probe reconnect", surroundings.reconnect),
    (26, "3", "Limit refuses with 429", "gateway probe ratelimit", _limited),
    (27, "3", "Audit trail by stream id", "gateway probe audit", audit_pair),
    (28, "3", "Connections at once", "gateway probe isolation", _on_site(probe_isolation)),
    (29, "3", "100 and more streams", DRIVER, load.many),
    (30, "4", "Production, flag off", "gateway flags show", flags.deployed_off_in_production),
    (31, "4", "Watched for 24 hours", "gateway report --since 24h", numbers.watched(24)),
    (32, "4", "Internal test", "gateway flags set … 5%,users:a", flags.internal_test),
    (33, "4", "Four numbers watched", "gateway report", numbers.four_numbers),
    (34, "4", "Gradual rollout", "gateway rollout next", flags.held_step),
    (35, "5", "Watched for 48 hours", "gateway report --since 48h", numbers.watched(48)),
    (36, "5", "Targets maintained", "gateway verdict --baseline FILE", numbers.compared),
    (37, "5", "No rise of errors", "gateway verdict --baseline FILE", numbers.error_rise),
    (38, "5", "Audit trail complete", "gateway audit reconcile", numbers.audited),
    (39, "5", "Violation patterns", "gateway report --since 48h", numbers.violations),
    (40, "rollback", "Flag off, live", "gateway rollback", flags.rolled_back),
    (41, "rollback", "Older endpoint works", "gateway rollback", _on_site(probe_chat)),
    (42, "rollback", "Logs", "gateway logs check", numbers.logs),
    (43, "rollback", "No degradation", "gateway rollback", flags.chat_unchanged),
    (44, "metrics", "First token p50, p95, p99", "gateway report",
     _first_token("gateway_first_token_overhead_seconds_count")),
    (45, "metrics", "Inter-token average", "gateway report",
     numbers.series("gateway_inter_token_seconds_sum", "gateway_inter_token_seconds_count")),
    (46, "metrics", "Connection success", "gateway report",
     numbers.series("gateway_stream_connections_total")),
    (47, "metrics", "Reconnections", "gateway report", numbers.series("gateway_reconnects_total")),
    (48, "metrics", "Violations an hour", "gateway report",
     numbers.series("gateway_limit_decisions_total")),
    (49, "metrics", "Errors by type", "gateway report",
     numbers.series("gateway_stream_errors_total")),
    (50, "metrics", "Active connections", "curl …/metrics", numbers.idle),
    (51, "metrics", "Memory", "gateway report", numbers.memory),
    (52, "alerts", "First token p95", "promtool test rules", surroundings.alert("FirstTokenSlow")),
    (53, "alerts", "Error rate", "promtool test rules", surroundings.alert("StreamErrors")),
    (54, "alerts", "Connection success", "promtool test rules",
     surroundings.alert("ConnectionsFailing")),
    (55, "alerts", "Violations", "promtool test rules", surroundings.alert("LimitViolations")),
    (56, "alerts", "Memory", "promtool test rules", surroundings.alert("MemoryHigh")),
    (57, "after", "API documents without drift", "curl …/openapi.json",
     surroundings.api_documents),
    (58, "after", "Issues seen", "gateway report", numbers.issues),
    (59, "after", "Runbooks", "make test", surroundings.runbooks),
    (60, "after", "Announcement", "gateway report --format announcement", numbers.announced),
    (61, "after", "Performance report", "gateway report --format html", numbers.shared),
    (62, "after", "Limits page", "make test", surroundings.page("known-limits.md", "| bound")),
    (63, "verdict", "First token below target", "gateway verdict", numbers.gate("63")),
    (64, "verdict", "Inter-token below target", "gateway verdict", numbers.gate("64")),
    (65, "verdict", "Errors below target", "gateway verdict", numbers.gate("65")),
    (66, "verdict", "Connections above target", "gateway verdict", numbers.gate("66")),
    (67, "verdict", "Older endpoint as fast", "gateway verdict --baseline FILE",
     numbers.gate("67")),
    (68, "verdict", "Audit has every operation", "gateway audit reconcile", numbers.audited),
    (69, "verdict", "Limits hold", "gateway audit reconcile", numbers.limits_hold),
    (70, "verdict", "No rollback: errors", "gateway verdict", numbers.gate("-70")),
    (71, "verdict", "No rollback: first token", "gateway verdict", numbers.gate("-71")),
    (72, "verdict", "No rollback: connections", "gateway verdict", numbers.gate("-72")),
    (73, "verdict", "No rollback: security", "gateway verdict --block", numbers.blocked),
    (74, "verdict", "No rollback: older endpoint", "gateway verdict", numbers.gate("-74")),
))  # fmt: skip
