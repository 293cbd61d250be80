"""Makes a text comparable: digits and letters of all scripts in one plain form, offsets kept.

`text` has exotic digits, widths, spaces and dashes folded and invisible characters dropped;
`view` is the same length in bytes: ASCII without accents, other letters as two stand-ins.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from bisect import bisect_right

UPPER, LOWER, OTHER = 0xD8, 0xF8, 0xA4
"""Stand-ins for capital letters, other letters, and signs that have no ASCII form."""

_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0]"
)
_PLAIN = {"ß": "s", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ı": "i", "æ": "a"}
_PLAIN |= {"Æ": "A", "œ": "o", "Œ": "O", "þ": "t", "ð": "d", "’": "'", "‘": "'", "ʼ": "'"}
_PLAIN |= {"“": '"', "”": '"', "«": '"', "»": '"', "„": '"', "·": ".", "…": "."}
_SIGNS = {"−": "-", "⁄": "/", "∕": "/", "﹫": "@", "․": ".", "。": "。", "‐": "-", "⁃": "-"}


class _Folding(dict[int, int]):
    """Folds one character; remembers what it has seen."""

    def __missing__(self, code: int) -> int:
        self[code] = folded = ord(_folded(chr(code))) if code > 127 else code
        return folded


class _Viewing(dict[int, int]):
    """Gives a folded character beyond Latin-1 its byte, or what stands for a stand-in."""

    def __missing__(self, code: int) -> int:
        seen = _seen(chr(code))
        self[code] = seen = _MIDWAY.get(seen, seen)
        return seen


class _Lowering(dict[int, int]):
    """Lowers one character, always to one character."""

    def __missing__(self, code: int) -> int:
        low = chr(code).lower()
        self[code] = lowered = ord(low) if len(low) == 1 else code
        return lowered


def _folded(char: str) -> str:
    digit = unicodedata.decimal(char, None)
    if digit is not None:
        return str(digit)
    if "！" <= char <= "～":
        return chr(ord(char) - 0xFEE0)
    if char in _SIGNS:
        return _SIGNS[char]
    match unicodedata.category(char):
        case "Zs":
            return " "
        case "Pd":
            return "-"
        case "Cs":
            return "\ufffd"
        case _:
            return char


def _seen(char: str) -> int:
    plain = _PLAIN.get(char) or unicodedata.normalize("NFKD", char)[0]
    if plain.isascii():
        return ord(plain) if plain > "\x7f" or plain >= " " else OTHER
    if char.isupper():
        return UPPER
    return LOWER if char.isalpha() or unicodedata.category(char)[0] == "M" else OTHER


_MIDWAY = {UPPER: 0x81, LOWER: 0x82, OTHER: 0x83}
"""Stand-ins on their way, as letters of Latin-1 have their bytes: control characters, of no use."""
_FOLD, _VIEW, _LOW = _Folding(), _Viewing(), _Lowering()
_BACK = {midway: stand_in for stand_in, midway in _MIDWAY.items()}
_LATIN = bytes(_BACK.get(code) or (_seen(chr(code)) if code > 127 else code) for code in range(256))
_FOLDABLE = re.compile("[^\x00-\x9f\xa1-\xff]+")
_ERRORS = "sluicegate.view"


def _fold_run(run: re.Match[str]) -> str:
    return run[0].translate(_FOLD)


def _plain_latin(text: str) -> bytes | None:
    """Return the bytes of a text of Latin-1 in which nothing is to be folded, as most texts are."""
    try:
        raw = text.encode("latin-1")
    except UnicodeEncodeError:
        return None
    return None if b"\xa0" in raw or b"\xad" in raw else raw


def _fold(line: str) -> str:
    """Fold a line; one of ASCII, as most are in most texts, costs nothing."""
    return line if line.isascii() else _FOLDABLE.sub(_fold_run, line)


def _view_run(exc: UnicodeError) -> tuple[bytes, int]:
    """Give the bytes of a run of characters beyond Latin-1 to the codec that met them."""
    if not isinstance(exc, UnicodeEncodeError):
        raise exc
    run = exc.object[exc.start : exc.end]
    return run.translate(_VIEW).encode("latin-1"), exc.end


codecs.register_error(_ERRORS, _view_run)


def _dropped(text: str) -> list[int]:
    """Return for each invisible character before which visible one it stood."""
    found: list[int] = []
    for match in _INVISIBLE.finditer(text):
        found += [match.start() - len(found)]
    return found


class Folded:
    """A folded text, its view, and the way back to the offsets of the original."""

    __slots__ = ("_dropped", "length", "text", "view")

    def __init__(self, original: str) -> None:
        self.length = len(original)
        self._dropped: list[int] = []
        raw = _plain_latin(original)
        if raw is not None:
            self.text, self.view = original, raw.translate(_LATIN)
            return
        if _INVISIBLE.search(original):
            self._dropped = _dropped(original)
            original = _INVISIBLE.sub("", original)
        self.text = "\n".join([_fold(line) for line in original.split("\n")])
        self.view = self.text.encode("latin-1", _ERRORS).translate(_LATIN)

    def back(self, index: int) -> int:
        """Return where the character at `index` is in the original; at the end its length."""
        return index + bisect_right(self._dropped, index) if self._dropped else index

    def back_end(self, index: int) -> int:
        """Return the end in the original of what ends at `index`."""
        return self.back(index - 1) + 1 if index else 0


def lower(text: str) -> str:
    """Lower a text without changing its length, each character by itself."""
    low = text.lower()
    is_alike = len(low) == len(text) and "\u03a3" not in text  # a sigma looks at its neighbours
    return low if is_alike else text.translate(_LOW)
