"""What a name looks like, which words are none, and which first names are common."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files

from ..finding import Hit
from ..scan import Scan

_U, _L = rb"[A-Z\xd8]", rb"[a-z\xf8]"
PARTICLES = (
    rb"(?:van(?: de[rn]?)?|von(?: der)?|de(?: la| los| l)?|da|do|dos|di|del|della|du|bin|"
    rb"binti|bte|al|el|ter|ten|af|av|zu|le|la|y|ap|ibn|abu|mac|san|st|a/[lp]|[sd]/o)"
)
NAME = (
    rb"(?:"
    + _U
    + rb"(?:"
    + _L
    + rb"|['-]"
    + _U
    + rb"?|"
    + _U
    + rb")*"
    + _L
    + rb"\.?|"
    + _U
    + rb"\.)"
)
FULL = NAME + rb"(?: (?:" + PARTICLES + rb" )?" + NAME + rb"){0,5}"
LED = rb"(?:(?:van(?: de[rn]?)?|von(?: der)?|de(?: la)?|di|del|della|al|el|ten|ter) )?" + FULL
OWN = rb"(?:(?:van(?: de[rn]?)?|von(?: der)?|al|el|ten|ter) )?" + FULL
"""As somebody says it: `soy de Madrid` tells where from."""
TWO = rb"(?:" + NAME + rb" (?:" + PARTICLES + rb" )?){1,4}" + NAME
WORD = _U + _L + rb"{1,15}"
_CAMEL = re.compile(rb"(?!Mac|Mc|De|Di|La|Le|Van|Fitz|O')[A-Z][a-z]+[A-Z]")
"""A name in a program, such as `AsyncResolver`."""
_LEADING = frozenset((b"der", b"de", b"den", b"la", b"los", b"las", b"le"))
"""Small words that stand inside of names: `van der Heijden`."""


def names(
    scan: Scan, start: int, end: int, score: float, *, is_weak: bool = False
) -> Iterator[Hit]:
    """Yield a name without words that are none at its end or beginning.

    `is_weak`: what stands before it introduces other things too, so that one word alone must be a
    first name, and none of several may be a word of another kind.
    """
    view = scan.view
    while end > start and view[end - 1] in b" '-,":
        end -= 1
    words = view[start:end].split(b" ")
    keep = _proper(words)
    if keep == 1 and _CAMEL.match(words[0]):
        return
    if is_weak and (keep < len(words) or (keep == 1 and not is_first(words[0]))):
        return
    end = start + sum(len(word) + 1 for word in words[:keep]) - 1
    if view[end - 1 : end] == b"." and end - start > 3 and view[end - 3 : end - 2] != b" ":
        end -= 1
    if end - start >= 2 and keep:
        yield Hit(start, end, "PERSON", score, scan.text[start:end].casefold())


def _proper(words: list[bytes]) -> int:
    """Count the words before the first that is none of a name."""
    for place, word in enumerate(words):
        is_last = place == len(words) - 1
        if not is_other(word) or (word in _LEADING and not is_last):
            continue
        if place or is_last or not (is_first(word) and is_family(words[1])):  # `June Carter`
            return place
    return len(words)


def is_other(word: bytes) -> bool:
    """Tell whether a word is known to be no name."""
    return word.lower().strip(b".'") in _others()


def is_first(word: bytes) -> bool:
    """Tell whether a word is a common first name."""
    name = word.split(b"-")[0].title()
    return name in first_names() or name in word_first_names() or name in rare_first_names()


def is_family(word: bytes) -> bool:
    """Tell whether a word is a known surname, or a first name that serves as one."""
    name = word.removesuffix(b"'s").capitalize()
    return name in surnames() or name in first_names() or name in rare_first_names()


@cache
def first_names() -> frozenset[bytes]:
    """Return common first names of many countries, each with its capital."""
    return _names("first_names.txt")


@cache
def rare_first_names() -> frozenset[bytes]:
    """Return less common first names; they need a surname where nothing introduces them."""
    return _names("first_names_rare.txt")


@cache
def word_first_names() -> frozenset[bytes]:
    """Return first names that are words or places too: `Grace`, `Paris`."""
    return _names("first_names_words.txt")


@cache
def surnames() -> frozenset[bytes]:
    """Return surnames of many countries that are no common words."""
    return _names("surnames.txt")


@cache
def other_first_names() -> frozenset[str]:
    """Return common first names in other scripts than the Latin one, in small letters."""
    return frozenset(_data("first_names_other.txt").decode().split())


@cache
def _others() -> frozenset[bytes]:
    return frozenset(_data("no_names.txt").split())


@cache
def other_surnames() -> frozenset[str]:
    """Return surnames in scripts without capitals."""
    return frozenset(_data("surnames_other.txt").decode().split())


@cache
def brands() -> tuple[bytes, ...]:
    """Return the beginnings of names of people that stand for brands, places and characters."""
    return tuple(_data("no_people.txt").splitlines())


@cache
def _names(file: str) -> frozenset[bytes]:
    return frozenset(_data(file).title().split())


def _data(name: str) -> bytes:
    return files("audit.redact").joinpath(f"data/{name}").read_bytes()
