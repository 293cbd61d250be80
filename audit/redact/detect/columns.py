"""Tables in text: what the header of a column says holds for the cells below it.

A table goes on over the cuts of a text, so what is known of it is handed from piece to piece.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from ..context import LABELS, label_of
from ..engine import Pattern
from ..finding import Hit
from ..scan import Scan
from .person import is_other

_OF_LABEL = {
    "phone": "PHONE", "card": "CARD", "account": "BANK_ACCOUNT", "iban": "IBAN", "nik": "NIK",
    "npwp": "NPWP", "kk": "KK", "bpjs": "BPJS", "kitas": "KITAS", "passport": "PASSPORT",
    "national": "NATIONAL_ID", "tax": "TAX_ID", "imei": "IMEI", "birth": "BIRTH_DATE",
}  # fmt: skip
_NAMES = (
    b"(?:(?:full|first|last|middle|family|given|sur|customer|client|guest|patient|employee|applicant|"
    b"passenger|contact|owner|holder|student|tenant|recipient|sender)[ _-]?)?names?|"
    b"nama(?:[ _](?:lengkap|depan|belakang|pelanggan|pemohon|tamu|pasien|karyawan|nasabah|ibu))?|"
    b"vorname|nachname|nom|prenom|nombre|nombres|apellidos?|nome|cognome|sobrenome|naam|voornaam|"
    b"achternaam|imie|nazwisko|jmeno|prijmeni|namn|navn|nimi|guest|customer|patient|passenger|employee"
)
_ADDRESSES = (
    b"(?:home|street|mailing|shipping|billing|postal)?[ _-]?address|street|alamat|adresse|"
    b"anschrift|direccion|domicilio|indirizzo|endereco|adres"
)
_SECRETS = b"password|passwd|pwd|pin|sandi|kata sandi|passwort|senha|contrasena|secret|api[ _-]?key"
_MAILS = b"e-?mail(?:[ _-]address)?|mail|surel"
_IS_NAME, _IS_ADDRESS, _IS_SECRET, _IS_MAIL = (
    re.compile(source, re.IGNORECASE) for source in (_NAMES, _ADDRESSES, _SECRETS, _MAILS)
)
_VAGUE = re.compile(rb"(?i)names?|nama|nom|nombre|nome|naam|guest|customer|patient|street")
"""A name of a thing as often as of a person: counts only beside a column of somebody's numbers."""
_COLUMN = rb"[A-Za-z\xf8\xd8][A-Za-z\xf8\xd8 ._/()\"-]*"
_LABELS = b"|".join(
    rb"[ ._-]+".join(word.split()) for word, label in LABELS.items() if label in _OF_LABEL
)
HEADER = Pattern(
    rb"^[ |\"]*" + _COLUMN + rb"(?:[,;\t|][ \"]*" + _COLUMN + rb")+[ \t|\"]*\r?$",
    gate=rb"(?i)(?:^|[,;\t|])[ \"']*(?:(?:"
    + _LABELS
    + rb")(?:nya|ku)?|"
    + b"|".join((_NAMES, _ADDRESSES, _SECRETS, _MAILS))
    + rb")[ \"'\r]*(?:[,;\t|]|$)",
)
"""A line of words with signs between, of which one tells what its column holds."""
VALUES = Pattern(rb"(?i)\(([a-z_`\[\]\" ,]+)\) ?values ?\(")
_ROW = re.compile(rb"([^()]+)\)[ ,]*\(?")
_RULE = re.compile(rb"[ \t|:+=-]{3,}\r?")
_CELL = {
    sign: re.compile(
        rb"[ ]*(\"(?:[^\"]|\"\")*\"|[^%b]*)(?:%b|$)" % (re.escape(sign), re.escape(sign))
    )
    for sign in (b",", b";", b"\t", b"|")
}
_PERSON = re.compile(rb"[A-Z\xd8\xf8][A-Za-z\xd8\xf8'.-]*(?: [A-Za-z\xd8\xf8'.-]+){0,5}")
_MOST = 40
"""So many columns a table has at most."""


class Table(msgspec.Struct, frozen=True):
    """A table that is being read: what stands between its cells, and the kind of each column."""

    sign: bytes
    kinds: tuple[str, ...]


def find_rows(scan: Scan, start: int, table: Table | None) -> tuple[list[Hit], Table | None]:
    """Return what the cells from `start` on hold, and the table that goes on behind the end."""
    view, hits, at = scan.view, list[Hit](), start
    if table is None and view.find(b"\n", start) < 0:
        return hits, None  # a header needs a line below
    headers = scan.spans(HEADER)
    while at < len(view):
        if table is None:
            found = next((begin for begin, _ in headers if begin >= at), None)
            if found is None:
                break
            at = found
        end = scan.line_end(at)
        rows = None if table is None else _row(scan, at, end, table)
        if rows is None:
            table = _header(view, at, end)
        else:
            hits += rows
        at = end + 1
    return hits, table


