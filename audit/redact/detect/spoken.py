"""Passwords and codes as people write of them: with words between, in a sentence."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..engine import Pattern
from ..finding import Hit
from ..scan import Scan
from .secrets import strength, trim

CODE = Pattern(
    rb"(?i)\b(?:pin|otp|cvv2?|cvc2?|passcode|pin[ -]?code|geheimzahl|code (?:confidentiel|secret|pin)|"
    rb"cod(?:igo|ice) (?:secreto|segreto|pin)|(?:2fa|mfa|sms|security|verification|access|login|reset|unlock|kode) code"
    rb"|kode (?:otp|verifikasi|akses|keamanan|pin)|one[ -]time password|code on the back)"
    rb"(?: (?:for|to|of|untuk)(?: [a-z]{1,15}){1,3}| (?:atm|bank|kartu|card|debit|kredit|sim|hp|wifi|"
    rb"pintu|door|safe|brankas|bca|bni|bri|mandiri|m-?banking))?(?:[ :=]{1,3}(?:is|code|number|saya|anda|kamu|adalah|nya|no))?[ :=#]{1,3}(\d{3,8})\b"
    rb"|\b(?:the|my|your|received|sms|login|access) code(?: is|:|, it's) (\d{4,8}|\d{3}[ -]\d{3})\b"
    rb"|\b\d{4,16}(?: (?:exp|expiry|valid)\.?)?[ |;,](?:0[1-9]|1[0-2])[/|;,-](?:20)?\d\d[ |;,](\d{3,4})\b"
)
_PASSWORD = (
    rb"(?:pass(?:word|wort|wd|code|phrase)|kata ?sandi|sandi|pwd|pw|mot de passe|mdp|contrasena|senha|wachtwoord|"
    rb"haslo|heslo|kennwort|losenord|salasana|adgangskode|passord|sifre|parola|jelszo|lozinka|mat khau|clave|"
    rb"pass (?:[a-z]{2,12}nya)|(?:recovery|backup|activation|unlock|invite) codes?)"
)
LOOSE = Pattern(
    rb"(?i)\b"
    + _PASSWORD
    + rb"(?:nya|mu|ku|m|n)?((?:,? [a-z][a-z'-]{0,14}){0,4}(?: ?[:=]| is| was| adalah)?)"
    rb" {1,2}[\"'`(]?([^\s\"'`,;]{4,64})"
)
"""A password with what it is for between: the value must look like one."""
OTHER = Pattern(
    rb"(?i)\b(?:"
    + _PASSWORD
    + rb"|login|user(?:name)?|wifi|wi-fi|akun)\b[^\n]{1,60}\b(?:new one|old one|other one|the new|yang baru|yang lama|"
    rb"pass|pw)(?: is| was| adalah|:)? ([^\s\"'`,;]{4,64})"
)
"""The second of two passwords, or the word for one behind the word for an account."""
_NO_VALUE = re.compile(
    rb"(?i)\b(?:must|should|least|minim\w*|maxim\w*|policy|length|expir\w*|within|after|before|hash\w*|stored?|"
    rb"encrypt\w*|using|with|via|characters?|requires?|contains?|reset|harus|setiap|every|per|than|digits?|level|"
    rb"version|rate|manager|strength|from|dari|atau|or|at|page|section|step|dalam)\b"
)
"""Words between a word for a password and what is none."""
_KNOWN = re.compile(
    rb"(?i)(?:sha|md|aes|rsa|argon|bcrypt|pbkdf|oauth|utf|base|tls|ssl|http|ssh|x\d|v\d)[a-z]*[-_]?\d|\d+[a-z%]{0,10}$|"
    rb"\d+-[a-z]|[a-z]+\.[a-z]+[.(]|.*[@\\(){}\[\]<>|]|//|[a-z]+://|\d{1,4}[./-]\d{1,2}[./-]\d"
)
"""Names of methods, amounts, calls, addresses, dates."""


def find_codes(scan: Scan) -> Iterator[Hit]:
    """Yield short numbers behind words such as `PIN`."""
    for match in scan.matches(CODE):
        start, end = max(match.span(group) for group in (1, 2, 3))
        yield Hit(start, end, "PASSWORD", 0.8, scan.text[start:end])


def find_loose(scan: Scan) -> Iterator[Hit]:
    """Yield what looks like a password some words behind a word for one."""
    for match in scan.matches(LOOSE):
        if not _NO_VALUE.search(scan.view, *match.span(1)):
            yield from _made_up(scan, *match.span(2), has_digits=b"nya" in match[0].lower())
    for match in scan.matches(OTHER):
        yield from _made_up(scan, *match.span(1))


def _made_up(scan: Scan, start: int, end: int, *, has_digits: bool = False) -> Iterator[Hit]:
    """Yield a word with letters and digits, or with signs; `has_digits`: or of digits alone."""
    end = trim(scan.view, start, end)
    word = scan.view[start:end]
    is_mixed = _DIGIT.search(word) and _LETTER.search(word)
    is_number = has_digits and word.isdigit() and len(word) <= 8
    if is_number or (
        strength(word) >= 2 and (is_mixed or _SIGN.search(word)) and not _KNOWN.match(word)
    ):
        yield Hit(start, end, "PASSWORD", 0.8, scan.text[start:end])


_DIGIT, _LETTER = re.compile(rb"\d"), re.compile(rb"[A-Za-z]")
_SIGN = re.compile(rb"[!#$%^&*+=~?]")
