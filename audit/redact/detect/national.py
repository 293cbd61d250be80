"""Identity and tax numbers by country: shapes here, checks from python-stdnum. A table, not code."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from importlib import import_module
from typing import Any

import msgspec


class Id(msgspec.Struct, frozen=True):
    """One kind of number that needs no label: `sure` if checked right, `shaped` by its shape."""

    type: str
    shape: str
    module: str = ""
    sure: bool = False
    shaped: bool = False


N, T = "NATIONAL_ID", "TAX_ID"
_DAY, _MONTH = "(?:[04][1-9]|[1256][0-9]|[37][01])", "(?:0[1-9]|1[0-2])"
"""Day and month of birth in a NIK; women have 40 added to the day."""

DIGITS: tuple[Id, ...] = (
    Id("NIK", rf"\d{{6}}[ .-]?{_DAY}{_MONTH}\d\d[ .-]?\d{{4}}", "id.nik", sure=True),
    Id("NIK", rf"\d{{4}}[ .-]\d\d{_DAY}[ .-]{_MONTH}\d\d[ .-]\d{{4}}", "id.nik", sure=True),
    Id("NPWP", r"\d\d\.\d{3}\.\d{3}\.\d[-.]\d{3}\.\d{3}", "", shaped=True),
    Id(N, r"\d{3}\.\d{3}\.\d{3}-\d\d", "br.cpf", shaped=True),
    Id(N, r"\d{11}", "br.cpf", sure=True),
    Id(T, r"\d\d\.\d{3}\.\d{3}/\d{4}-\d\d", "br.cnpj", shaped=True),
    Id(T, r"\d{14}", "br.cnpj", sure=True),
    Id(N, r"\d{3}-\d\d-\d{4}", "us.ssn", shaped=True),
    Id(N, r"\d{3} \d\d \d{4}", "us.ssn", sure=True),
    Id(N, r"9\d\d-\d\d-\d{4}", "us.itin", sure=True),
    Id(N, r"\d{11}", "pl.pesel", sure=True),
    Id(T, r"\d{3}-\d{3}-\d\d-\d\d|\d{3}-\d\d-\d\d-\d{3}", "pl.nip", sure=True),
    Id(N, r"\d{11}|\d{2} \d{3} \d{3} \d{3}", "de.idnr", sure=True),
    Id(N, r"\d{11}", "tr.tckimlik", sure=True),
    Id(N, r"[1-8]\d{10}", "ee.ik", sure=True),
    Id(N, r"[1-6]\d{10}", "lt.asmens", sure=True),
    Id(N, r"\d{6}-\d{5}|\d{11}", "lv.pvn", sure=True),
    Id(N, r"\d{6} ?\d{5}", "no.fodselsnummer", sure=True),
    Id(N, r"\d\d\.\d\d\.\d\d-\d{3}\.\d\d", "be.nn", shaped=True),
    Id(N, r"\d{11}", "be.nn", sure=True),
    Id(N, r"(?:19|20)?\d{6}[-+]\d{4}", "se.personnummer", sure=True),
    Id(N, r"(?:19|20)\d{10}", "se.personnummer", sure=True),
    Id(N, r"\d{6}-\d{4}", "dk.cpr", sure=True),
    Id(N, r"\d{6}-\d{4}", "is_.kennitala", sure=True),
    Id(N, r"\d{6}/\d{3,4}", "cz.rc", sure=True),
    Id(N, r"[1-9]\d{12}", "ro.cnp", sure=True),
    Id(N, r"\d{13}", "si.emso", sure=True),
    Id(N, r"756\.?\d{4}\.?\d{4}\.?\d\d", "ch.ssn", sure=True),
    Id(N, r"\d{3}[ -]\d{3}[ -]\d{4}", "gb.nhs", sure=True),
    Id(N, r"[12] ?\d\d ?\d\d ?\d[\dAB] ?\d{3} ?\d{3}(?: ?\d\d)", "fr.nir", sure=True),
    Id(T, r"[0-3]\d \d\d \d{3} \d{3} \d{3}|[0-3]\d{12}", "fr.nif", sure=True),
    Id(N, r"\d{11}", "gr.amka", sure=True),
    Id(N, r"\d{4}[ -]\d{4}[ -]\d{4}|[2-9]\d{11}", "in_.aadhaar", sure=True),
    Id(N, r"\d{6}-\d\d-\d{4}", "my.nric", sure=True),
    Id(N, r"\d{6}-[1-8]\d{6}", "kr.rrn", shaped=True),
    Id(N, r"\d-\d{4}-\d{5}-\d\d-\d", "th.pin", shaped=True),
    Id(N, r"[1-9]\d{16}[\dX]", "cn.ric", sure=True),
    Id(N, r"\d{13}", "za.idnr", sure=True),
    Id(N, r"\d{3}[ -]\d{3}[ -]\d{3}", "ca.sin", sure=True),
    Id(T, r"\d{3} \d{3} \d{3}", "au.tfn", sure=True),
    Id(T, r"\d\d-\d{8}-\d", "ar.cuit", shaped=True),
    Id(N, r"\d{2}\.\d{3}\.\d{3}-[\dkK]|\d{7,8}-[\dkK]", "cl.rut", sure=True),
    Id(N, r"\d{3}-\d{3}-\d{3} \d\d", "", shaped=True),
    Id(N, r"\d{11}", "no.fodselsnummer", sure=True),
    Id(N, r"\d{5}-\d{7}-\d", "pk.cnic", shaped=True),
)

LETTERS: tuple[Id, ...] = (
    Id(N, r"\d{8}-?[A-Z]", "es.dni", sure=True),
    Id(N, r"[XYZ]-?\d{7}-?[A-Z]", "es.nie", sure=True),
    Id(N, r"[A-Z]{6}\d{2}[A-EHLMPRST]\d{2}[A-Z]\d{3}[A-Z]", "it.codicefiscale", shaped=True),
    Id(N, r"[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d\d ?\d\d ?\d\d ?[A-D]", "", shaped=True),
    Id(N, r"[A-Z]{3}[ABCFGHJLPT][A-Z]\d{4}[A-Z]", "in_.pan", shaped=True),
    Id(N, r"[STFGM]\d{7}[A-Z]", "", shaped=True),
    Id(N, r"[A-Z]{4}\d{6}[HM][A-Z]{5}[A-Z\d]\d", "mx.curp", shaped=True),
    Id(T,
        r"[A-Z&]{3,4}\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])[A-Z\d]{3}"
    , "mx.rfc", sure=True, shaped=True),
    Id(N, r"[A-Z]{1,2}\d{6}\([\dA]\)", "", shaped=True),
    Id(N, r"\d{6}[-+A-FU-Y]\d{3}[0-9A-FHJ-NPR-Y]", "fi.hetu", sure=True),
    Id(N, r"\d{7}[A-W][ABWTXZ]?", "ie.pps", sure=True),
    Id(N, r"\d\d ?\d{6} ?[A-Z] ?\d{3}", "", shaped=True),
    Id("KITAS", r"\d[A-Z]\d\d[A-Z]{2}\d{4}-?[A-Z]{0,2}", "", shaped=True),
    Id(N, r"[12] ?\d\d ?\d\d ?2[AB] ?\d{3} ?\d{3}(?: ?\d\d)?", "fr.nir", sure=True),
    Id(N, r"[1-9]\d{16}X", "cn.ric", sure=True),
    Id(N, r"\d{2}\.\d{3}\.\d{3}-K|\d{7,8}-K", "cl.rut", sure=True),
)  # fmt: skip


@cache
def _module(name: str) -> Any:
    return import_module(f"stdnum.{name}")


def is_right(kind: Id, raw: str) -> bool:
    """Ask python-stdnum whether a number passes its own check."""
    if not kind.module:
        return False
    try:
        return bool(_module(kind.module).is_valid(raw))
    except ImportError:
        return False


class Table:
    """The kinds whose shape a piece of text has."""

    def __init__(self, kinds: tuple[Id, ...]) -> None:
        self._kinds = [
            (re.compile(_general(kind.shape)), re.compile(kind.shape), kind) for kind in kinds
        ]
        self._like = lru_cache(4096)(self._of_form)

    def judge(self, raw: str) -> tuple[str, float]:
        """Return type and score of a piece by shape and check alone."""
        best, score = "", 0.0
        for shape, kind in self._like(_DIGIT.sub("0", raw)):
            if score < 0.85 and shape.fullmatch(raw):
                found = self._score(kind, raw)
                if found > score:
                    best, score = kind.type, found
        return best, score

    def _of_form(self, form: str) -> list[tuple[re.Pattern[str], Id]]:
        """Return the kinds that a piece of this form (all digits 0) may be."""
        return [(shape, kind) for like, shape, kind in self._kinds if like.fullmatch(form)]

    @staticmethod
    def _score(kind: Id, raw: str) -> float:
        if kind.sure and is_right(kind, raw):
            return 0.85
        return 0.7 if kind.shaped else 0.0


_DIGIT = re.compile(r"\d")
_LITERAL = re.compile(r"\{[\d,]+\}|\[[^\]]*\]|\\d|\d")


def _general(shape: str) -> str:
    """Widen a shape so that any digit stands for any other."""

    def widen(found: re.Match[str]) -> str:
        piece = found[0]
        if piece.startswith("{") or piece == "\\d":
            return piece
        if piece.startswith("["):
            return piece[:-1] + "0]" if re.search(r"\d", piece) else piece
        return r"\d"

    return _LITERAL.sub(widen, shape)
