"""A log of a fault says where it happened, never what an exception says."""

from __future__ import annotations

from gateway.telemetry.trace import place_of_exception

CANARY = "maria@example.com"


def _event_of_a_fault():
    try:
        try:
            raise KeyError(CANARY)
        except KeyError as exc:
            raise ValueError(f"cannot parse {CANARY}") from exc
    except ValueError:
        return place_of_exception(None, "error", {"event": "request_broke", "exc_info": True})


def test_classes_and_places_are_told_and_no_message():
    event = _event_of_a_fault()

    assert event["exception"] == "ValueError from KeyError"
    assert "_event_of_a_fault" in event["places"][0]
    assert CANARY not in str(event)


def test_an_event_without_a_fault_is_left_alone():
    assert place_of_exception(None, "info", {"event": "ready"}) == {"event": "ready"}
