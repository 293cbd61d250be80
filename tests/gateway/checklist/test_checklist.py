"""The checklist as a program: good rows tick, planted faults turn theirs red."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.checklist import (
    ROWS,
    Ground,
    Outcome,
    Row,
    Site,
    Ticked,
    conclude,
    markdown,
    run,
    surroundings,
)
from gateway.checklist.audit_files import read_trail
from gateway.checklist.load import difference
from gateway.checklist.row import State
from gateway.cli.checklist import checkout, own_trail
from gateway.slo import load_slo
from tests.e2e.processes import Gateway

AUDITED = surroundings.audited
ADMIN = "the-admin-key-of-this-test"
HEALTHY = (
    *(1, 2, 3, 4, 8, 9, 10, 13, 14, 15, 16, 18, 19, 20, 23, 24, 25, 26, 27, 28, 29, 32, 33, 34),
    *(38, 40, 41, 44, 45, 46, 50, 63, 65, 66, 68, 70, 71, 72, 73),
)
SMALL = {
    "backends": {"demo": {"kind": "script"}},
    "models": {"default": {"targets": [{"backend": "demo"}]}},
    "apps": {"bali-zero": {"limits": []}, "limited": {"limits": ["small"]}},
    "limits": {"small": {"per": ["user"], "requests": 4, "window_s": 2}},
    "breaker": False,
}


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    folder = tmp_path_factory.mktemp("gateway")
    with Gateway(folder, SMALL, GATEWAY_ADMIN_KEY=ADMIN) as running:
        yield running


@pytest.fixture(autouse=True)
def quiet_gate(monkeypatch: pytest.MonkeyPatch):
    """The security gate itself, half a minute long, is tested in tests/deploy/test_security.py."""
    monkeypatch.setattr(surroundings, "audited", lambda _source: ("12 ok", True, False))


def ground(gateway: Gateway, app: str = "bali-zero") -> Ground:
    site = Site(gateway.wire.url, app=app, admin=ADMIN)
    return Ground(
        site, load_slo(), limited="limited", audit=gateway.audit_path, streams=20,
        source=Path(__file__).parents[3],
    )  # fmt: skip


def line(number: int, state: State) -> Ticked:
    cells = ("seen", "limit", "", "command", 0.1)
    return Ticked(number, "pre", "Flag", state == "held", state, *cells)


def ticked(gateway: Gateway, *numbers: int) -> dict[int, Ticked]:
    rows = [row for row in ROWS if row.number in numbers]
    return {row.row: row for row in run(rows, ground(gateway))}


def test_there_are_74_rows_in_order_each_with_its_command():
    assert [row.number for row in ROWS] == list(range(1, 75))
    assert all(row.title and row.command for row in ROWS)


@pytest.mark.timeout(90)
def test_phases_one_to_three_tick_on_a_healthy_gateway(gateway: Gateway):
    found = ticked(gateway, *HEALTHY)

    refused = {number: row.seen for number, row in found.items() if not row.ok}

    assert refused == {}


def test_the_flag_is_put_back(gateway: Gateway):
    ticked(gateway, 14)

    assert ground(gateway).site.call("GET", "/healthz").json["features"]["sse_streaming"] == "on"


def test_what_cannot_be_looked_at_is_refused_with_what_to_do(gateway: Gateway):
    found = ticked(gateway, 6, 31, 36)

    assert [row.state for row in found.values()] == ["open"] * 3
    assert "--junit" in found[6].remedy
    assert "missing" in found[31].remedy


def test_a_gateway_that_is_away_refuses_its_rows_and_ends():
    dead = Ground(Site("http://127.0.0.1:9"), load_slo(), limited="x")

    found = run([row for row in ROWS if row.number in (2, 19, 44)], dead)

    assert [row.ok for row in found] == [False, False, False]


def test_a_slow_first_token_turns_its_rows_red(gateway: Gateway, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("gateway.checklist.load.PROMPT", "[[n=30]] [[ttft=0.3]] [[delay=0.01]]")

    found = ticked(gateway, 23, 24, 29, 63, 71)

    assert [number for number, row in found.items() if not row.ok] == [23, 63, 71]


def test_a_missing_audit_end_turns_its_rows_red(gateway: Gateway, tmp_path: Path):
    start = {
        "event": "chat.received",
        "stream_id": "s1",
        "subject": "u",
        "time": "2026-01-01T00:00:00Z",
    }
    (tmp_path / "a.jsonl").write_text(json.dumps(start) + "\n")
    broken = ground(gateway)
    broken.audit = tmp_path

    found = run([row for row in ROWS if row.number in (38, 68)], broken)

    assert [row.ok for row in found] == [False, False]
    assert "s1" in found[0].remedy


def test_a_missing_limit_turns_its_row_red(gateway: Gateway):
    open_ground = ground(gateway)
    open_ground.limited = "bali-zero"

    found = run([row for row in ROWS if row.number == 26], open_ground)

    assert not found[0].ok
    assert "no limit" in found[0].seen


def test_a_broken_older_endpoint_turns_its_row_red(gateway: Gateway):
    away = ground(gateway, app="nowhere")

    assert not run([row for row in ROWS if row.number == 2], away)[0].ok


def test_a_row_that_breaks_does_not_stop_the_others(gateway: Gateway):
    def broken(_: Ground) -> Outcome:
        raise KeyError("x")

    rows = [Row(1, "after", "broken", "-", broken), next(r for r in ROWS if r.number == 5)]

    assert [row.ok for row in run(rows, ground(gateway))] == [False, True]


def test_the_list_is_markdown_with_boxes():
    row = line(1, "held")

    text = markdown([row], "http://x")

    assert "- [x] **1. Flag**: seen" in text
    assert "**KEEP**" in text


@pytest.mark.parametrize("states, word", [
    ({1: "held", 38: "held"}, "KEEP"),
    ({1: "held", 31: "open"}, "HOLD"),
    ({68: "open"}, "HOLD"),
    ({23: "refused"}, "HOLD"),
    ({31: "open", 41: "refused"}, "ROLL BACK"),
])  # fmt: skip
def test_rows_come_to_one_word(states: dict[int, State], word: str):
    found = conclude([line(number, state) for number, state in states.items()])

    assert found.word == word
    assert bool(found.reasons) == (word != "KEEP")


def test_the_trail_is_read_and_a_torn_line_is_skipped(tmp_path: Path):
    lines = [{"event": "chat.received", "stream_id": "a", "subject": "u", "time": "2026"},
             {"event": "chat.completed", "stream_id": "a"},
             {"event": "chat.aborted", "stream_id": "a"}]  # fmt: skip
    text = "\n".join(json.dumps(line) for line in lines) + '\n{"event": "chat.rec'
    (tmp_path / "x.jsonl").write_text(text)

    trail = read_trail(tmp_path)

    assert trail.doubled == ["a"]
    assert trail.open == []


def test_the_interval_of_a_difference_holds_the_true_one():
    low, high = difference([10.0, 11, 12, 10, 11] * 4, [20.0, 21, 22, 20, 21] * 4)

    assert low <= 10 <= high
    assert low > 5


def test_a_security_gate_that_fails_or_does_not_run_refuses_row_10(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(surroundings, "audited", lambda _: ("1 NOT CHECKED (code)", False, True))

    row = ticked(gateway, 10)[10]

    assert row.state == "open"
    assert "NOT CHECKED (code)" in row.seen


def test_a_folder_without_the_gate_is_no_pass(tmp_path: Path):
    run_gate = AUDITED(tmp_path)

    assert run_gate[1:] == (False, True)
    assert "did not run" in run_gate[0]


def test_the_usual_folder_is_taken_where_it_is_this_gateways(gateway: Gateway, tmp_path: Path):
    site = ground(gateway).site

    assert own_trail(site, gateway.audit_path) == gateway.audit_path
    assert own_trail(site, tmp_path / "absent") is None
    assert own_trail(Site("http://127.0.0.1:9"), gateway.audit_path) is None


def test_the_checkout_is_found():
    assert checkout() == Path(__file__).parents[3]
