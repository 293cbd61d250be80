"""All detectors and the cheap pattern that says whether one has anything to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

from ..finding import Hit
from ..scan import Scan
from . import address, birth, digits, letters, mail, names, secrets, token, web

Find = Callable[[Scan], Iterator[Hit]]


class Detector(msgspec.Struct, frozen=True):
    """`gate` fires on every text in which `find` finds something, and on few others."""

    name: str
    gate: bytes
    find: Find


_FOREIGN = rb"[\xd8\xf8]{2}"

DETECTORS: tuple[Detector, ...] = (
    Detector("mail", mail.GATE, mail.find),
    Detector("hidden_mail", mail.HIDDEN_GATE, mail.find_hidden),
    Detector("credentials", web.URL_GATE, web.find_credentials),
    Detector("ip", web.IP_GATE, web.find_ip),
    Detector("mac", web.MAC_GATE, web.find_mac),
    Detector("secret_shapes", secrets.SHAPE_GATE, secrets.find_shapes),
    Detector("secret_names", secrets.NAMED_GATE, secrets.find_named),
    Detector("codes", secrets.NAMED_GATE, secrets.find_codes),
    Detector("foreign_passwords", secrets.FOREIGN_GATE, secrets.find_foreign),
    Detector("mail_password", rb"@[A-Za-z0-9.-]{3,80}\s?[:|/;]", secrets.find_pairs),
    Detector("gitleaks", secrets.RANDOM_GATE, secrets.find_gitleaks),
    Detector("digits", token.GATE, digits.find),
    Detector("iban", letters.IBAN_GATE, letters.find_iban),
    Detector("mixed", letters.MIXED_GATE, letters.find_mixed),
    Detector("wallet", letters.WALLET_GATE, letters.find_wallet),
    Detector("birth", birth.GATE, birth.find),
    Detector("english_address", address.ENGLISH_GATE, address.find_english),
    Detector("prefixed_address", address.PREFIX_GATE, address.find_prefixed),
    Detector("suffixed_address", address.SUFFIX_GATE, address.find_suffixed),
    Detector("named_address", address.LABEL_GATE, address.find_named),
    Detector("titled_names", names.TITLE_GATE, names.find_titled),
    Detector("said_names", names.SAID_GATE, names.find_said),
    Detector("name_fields", names.FIELD_GATE, names.find_field),
    Detector("greeted_names", names.GREETING_GATE, names.find_greeted),
    Detector("role_names", names.ROLE_GATE, names.find_role),
    Detector("signatures", names.SIGNATURE_GATE, names.find_signature),
    Detector("first_names", names.FIRST_GATE, names.find_first),
    Detector("foreign_names", _FOREIGN, names.find_foreign),
)
