"""All detectors and the cheap pattern that says whether one has anything to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

from ..engine import Pattern
from ..finding import Hit
from ..scan import FOREIGN, Scan
from . import (
    address,
    address_foreign,
    birth,
    columns,
    digits,
    letters,
    mail,
    names,
    names_beside,
    names_foreign,
    names_plain,
    secrets,
    shapes,
    spoken,
    token,
    web,
)

Find = Callable[[Scan], Iterator[Hit]]


class Detector(msgspec.Struct, frozen=True):
    """`find` looks at a text only where one of its patterns occurs, or where `gate` does."""

    name: str
    find: Find
    patterns: tuple[Pattern, ...] = ()
    gate: Pattern | None = None
    """For what finds more than its patterns say: occurs in each line where `find` finds something."""
    close: Callable[[], None] | None = None
    """Ends what it runs in, where that is not this process."""

    @property
    def openings(self) -> tuple[Pattern, ...]:
        """The patterns that say whether there is anything to do."""
        return (self.gate,) if self.gate else self.patterns


DETECTORS: tuple[Detector, ...] = (
    Detector("mail", mail.find, (mail.PLAIN,)),
    Detector("hidden_mail", mail.find_hidden, (mail.HIDDEN, mail.SPOKEN)),
    Detector("credentials", web.find_credentials, (web.LOGIN, web.QUERY)),
    Detector("ip", web.find_ip, (web.V4, web.V6)),
    Detector("mac", web.find_mac, (web.MAC,)),
    Detector("secret_shapes", shapes.find_shapes, (shapes.SHAPES,)),
    Detector("secret_names", secrets.find_named, secrets.NAMING),
    Detector("password_phrases", secrets.find_sentences, (secrets.SENTENCE,)),
    Detector("codes", spoken.find_codes, (spoken.CODE,)),
    Detector("spoken_passwords", spoken.find_loose, (spoken.LOOSE, spoken.OTHER)),
    Detector("foreign_passwords", secrets.find_foreign, gate=FOREIGN),
    Detector("mail_password", secrets.find_pairs, secrets.PAIRS),
    Detector("gitleaks", shapes.find_gitleaks, gate=shapes.KEYWORDS),
    Detector("digits", digits.find, gate=token.GATE),
    Detector("iban", letters.find_iban, (letters.IBAN,)),
    Detector("mixed", letters.find_mixed, (letters.MIXED, letters.SPACED)),
    Detector("wallet", letters.find_wallet, (letters.WALLET,)),
    Detector("birth", birth.find, (birth.DATE,)),
    Detector("sql_values", columns.find_values, (columns.VALUES,)),
    Detector("english_address", address.find_english, address.ENGLISH),
    Detector("prefixed_address", address.find_prefixed, address.PREFIXED),
    Detector("suffixed_address", address.find_suffixed, address.SUFFIXED),
    Detector("named_address", address.find_named, address.NAMED),
    Detector("foreign_address", address_foreign.find_foreign, gate=FOREIGN),
    Detector("titled_names", names.find_titled, (names.TITLE,)),
    Detector("said_names", names.find_said, (names.SAID, names.SAID_TOO)),
    Detector("name_fields", names.find_field, (names.FIELD,)),
    Detector("greeted_names", names.find_greeted, (names.GREETING,)),
    Detector("role_names", names.find_role, (names.RELATIVE, names.ROLE)),
    Detector("closing_names", names.find_closed, (names.CLOSED,)),
    Detector("signatures", names.find_signature, (names.SIGNATURE,)),
    Detector(
        "first_names",
        names_plain.find_first,
        (names_plain.FIRST,),
    ),
    Detector("speakers", names_beside.find_speaker, (names_beside.SPEAKER,)),
    Detector("mailed_names", names_beside.find_mailed, (names_beside.MAILED,)),
    Detector("writers", names_beside.find_writer, (names_beside.WROTE,)),
    Detector("names_here", names_beside.find_here, (names_beside.HERE,)),
    Detector("capital_names", names_beside.find_capitals, (names_beside.CAPITALS,)),
    Detector("degrees", names_beside.find_degree, (names_beside.DEGREE,)),
    Detector("foreign_names", names_foreign.find_foreign, gate=FOREIGN),
    Detector("foreign_first_names", names_foreign.find_first, gate=FOREIGN),
    Detector("suffixed_names", names_foreign.find_suffixed, gate=FOREIGN),
)