def find_values(scan: Scan) -> Iterator[Hit]:
    """Yield the values of an SQL statement by the names of its columns."""
    view = scan.view
    for match in scan.matches(VALUES):
        names = [
            view[first:last].strip(b"`[]") for first, last in _cells(view, *match.span(1), b",")
        ]
        kinds = [_kind(name) for name in names]
        at, end = match.end(), scan.line_end(match.end())
        while row := _ROW.match(view, at, end):
            at = row.end()
            spans = _cells(view, *row.span(1), b",")
            if len(spans) == len(kinds):
                for kind, span in zip(kinds, spans, strict=True):
                    yield from _cell(scan, kind, *span)


def _header(view: bytes, start: int, end: int) -> Table | None:
    """Read a line as the header of a table; None if no column of it is somebody's."""
    line = view[start:end]
    sign = max(_CELL, key=line.count)
    spans = _cells(view, start, end, sign)
    if not 2 <= len(spans) <= _MOST:
        return None
    words = [view[first:last] for first, last in spans]
    kinds = [_kind(word) for word in words]
    is_somebody = any(
        kind and not _VAGUE.fullmatch(word) for kind, word in zip(kinds, words, strict=True)
    )
    return Table(sign, tuple(kinds)) if is_somebody else None


def _kind(word: bytes) -> str:
    """Return what the cells of a column are, by its header."""
    plain = b" ".join(word.lower().replace(b"_", b" ").replace(b"-", b" ").split())
    if _IS_NAME.fullmatch(word):
        return "PERSON"
    if _IS_ADDRESS.fullmatch(word):
        return "ADDRESS"
    if _IS_SECRET.fullmatch(word):
        return "PASSWORD"
    if _IS_MAIL.fullmatch(word):
        return "EMAIL"
    return _OF_LABEL.get(label_of(plain), "")


def _row(scan: Scan, start: int, end: int, table: Table) -> list[Hit] | None:
    """Return the hits of a line that belongs to a table; None if it does not."""
    view = scan.view
    if _RULE.fullmatch(view, start, end):
        return []
    spans = _cells(view, start, end, table.sign)
    if len(spans) != len(table.kinds):
        return None
    cells = zip(table.kinds, spans, strict=True)
    return [hit for kind, span in cells for hit in _cell(scan, kind, *span)]


def _cells(view: bytes, start: int, end: int, sign: bytes) -> list[tuple[int, int]]:
    """Return where the cells of a line lie, without quotes and spaces around them."""
    while end > start and view[end - 1] in b" \r":
        end -= 1
    if sign == b"|":
        start += view.startswith(b"|", start)
        end -= view.endswith(b"|", start, end)
    spans: list[tuple[int, int]] = []
    pattern = _CELL[sign]
    while len(spans) <= _MOST:
        match = pattern.match(view, start, end)
        if match is None:
            return []
        spans.append(_bare(view, *match.span(1)))
        start = match.end()
        if view[start - 1 : start] != sign or start <= match.start():
            return spans
    return []


def _bare(view: bytes, start: int, end: int) -> tuple[int, int]:
    while start < end and view[start] in b" \"'":
        start += 1
    while end > start and view[end - 1] in b" \"'":
        end -= 1
    return start, end


def _cell(scan: Scan, kind: str, start: int, end: int) -> Iterator[Hit]:
    """Yield a cell that looks like what its column holds."""
    raw = scan.view[start:end]
    if kind and _fits(kind, raw):
        value = scan.text[start:end].casefold()
        if kind in _FEWEST:
            value = "".join(filter(str.isalnum, value)).upper()
        yield Hit(start, end, kind, 0.95, value)


def _fits(kind: str, raw: bytes) -> bool:
    digits = sum(48 <= code <= 57 for code in raw)
    if kind in _FEWEST:
        return digits >= _FEWEST[kind] and _NUMBER.fullmatch(raw) is not None
    if kind == "PERSON":
        return _PERSON.fullmatch(raw) is not None and len(raw) > 1 and not is_other(raw.split()[0])
    if kind == "BIRTH_DATE":
        return digits >= 4 and len(raw) <= 24
    if kind == "ADDRESS":
        return (
            len(raw) >= 6
            and b" " in raw
            and (raw[:1].isdigit() or raw[:1] != raw[:1].lower() or raw[0] > 127)
        )
    if kind == "PASSWORD":
        return len(raw) >= 4 and b" " not in raw and raw.lower() not in _NO_SECRETS
    return False


_FEWEST = {
    "PHONE": 7, "CARD": 12, "BANK_ACCOUNT": 6, "IBAN": 10, "NIK": 12, "NPWP": 14, "KK": 12,
    "BPJS": 9, "KITAS": 5, "PASSPORT": 4, "NATIONAL_ID": 5, "TAX_ID": 6, "IMEI": 14,
}  # fmt: skip
"""So many digits a cell of such a column has at least."""
_NUMBER = re.compile(rb"[A-Za-z0-9 .()+/-]{4,40}")
_NO_SECRETS = frozenset((b"null", b"none", b"true", b"false", b"****", b"********", b"redacted"))
