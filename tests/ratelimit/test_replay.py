"""Past calls replayed against another policy show who would have been refused."""

from __future__ import annotations

from ratelimit import Arrival, Charge, Limit, replay


def test_replay_counts_windows_leases_and_what_was_really_used() -> None:
    """Three calls of a past minute meet a tighter policy."""
    tokens = Limit("tokens", "tokens", 100, 60.0)
    streams = Limit("streams", "concurrent", 1)

    def call(number: int, at_s: float, ended_s: float, used: int) -> Arrival:
        charges = (Charge(tokens, "ann", 60), Charge(streams, "ann"))
        return Arrival(at_s, f"call-{number}", charges, ended_s, {"tokens": used})

    past = [
        call(1, 1000.0, 1005.0, 10),
        call(2, 1002.0, 1003.0, 10),
        call(3, 1006.0, 1007.0, 60),
        call(4, 1008.0, 1009.0, 10),
        call(5, 1070.0, 1071.0, 10),
    ]
    verdicts = [(d.allowed, d.violated) for _, d in replay(past)]

    assert verdicts == [
        (True, ()),
        (False, ("tokens", "streams")),
        (True, ()),
        (False, ("tokens",)),
        (True, ()),
    ]
