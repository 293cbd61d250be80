"""`traceparent` in: taken where it is one, else a trace of our own."""

from __future__ import annotations

import pytest

from gateway.telemetry.context import trace_of

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


def test_the_trace_of_the_caller_is_kept():
    trace = trace_of([f"00-{TRACE}-{SPAN}-01"])

    assert (trace.id, trace.parent, trace.is_sampled) == (TRACE, SPAN, True)


def test_a_trace_that_is_not_sampled_stays_so():
    assert not trace_of([f"00-{TRACE}-{SPAN}-00"]).is_sampled


def test_a_later_version_may_say_more():
    assert trace_of([f"01-{TRACE}-{SPAN}-01-more"]).id == TRACE


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [f"00-{TRACE}-{SPAN}-01"] * 2,
        [f"00-{TRACE}-{SPAN}-01-more"],
        [f"ff-{TRACE}-{SPAN}-01"],
        [f"00-{'0' * 32}-{SPAN}-01"],
        [f"00-{TRACE}-{'0' * 16}-01"],
        [f"00-{TRACE.upper()}-{SPAN}-01"],
        ["00-mona.lisa@example.org-01"],
    ],
)
def test_what_is_no_traceparent_begins_a_new_trace(headers: list[str]):
    trace = trace_of(headers)

    assert trace.id != TRACE
    assert len(trace.id) == 32
    assert trace.parent == ""
