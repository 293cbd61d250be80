"""A detector in a process of its own: asked with a deadline, ended when it hangs, started anew."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import threading
import time

import pytest

from audit.redact import Memory, Outbound, Redactor
from audit.redact.apart import QUEUE, Apart, DetectorAbsent
from audit.redact.detect import DETECTORS
from audit.redact.plugins import load, names, wrap_apart
from audit.redaction_point import RedactionPoint

TOY = """
import os, time
from audit import Found

def create():
    def find(text):
        if "hang" in text:
            time.sleep(60)
        if "die" in text:
            os._exit(3)
        if "fail" in text:
            raise ValueError(text)
        at = text.find("MEMBER-")
        if at >= 0:
            yield Found(at, at + 11, "MEMBER")
        yield from ((Found(0, 1, "PID", os.getpid() / 1e7),) if "who" in text else ())
    return find

def broken():
    raise RuntimeError
"""


@pytest.fixture
def toys(tmp_path, monkeypatch):
    """Install a package with detectors, as far as Python is concerned."""
    info = tmp_path / "toys-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: toys\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[sluicegate.detectors]\ntoy = toy_detector:create\nbroken = toy_detector:broken\n"
    )
    (tmp_path / "toy_detector.py").write_text(TOY)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])


@pytest.fixture
def toy(toys):
    """The toy, running and ready."""
    apart = Apart("toy", deadline_s=10)
    apart("wake up")
    yield apart
    apart.close()


def redactor_with(apart: Apart) -> Redactor:
    return Redactor(lambda kind, value: "x", detectors=(*DETECTORS, wrap_apart("toy", apart)))


def pid(apart: Apart) -> float:
    return next(found.score for found in apart("who") if found.type == "PID")


def test_what_it_finds_is_redacted_beside_what_ours_find(toy):
    done = redactor_with(toy).redact("I am MEMBER-7712, mail a@example.com")

    assert done.text == "I am [MEMBER_x], mail [EMAIL_x]"


def test_it_runs_in_another_process_and_stays_there(toy):
    first = pid(toy)

    assert first != pytest.approx(os.getpid() / 1e7, abs=1e-9)
    assert pid(toy) == first


def test_text_that_it_fails_on_ends_nothing(toy):
    before = pid(toy)

    with pytest.raises(DetectorAbsent, match="ValueError"):
        toy("fail on secret words")
    assert pid(toy) == before


def test_failure_does_not_tell_the_words(toy):
    with pytest.raises(DetectorAbsent) as caught:
        toy("fail on secret words")

    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("how", ["hang", "die"])
def test_one_that_hangs_or_dies_is_ended_and_started_anew(toys, how):
    clock = [0.0]
    apart = Apart("toy", deadline_s=10, clock=lambda: clock[0] + time.monotonic())
    before = pid(apart)
    apart._deadline_s = 0.3

    with pytest.raises(DetectorAbsent):
        apart(how)
    with pytest.raises(DetectorAbsent, match="not running"):
        apart("too early")
    clock[0] += 60  # it has rested
    apart._deadline_s = 10
    after = pid(apart)
    apart.close()

    assert after != before


def test_full_queue_is_refused_at_once(toy):
    toy._deadline_s = 1.0

    def wait():
        with contextlib.suppress(DetectorAbsent):
            toy("hang")

    waiting = [threading.Thread(target=wait) for _ in range(QUEUE)]
    for thread in waiting:
        thread.start()
    while toy._places._value:
        time.sleep(0.01)
    began = time.monotonic()

    with pytest.raises(DetectorAbsent, match="wait already"):
        toy("one too many")
    assert time.monotonic() - began < 0.5
    for thread in waiting:
        thread.join()


def test_one_that_cannot_be_loaded_is_never_believed(toys):
    apart = Apart("broken", deadline_s=10)

    with pytest.raises(DetectorAbsent):
        apart("anything")
    apart.close()


def test_closed_one_is_not_started_again(toy):
    toy.close()

    with pytest.raises(DetectorAbsent, match="not running"):
        toy("anything")


async def test_words_are_withheld_while_it_does_not_answer_and_the_loop_goes_on(toy):
    toy._deadline_s = 0.4
    point = RedactionPoint(redactor_with(toy))
    ticks = 0

    async def tick():
        nonlocal ticks
        while True:
            await asyncio.sleep(0.02)
            ticks += 1

    ticking = asyncio.create_task(tick())
    words = await point.words(("please hang, I am MEMBER-7712",), Memory())
    ticking.cancel()
    point.close()

    assert words.withheld == "redactor_failed"
    assert "MEMBER" not in str(words.texts)
    assert ticks >= 5


async def test_names_and_parameters_do_not_wait_for_it(toy):
    point = RedactionPoint(redactor_with(toy))

    kept = point.parameters({"note": "hang up on a@example.com"}, with_texts=True)
    point.close()

    assert kept == {"note": "hang up on [EMAIL_x]"}


def test_it_hides_from_a_provider_too(toy):
    outbound = Outbound(redactor_with(toy))

    (hidden,) = outbound.hide(["I am MEMBER-7712"])

    assert outbound.is_slow
    assert "7712" not in hidden
    assert outbound.restore(hidden) == "I am MEMBER-7712"


def test_each_detector_can_be_named_for_here_or_for_its_own_process(toys):
    assert {"toy", "process:toy"} <= set(names())

    here, apart = load(["toy", "process:toy"])
    apart.close()

    assert here.close is None


def test_ours_for_models_are_offered_by_name():
    assert {"process:presidio", "process:spacy"} <= set(names())
