"""What is put in the place of a value, by type."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from typing import Literal

from .finding import Hit
from .pem import MORE

Strategy = Literal["pseudonym", "placeholder", "mask", "hash", "encrypt", "drop", "keep"]
Tag = Callable[[str, str], str]
"""Makes the keyed part of a pseudonym from type and normalised value."""

Seal = Callable[[str], str]
"""Encrypts a value under the key of the person whose record it is in."""

SECRETS = frozenset(("SECRET", "JWT", "PASSWORD", "PRIVATE_KEY"))
TYPES = SECRETS | {
    "BANK_ACCOUNT", "BIRTH_DATE", "BPJS", "CARD", "EMAIL", "IBAN", "IMEI", "IP", "KITAS", "KK",
    "MAC", "NATIONAL_ID", "NIK", "NPWP", "PASSPORT", "PERSON", "PHONE", "TAX_ID", "WALLET",
    "ADDRESS",
}  # fmt: skip
"""What our own detectors find."""
SEALED = re.compile(r"\[([A-Z_]+) sealed:([A-Za-z0-9+/=]+)\]")


class Replacer:
    """Knows the strategy of each type.

    Secrets get no tag, for a tag allows tests of equality; they leave a placeholder or nothing.
    """

    def __init__(self, tag: Tag, strategies: Mapping[str, Strategy] | None = None) -> None:
        self._tag = tag
        self._strategies = dict(strategies or {})
        self._default: Strategy = self._strategies.get("*", "pseudonym")

    def varied(self, strategies: Mapping[str, Strategy]) -> Replacer:
        """Return one with other strategies for some types."""
        return Replacer(self._tag, {**self._strategies, **strategies})

    def of(self, hit: Hit, written: str, seal: Seal | None = None) -> str:
        """Return what stands in place of `written`; without `seal` nothing can be encrypted."""
        if hit.type == MORE:
            return ""
        strategy = self._strategies.get(hit.type, self._default)
        if hit.type in SECRETS and strategy != "drop":
            strategy = "placeholder"
        match strategy:
            case "pseudonym":
                return f"[{hit.type}_{self._tag(hit.type, hit.value)}]"
            case "placeholder":
                return f"[{hit.type}]"
            case "hash":
                tag = self._tag(f"{hit.type}/hash", hit.value)
                return f"[{hit.type}#{hashlib.sha256(tag.encode()).hexdigest()[:24]}]"
            case "encrypt" if seal is not None:
                return f"[{hit.type} sealed:{seal(written)}]"
            case "encrypt":
                return f"[{hit.type}]"
            case "mask":
                return mask(hit, written)
            case "drop":
                return ""
            case "keep":
                return written


def mask(hit: Hit, written: str) -> str:
    """Keep what helps and names nobody: end of a card, domain of a mail, country of a phone."""
    match hit.type:
        case "CARD":
            return f"[CARD ••{hit.value[-4:]}]"
        case "EMAIL":
            return f"[EMAIL •@{hit.value.rpartition('@')[2]}]"
        case "PHONE" if written.startswith("+"):
            return f"[PHONE +{hit.value[:2]}•]"
        case "IBAN":
            return f"[IBAN {hit.value[:2]}•]"
        case _:
            return f"[{hit.type}]"
