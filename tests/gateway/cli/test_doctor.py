"""What doctor says of plug-ins: each with its package; a broken one names itself, no more."""

from __future__ import annotations

from importlib.metadata import EntryPoint

import pytest

from audit.redact.found import GROUP as DETECTORS
from backends.registry import GROUP as BACKENDS
from gateway.cli import doctor


def test_the_seams_that_it_lists_are_those_that_are_read():
    assert set(doctor.SEAMS) == {BACKENDS, DETECTORS}


def test_every_backend_of_ours_is_listed_with_its_package():
    found = {one.name: one for one in doctor.plugins()}

    assert found["backends script"].ok
    assert "sluicegate" in found["backends script"].seen


def test_a_broken_plug_in_is_named_and_the_rest_goes_on(monkeypatch: pytest.MonkeyPatch):
    points = [
        EntryPoint("broken", "there_is_no_such_module:create", BACKENDS),
        EntryPoint("script", "backends.script:create", BACKENDS),
    ]
    monkeypatch.setattr(doctor, "entry_points", lambda group: points if group == BACKENDS else [])

    broken, good = doctor.plugins()

    assert (broken.name, broken.ok, good.ok) == ("backends broken", None, True)
    assert "there_is_no_such_module" in broken.seen
