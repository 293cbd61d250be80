"""The splitter: whatever the line ends and the pieces, the same frames."""

from __future__ import annotations

import itertools
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends.sse import FrameTooLarge, Splitter

BODY = (
    'data: {"a": "héllo 🌴"}\n\n: comment\n\nevent: ping\ndata: 1\n\n'
    "data: one\ndata: two\nid: 7\n\n\n\nretry: 5\n\ndata:tight\n\nevent: x\ndata: y\nid: 3\n\n"
).encode()
FRAMES = [
    (b"", '{"a": "héllo 🌴"}'.encode()),
    (b"", None),
    (b"ping", b"1"),
    (b"", b"one\ntwo"),
    (b"", None),
    (b"", b"tight"),
    (b"x", b"y"),
]


def split(*pieces: bytes) -> list:
    splitter = Splitter()
    return [frame for piece in pieces for frame in splitter.feed(piece)] + splitter.end()


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
def test_every_division_in_two_gives_the_same_frames(line_end: bytes, bom: bytes):
    body = bom + BODY.replace(b"\n", line_end)

    for at in range(len(body) + 1):
        assert split(body[:at], body[at:]) == FRAMES


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r"])
def test_single_bytes_give_the_same_frames(line_end: bytes):
    body = b"\xef\xbb\xbf" + BODY.replace(b"\n", line_end)

    assert split(*(body[i : i + 1] for i in range(len(body)))) == FRAMES


@given(st.binary(max_size=200), st.lists(st.integers(0, 200), max_size=6))
def test_any_bytes_in_any_pieces_give_the_same_frames(body: bytes, cuts: list[int]):
    edges = [0, *sorted(cuts), len(body)]
    pieces = [body[a:b] for a, b in itertools.pairwise(edges)]

    assert split(*pieces) == split(body)


def test_a_last_frame_without_its_blank_line_is_given_at_the_end():
    assert split(b"data: a\n\ndata: b") == [(b"", b"a"), (b"", b"b")]


def test_html_is_no_frame():
    assert split(b"<html>\n<body>no: stream</body>\n\n</html>\n") == []


def test_a_frame_over_the_cap_is_an_error():
    splitter = Splitter(max_frame=100)
    for _ in range(100):
        splitter.feed(b"x")

    with pytest.raises(FrameTooLarge):
        splitter.feed(b"x")


def test_a_large_frame_in_single_bytes_takes_linear_time():
    """A frame with many lines that arrives byte by byte must not be joined again and again."""
    piece = [b"d", b"a", b"t", b"a", b":", b"x", b"\n"] * 30_000
    splitter = Splitter()
    began = time.perf_counter()

    for byte in piece:
        splitter.feed(byte)

    assert time.perf_counter() - began < 2.0
    assert splitter.feed(b"\n")[0][1].count(b"x") == 30_000
