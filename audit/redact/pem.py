"""Private keys in PEM form: from BEGIN to END, whatever is between, line by line."""

from __future__ import annotations

import re

from .finding import Hit

_BEGIN = re.compile(rb"-----BEGIN[A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
_END = re.compile(rb"-----END[A-Z0-9 ]{0,40}KEY(?: BLOCK)?-----")
_BODY = re.compile(rb"[>|\s\"']*(?:[A-Za-z0-9+/=\\\\]{1,2000}|[A-Za-z-]{2,24}: .*)?[\s\"',]*")
TYPE = "PRIVATE_KEY"
MORE = "PRIVATE_KEY_LINE"
"""Type of the lines after the first: they vanish without a placeholder."""


def find_keys(view: bytes, start: int, is_open: bool) -> tuple[list[Hit], bool]:
    """Return the parts of keys in the lines from `start`, and whether one goes on behind them."""
    if not is_open and view.find(b"-----BEGIN", start) < 0:
        return [], False
    found: list[Hit] = []
    while start < len(view):
        newline = view.find(b"\n", start)
        end = newline if newline >= 0 else len(view)
        is_open = _line(view, start, end, is_open, found)
        start = end + 1
    return found, is_open


def _line(view: bytes, start: int, end: int, is_open: bool, found: list[Hit]) -> bool:
    if is_open:
        closing = _END.search(view, start, end)
        if closing is None and not _BODY.fullmatch(view, start, end):
            is_open = False
        else:
            stop = closing.end() if closing else end
            found.append(Hit(start, stop, MORE, 1.0, ""))
            start, is_open = stop, closing is None
    while not is_open and (opening := _BEGIN.search(view, start, end)):
        closing = _END.search(view, opening.end(), end)
        stop = closing.end() if closing else end
        found.append(Hit(opening.start(), stop, TYPE, 1.0, ""))
        start, is_open = stop, closing is None
    return is_open
