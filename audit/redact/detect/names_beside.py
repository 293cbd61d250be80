"""Names that their surroundings give away: speakers, writers, mail addresses, titles behind."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..engine import Pattern
from ..finding import Hit
from ..scan import Scan
from .person import FULL, NAME, PARTICLES, TWO, is_first, is_other, names

_SHORT = NAME + rb"(?: (?:" + PARTICLES + rb" )?" + NAME + rb"){0,2}"
SPEAKER = Pattern(
    rb"(?:^|\\n)[ \t>*-]{0,4}(\[?(?:\d{1,2}[/.]\d{1,2}[/.]\d{2,4},? )?\d{1,2}:\d\d(?: ?[AaPp]\.?[Mm]\.?)?"
    rb"\]?[ \t]{0,2}[-,]?[ \t]{0,2}|\[[^\]\n]{4,32}\] ?)?~? ?"
    rb"(" + _SHORT + rb")(?: \([A-Za-z ]{2,24}\))?\*{0,2}:\*{0,2} "
)
MAILED = Pattern(
    rb"("
    + FULL
    + rb")[\"']?(?: ?[ ,;:|<(\[\t-]{1,4}[\"']?)(?:(?:at|via|e-?mail|mail|mailto)[: ]{1,2}[<\"']?)?"
    rb"[A-Za-z0-9\xd8\xf8._%+-]{1,64}@[A-Za-z0-9-]"
)
WROTE = Pattern(
    rb"("
    + _SHORT
    + rb")(?: ?[<(][^>)\n]{3,80}[>)])? (?i:wrote|schrieb|a ecrit|escribio|ha scritto|escreveu|"
    rb"menulis|napisal[ai]?|yazdi|skrev|schreef|kirjoitti|logged (?:in|out)|signed (?:in|out|up)|"
    rb"changed (?:the |his |her |their )?password)\b"
)
HERE = Pattern(
    rb"("
    + _SHORT
    + rb") (?:here|speaking|on the line|on the phone|disini|di sini|am apparat|a l'appareil|"
    rb"al aparato|al telefono|po ito|har|po)\b|\b(" + TWO + rb") vagyok\b"
)
CAPITALS = Pattern(
    rb"(?i:\b(?:name on (?:the )?card|card ?holder(?: name)?|account holder|account name|beneficiary(?: name)?|"
    rb"atas nama|a\.n\.?|a/n|nama(?: lengkap)?|name|passenger|full name))(?: is|:| :)? {0,2}"
    rb"([A-Z]{2,20}(?: [A-Z]{1,20}\.?){1,4})(?:[^A-Za-z]|$)"
)
"""Names in capitals, as on cards and tickets."""
_COMPANY = re.compile(rb"(?:PT|CV|UD|TBK|LTD|LLC|INC|NOT|THE|YOUR|AND|OR|MUST|REQUIRED|UNKNOWN)\b")
DEGREE = Pattern(
    rb"("
    + TWO
    + rb"),? (?:M\.?D|Ph\.?D|Esq|CPA|DDS|R\.?N|MBA|J\.?D|S\.?H|S\.?E|S\.?Kom|S\.?T|M\.?Sc|"
    rb"Bey|Hanim|Efendi)\b|\b([A-Z]{2,20}/[A-Z]{2,20}(?: [A-Z]{2,20})? (?:MR|MRS|MS|MSTR|MISS|DR))\b|("
    + NAME
    + rb")(?:-(?:san|sama|sensei|kun|chan)| (?:Bey|Hanim))\b"
)


def find_speaker(scan: Scan) -> Iterator[Hit]:
    """Yield who says a line: any name behind the time of a chat, else common first names."""
    for match in scan.matches(SPEAKER):
        start, end = match.span(2)
        is_chat = match.start(1) >= 0 and _is_clock(scan.view, *match.span(1))
        if is_chat or is_first(scan.view[start:end].split()[0]):
            yield from names(scan, start, end, 0.7)


def _is_clock(view: bytes, start: int, end: int) -> bool:
    """A chat shows hours and minutes; what shows more is a log."""
    return view.count(b":", start, end) == 1 and b"T" not in view[start:end]


def find_mailed(scan: Scan) -> Iterator[Hit]:
    """Yield a name that stands before a mail address."""
    for match in scan.matches(MAILED):
        start, end = match.span(1)
        while (gap := scan.view.find(b" ", start, end)) > 0 and is_other(scan.view[start:gap]):
            start = gap + 1
        yield from names(scan, start, end, 0.7, is_weak=True)


def find_writer(scan: Scan) -> Iterator[Hit]:
    """Yield who wrote what is quoted, or did something to an account."""
    for match in scan.matches(WROTE):
        yield from names(scan, *match.span(1), 0.7, is_weak=True)


def find_capitals(scan: Scan) -> Iterator[Hit]:
    """Yield names in capitals where a word introduces them."""
    for match in scan.matches(CAPITALS):
        start, end = match.span(1)
        if not _COMPANY.search(scan.view, start, end):
            yield Hit(start, end, "PERSON", 0.7, scan.text[start:end].casefold())


def find_here(scan: Scan) -> Iterator[Hit]:
    """Yield who says to be there: `Ada Byron here`."""
    for match in scan.matches(HERE):
        yield from names(scan, *max(match.span(1), match.span(2)), 0.7, is_weak=True)


def find_degree(scan: Scan) -> Iterator[Hit]:
    """Yield names with a degree or title behind."""
    for match in scan.matches(DEGREE):
        start, end = match.span(2)
        if start >= 0:  # as airlines write it: `DOE/JANE MRS`
            yield Hit(start, end, "PERSON", 0.7, scan.text[start:end].casefold())
        else:
            yield from names(scan, *max(match.span(1), match.span(3)), 0.7)
