"""Every metric of the gateway in one table: name, kind, labels, what it tells.

Labels have bounded values: codes, names from the configuration, routes. The reference page, the
dashboard and the alerts are checked against this table.
"""

from __future__ import annotations

from typing import Literal

import msgspec

Kind = Literal["counter", "gauge", "histogram", "summary"]
Mode = Literal["livesum", "max", "livemax"]
SECONDS = (
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 1, 2.5, 5, 10, 30, 60,
)  # fmt: skip
LONG = (0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900)


class Metric(msgspec.Struct, frozen=True):
    """One row. `name` is without the suffixes that the exposition adds."""

    field: str
    kind: Kind
    name: str
    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = SECONDS
    mode: Mode = "livesum"
    """How the workers' values of a gauge become one."""

    @property
    def series(self) -> tuple[str, ...]:
        """The names of the time series that the exposition shows."""
        match self.kind:
            case "counter":
                return (f"{self.name}_total",)
            case "histogram":
                return (f"{self.name}_bucket", f"{self.name}_sum", f"{self.name}_count")
            case "summary":
                return (f"{self.name}_sum", f"{self.name}_count")
            case _:
                return (self.name,)


CATALOGUE: tuple[Metric, ...] = (
    Metric("requests", "counter", "gateway_http_requests", "Requests answered.",
           ("route", "method", "status")),
    Metric("request_seconds", "histogram", "gateway_http_request_seconds",
           "Time to answer requests that do not stream, the older chat endpoint among them.",
           ("route",)),
    Metric("connections", "counter", "gateway_stream_connections",
           "Requests for a stream that authentication, flag and limits let pass: `opened` where "
           "the answer began, `failed` where it ended in a 5xx before it.", ("route", "result")),
    Metric("streams", "counter", "gateway_streams", "Generations ended, by how they ended.",
           ("app", "dialect", "outcome")),
    Metric("errors", "counter", "gateway_stream_errors",
           "Generations that failed, by code: before their start (`start`) or after (`stream`). "
           "A client's mistake, a limit, the flag and a client that left are no errors.",
           ("code", "stage")),
    Metric("active", "gauge", "gateway_streams_active", "Generations running."),
    Metric("readers", "gauge", "gateway_readers_active", "Connections that follow a generation."),
    Metric("first_token", "histogram", "gateway_first_token_seconds",
           "Request read to its first output, the provider's time included.", ("app",)),
    Metric("first_token_overhead", "histogram", "gateway_first_token_overhead_seconds",
           "The gateway's own part of it: request read to the provider being asked.", ("app",)),
    Metric("inter_token", "summary", "gateway_inter_token_seconds",
           "Gaps between outputs: sum and number of all gaps, so sum/count is their average.",
           ("app",)),
    Metric("longest_gap", "histogram", "gateway_longest_gap_seconds",
           "Longest gap between two outputs of a generation.", ("app",)),
    Metric("duration", "histogram", "gateway_stream_duration_seconds",
           "Start of a generation to its end.", ("app",), LONG),
    Metric("tokens", "counter", "gateway_tokens",
           "Tokens as the provider counted them, or our estimate.", ("direction", "estimated")),
    Metric("attempts", "counter", "gateway_backend_attempts", "Tries at backends, by outcome.",
           ("backend", "outcome")),
    Metric("backend_wait", "histogram", "gateway_backend_first_output_seconds",
           "A provider asked to its first output.", ("backend",)),
    Metric("limits", "counter", "gateway_limit_decisions",
           "Decisions of the limiter, by limit; `source` says whether the shared store decided.",
           ("limit", "outcome", "source")),
    Metric("limit_seconds", "histogram", "gateway_limit_decision_seconds",
           "Time of one decision of the limiter, the shared store included."),
    Metric("limiter_degraded", "gauge", "gateway_limiter_degraded",
           "Whether limits are decided without the shared store.", mode="livemax"),
    Metric("limit_used", "histogram", "gateway_limit_used_ratio",
           "What a call used of what was reserved for it; above 1 it used more.", ("limit",),
           (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 1, 1.25, 2, 5)),
    Metric("limit_overruns", "counter", "gateway_limit_overruns",
           "Calls that used more than was reserved for them; the rest was charged at their end.",
           ("limit",)),
    Metric("limit_retries", "counter", "gateway_refusals",
           "Answers with 429, by how often the client's SDK had tried already.", ("retry",)),
    Metric("limit_errors", "counter", "gateway_limit_store_errors",
           "Failures of the shared store of limits, by reason.", ("reason",)),
    Metric("limit_ambiguous", "counter", "gateway_limit_ambiguous_decisions",
           "Decisions that timed out after they had been sent; they are undone, not repeated."),
    Metric("limit_open", "gauge", "gateway_limit_open_calls",
           "Calls that are charged and not settled."),
    Metric("limit_owed", "gauge", "gateway_limit_owed",
           "Charges and settlements that the shared store has not acknowledged."),
    Metric("limit_dropped", "counter", "gateway_limit_dropped",
           "Owed charges and settlements given up because too many piled up; charges stay."),
    Metric("limit_swept", "counter", "gateway_limit_swept_calls",
           "Calls of dead workers that were settled in their place."),
    Metric("limit_batch", "summary", "gateway_limit_batch_calls",
           "Decisions and settlements that shared a round trip: sum/count is their average."),
    Metric("limit_counters", "gauge", "gateway_limit_local_counters",
           "Counters that workers keep in memory, for the time without the shared store."),
    Metric("limit_replicas", "gauge", "gateway_limit_replicas",
           "Live workers that share the limits.", mode="max"),
    Metric("limit_clock", "gauge", "gateway_limit_clock_offset_seconds",
           "Clock of the shared store ahead of ours.", mode="max"),
    Metric("reconnects", "counter", "gateway_reconnects",
           "Readers that came to a known generation, by what came of them.", ("outcome",)),
    Metric("cut_readers", "counter", "gateway_slow_readers_cut",
           "Connections cut for not reading."),
    Metric("audit", "counter", "gateway_audit_records", "Audit records made durable."),
    Metric("audit_seconds", "histogram", "gateway_audit_commit_seconds",
           "Time of one group commit of the audit trail."),
    Metric("audit_lag", "gauge", "gateway_audit_sink_lag_records",
           "Records that a further sink has still to take."),
    Metric("audit_degraded", "gauge", "gateway_audit_degraded",
           "Whether the trail cannot write.", mode="livemax"),
    Metric("audit_used", "gauge", "gateway_audit_used_bytes",
           "Bytes that the files of the audit trail take.", mode="livemax"),
    Metric("audit_pressure", "gauge", "gateway_audit_pressure",
           "0: the trail has room; 1: above 70 % of audit.max_bytes, no words are kept; "
           "2: above 90 %, new chats are refused.", mode="livemax"),
    Metric("flag", "gauge", "gateway_flag_percent",
           "Percentage of callers for whom streaming is on.", mode="max"),
    Metric("guard", "counter", "gateway_guard_steps_back",
           "Times that the guard took a step of the rollout back."),
    Metric("log_records", "counter", "gateway_log_records", "Log records written, by level.",
           ("level",)),
    Metric("memory", "gauge", "gateway_memory_bytes", "Resident memory of all workers."),
    Metric("memory_limit", "gauge", "gateway_memory_limit_bytes",
           "Memory that the container may use; 0 where there is no limit.", mode="max"),
    Metric("build", "gauge", "gateway_build_info", "Version of the gateway.", ("version",),
           mode="max"),
)  # fmt: skip
