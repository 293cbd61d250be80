"""Frames that differ in their text alone are not parsed one by one: that must never show."""

from __future__ import annotations

import random

import orjson

from backends import Event, Text, TextRun, each
from backends.openai_chat import ChatReader

WORDS = ("a", " b", "é", '"q', "\\", "x\ny", "", "日本", "{", "data: ", '"}}', "\x00")
CUTS = (1, 7, 50, 500, 5000)


def test_any_cut_of_any_mixture_of_frames_gives_the_same_texts_in_the_same_order() -> None:
    chance = random.Random(1)
    for _ in range(300):
        words = [chance.choice(WORDS) for _ in range(chance.randint(1, 30))]
        body = _opening() + b"".join(map(_frame, words)) + _end()

        events = _read(body, chance)

        assert [event.text for event in events if isinstance(event, Text)] == list(
            filter(None, words)
        )


def test_a_run_is_read_with_the_finish_that_comes_behind_it() -> None:
    reader = ChatReader("mine", "model")
    reader.feed(_opening() + _frame("one"))

    events = reader.feed(b"".join(map(_frame, ("two", "three"))) + _end())

    assert events == [TextRun(["two", "three"], [b"two", b"three"])]
    assert reader.is_done


def _read(body: bytes, chance: random.Random) -> list[Event]:
    reader = ChatReader("mine", "model")
    events: list[Event | TextRun] = []
    at = 0
    while at < len(body):
        size = chance.choice(CUTS)
        events += reader.feed(body[at : at + size])
        at += size
    events += reader.end()
    assert reader.failure is None
    return list(each(events))


def _opening() -> bytes:
    return _chunk({"role": "assistant", "content": ""})


def _frame(text: str) -> bytes:
    return _chunk({"content": text})


def _end() -> bytes:
    return _chunk({}, "stop") + b"data: [DONE]\n\n"


def _chunk(delta: dict[str, str], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return b"data: " + orjson.dumps({"id": "c", "model": "m", "choices": [choice]}) + b"\n\n"
