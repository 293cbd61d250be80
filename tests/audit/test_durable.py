"""A small write that the disk takes in part is undone: half a line would spoil what follows."""

from __future__ import annotations

import os

import pytest

from audit.durable import append, place


@pytest.fixture
def half(monkeypatch):
    real = os.write
    monkeypatch.setattr("audit.durable.os.write", lambda fd, data: real(fd, data[: len(data) // 2]))


def test_half_a_line_is_taken_back(tmp_path, monkeypatch):
    path = tmp_path / "folder" / "file"
    append(path, b"one\n")
    with monkeypatch.context() as full:
        real = os.write
        full.setattr("audit.durable.os.write", lambda fd, data: real(fd, data[:2]))
        with pytest.raises(OSError, match="No space"):
            append(path, b"two\n")

    append(path, b"three\n")

    assert path.read_bytes() == b"one\nthree\n"


def test_half_a_file_never_gets_its_name(tmp_path, half):
    with pytest.raises(OSError, match="No space"):
        place(tmp_path / "file", b"key")

    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_there_stays_unless_it_is_to_be_replaced(tmp_path):
    path = tmp_path / "file"

    assert place(path, b"one")
    assert not place(path, b"two")
    assert path.read_bytes() == b"one"
    assert place(path, b"two", os.replace)
    assert path.read_bytes() == b"two"
    assert list(tmp_path.iterdir()) == [path]
