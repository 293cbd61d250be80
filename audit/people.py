"""Who is meant by a name, under all names that a person has or had in a trail."""

from __future__ import annotations

from collections.abc import Set
from pathlib import Path

from .pseudonym import Pseudonyms
from .reader import read_trail
from .subjects import Subject, Subjects

KINDS = ("user", "key", "address", "email")


class People:
    """Looks people up in one trail. Blocking."""

    def __init__(self, folder: Path, pseudonyms: Pseudonyms) -> None:
        self._folder = folder
        self._pseudonyms = pseudonyms
        self._subjects = Subjects(folder, pseudonyms)

    def ids(self, who: str) -> set[str]:
        """Return random names of a subject: given as one, or as `user:alice`, or as a bare name."""
        found = {who} if who[1:2] == "_" else set()
        return found | {subject.id for _, subject in self.names(who) if subject is not None}

    def names(self, who: str) -> list[tuple[str, Subject | None]]:
        """Return the pseudonyms that a name may have, each with its subject, if it has one."""
        kind, _, value = who.partition(":")
        names = [(kind, value)] if kind in KINDS and value else [(k, who) for k in KINDS]
        return [
            (pseudonym, self._subjects.find(pseudonym))
            for kind, value in names
            for pseudonym in self._pseudonyms.ever(
                kind, value.strip().casefold() if kind == "email" else value
            )
        ]

    def mails_of(self, ids: Set[str]) -> set[str]:
        """Return the mail addresses, as subjects, that these subjects have used."""
        if not ids:
            return set()
        records = (one.record for one in read_trail(self._folder, with_content=False))
        return {r["email"] for r in records if r.get("subject") in ids and "email" in r}

    def unknown_keys(self) -> tuple[str, ...]:
        """Return the keys that made names in the trail and are not known here."""
        known = self._pseudonyms.key_ids()
        records = (one.record for one in read_trail(self._folder, with_content=False))
        return tuple(sorted({str(r["key_id"]) for r in records if "key_id" in r} - known))
