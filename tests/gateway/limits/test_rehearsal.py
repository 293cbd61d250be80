"""A trail replayed against a changed policy, and what its hits add up to."""

from __future__ import annotations

import msgspec

from gateway.config.schema import Config
from gateway.limits.rehearsal import Rehearsal
from gateway.limits.summary import summarize

BASE = """
backends: {demo: {kind: script}}
models: {default: {targets: [{backend: demo}]}}
apps: {web: {}}
keys: [{id: vip, hash: "x"}]
prices: {default: {input: 0, output: 10}}
"""


def rehearse(limits: str, *records: dict, **keys: str):
    config = msgspec.yaml.decode(f"{BASE}\nlimits: {limits}", type=Config)
    ordered = sorted(records, key=lambda record: record["time"])
    return Rehearsal(config, {id: ("key", key) for id, key in keys.items()}).run(ordered)


def call(n: float, subject: str = "u_ann", took: float = 1, **fields) -> list[dict]:
    kind = {"u": "user", "k": "key", "a": "address"}[subject[0]]
    start = {
        "event": "chat.received", "time": at(n), "stream_id": f"s{n}", "app": "web",
        "subject": subject, "identity_kind": kind, "network": "192.0.2.0/24", "route": "/agui",
        "dialect": "agui", "model": "default", "prompt_chars": 40, "parameters": {},
    }  # fmt: skip
    end = {
        "event": "chat.completed", "time": at(n + took), "stream_id": f"s{n}",
        "backend": "demo/default", "usage": {"input_tokens": 10, "output_tokens": 50},
    }  # fmt: skip
    return [start | fields, end]


def at(seconds: float) -> str:
    return f"2026-11-24T10:{int(seconds // 60):02}:{seconds % 60:06.3f}Z"


def test_calls_beyond_the_new_quota_are_named_with_their_time():
    calls = [record for n in range(5) for record in call(n)]

    outcome = rehearse("{few: {per: [user], requests: 3}}", *calls)

    assert outcome.calls == 5
    assert [(one.time, one.limits) for one in outcome.refused] == [
        (at(3), ("few",)), (at(4), ("few",))
    ]  # fmt: skip
    assert outcome.by_subject == {"u_ann": 2}


def test_a_key_that_had_several_names_in_the_trail_is_one_caller():
    calls = [r for n in range(6) for r in call(n, "k_new" if n % 2 else "k_old")]
    limits = "{few: {per: [key], requests: 4}}"

    assert rehearse(limits, *calls).refused == ()
    assert len(rehearse(limits, *calls, k_new="vip", k_old="vip").refused) == 2


def test_every_caller_counts_for_itself():
    calls = [record for n in range(4) for record in call(n, f"u_{n}")]

    assert rehearse("{few: {per: [user], requests: 1}}", *calls).refused == ()


def test_true_usage_replaces_the_reservation_when_the_call_ends():
    sequential = [record for n in range(5) for record in call(n * 2)]
    at_once = [record for n in range(5) for record in call(n / 10)]
    limits = "{t: {per: [user], tokens: 1500}}"

    assert rehearse(limits, *sequential).refused == ()
    assert len(rehearse(limits, *at_once).refused) == 4


def test_money_is_counted_by_the_prices_of_the_changed_file():
    bound = {"max_tokens": 50}
    calls = [record for n in range(5) for record in call(n * 2, parameters=bound)]

    outcome = rehearse("{m: {per: [user], money: 0.0019, period: day}}", *calls)

    assert outcome.by_limit == {"m": 2}  # 500 micro-units each: 3 fit into 1900


def test_keys_of_the_file_are_found_again_under_their_name_in_the_trail():
    calls = [r for n in range(4) for r in call(n, "k_vip" if n % 2 else "k_other")]
    limits = "{few: {per: [key], requests: 1, exempt: {keys: [vip]}}}"

    assert rehearse(limits, *calls, k_vip="vip").by_subject == {"k_other": 1}


def test_streams_hold_their_slot_until_their_end():
    calls = [record for n in range(4) for record in call(n, took=1.5)]

    assert rehearse("{s: {per: [user], concurrent: 1}}", *calls).by_limit == {"s": 2}


def test_a_limit_that_only_watches_refuses_nobody_and_is_counted():
    calls = [record for n in range(4) for record in call(n)]

    outcome = rehearse("{few: {per: [user], requests: 1, shadow: true}}", *calls)

    assert (outcome.refused, outcome.shadow) == ((), {"few": 3})


def hit(n: float, limit: str, subject: str, suppressed: int = 0, **fields) -> dict:
    return {"event": "ratelimit.hit", "time": at(n), "limit": limit, "subject": subject,
            "suppressed": suppressed, **fields}  # fmt: skip


def test_the_report_counts_what_few_records_stand_for():
    found = summarize([
        hit(0, "few", "u_ann"), hit(10, "few", "u_ann", 98), hit(11, "few", "a_x"),
        hit(12, "watch", "a_x", shadow=True), {"event": "chat.received", "time": at(13)},
    ])  # fmt: skip

    assert found.hits == 102
    assert [(one.limit, one.hits, one.subjects, one.shadow) for one in found.limits] == [
        ("few", 101, 2, 0), ("watch", 1, 1, 1)
    ]  # fmt: skip
    assert [(one.subject, one.hits, one.limits) for one in found.subjects] == [
        ("u_ann", 100, ("few",)), ("a_x", 2, ("few", "watch"))
    ]  # fmt: skip
    assert found.hours == {"2026-11-24T10Z": 102}


def test_the_report_looks_at_a_span_of_time():
    records = [hit(n, "few", "u_ann") for n in range(10)]

    assert summarize(records, since=at(3), until=at(5)).hits == 2
