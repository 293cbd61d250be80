"""Ids: contiguous, short, of few letters, and nothing else is read as one."""

from __future__ import annotations

import re

from hypothesis import example, given
from hypothesis import strategies as st

from audit.redact import Redactor
from audit.redaction_point import RedactionPoint
from gateway.stream.ids import (
    SEALED,
    Cursor,
    is_generation_id,
    new_generation_id,
    new_request_id,
    parse_cursor,
)


def test_new_ids_are_26_letters_and_all_different():
    ids = [new_generation_id() for _ in range(1000)]

    assert len(set(ids)) == 1000
    assert all(re.fullmatch(r"[0-9a-z]{26}", id) for id in ids)
    assert all(len({id[at] for id in ids}) >= 8 for at in range(25))


def test_request_ids_look_like_no_number_and_no_key_to_the_audit_trail():
    point = RedactionPoint(Redactor(lambda kind, value: "tag"))
    ids = [new_request_id() for _ in range(1000)]

    assert [point.name(id) for id in ids] == ids
    assert len(set(ids)) == 1000


@given(sequence=st.integers(0, SEALED))
def test_an_event_id_is_read_back_and_at_most_64_bytes(sequence: int):
    generation = new_generation_id()
    text = f"{generation}.{sequence}"

    assert parse_cursor(text) == Cursor(generation, sequence)
    assert len(text.encode()) <= 64


@given(text=st.text(max_size=80))
@example("abc.1\n")
@example("abc.١")
@example("a b.1")
@example("abc.-1")
@example("abc.1e3")
@example("abc.12345678901234567")
@example("\udcff.1")
def test_whatever_is_sent_is_an_id_of_our_letters_or_none(text: str):
    cursor = parse_cursor(text)

    if cursor is not None:
        assert is_generation_id(cursor.generation)
        assert re.fullmatch(r"[0-9A-Za-z-]{1,40}\.[0-9]{1,16}", text)
