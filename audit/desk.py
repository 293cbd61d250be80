"""The desk of a privacy officer: access, erasure, retention, search. Every act is on record itself.

Blocking, and works on the folder of a trail whether its gateway runs or not.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from .acts import Acts
from .erase import Erasure, Plan, Receipt
from .people import People
from .pseudonym import Pseudonyms, key_from_text, replace_key
from .reader import Stored, by_time, latest
from .redact import SEALED, Redactor
from .roots import retire
from .subjects import Subject, Subjects, all_subjects
from .unseal import Unsealing

CLOSED = "two people open it: gateway audit unseal"
Owners = Mapping[str, tuple[str, Subject]]
"""Subjects by their random name, with the pseudonym that leads to them."""


class Export(msgspec.Struct, frozen=True):
    """Everything that is kept about one subject."""

    subjects: tuple[str, ...]
    records: tuple[dict[str, Any], ...]
    recipients: tuple[str, ...]
    """Backends that were sent something."""
    unknown_keys: tuple[str, ...] = ()
    """Keys of names in the trail that are not known here: the person may have such names too."""


class Desk:
    """Acts on one trail in the name of `by`."""

    def __init__(
        self,
        folder: Path,
        pseudonyms: Pseudonyms,
        *,
        by: str = "cli",
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._folder = folder
        self._pseudonyms = pseudonyms
        self._people = People(folder, pseudonyms)
        self._subjects = Subjects(folder, pseudonyms)
        self._acts = Acts(folder, by=by, clock=clock)
        self._unsealing = Unsealing(folder, self._acts, by=by, clock=clock)
        self._erasure = Erasure(folder, pseudonyms, self._acts, clock=clock)

    def show(self, *, event: str = "", last: int = 50, with_content: bool = False) -> list[Stored]:
        """Return the latest records; the reading is recorded."""
        found = latest(self._folder, last, with_content=with_content, event=event)
        self._acts.record("audit.read", {"records": len(found), "with_words": with_content})
        return found

    def export(self, who: str, *, unseal: str = "") -> Export:
        """Return all records and words of a subject, receipts included; the reading is recorded.

        What is sealed is opened with a request (`unseal`) that somebody else has agreed to; raises
        NotApproved.
        """
        ids = self._people.ids(who)
        known = ids | {name for name, _ in self._people.names(who)}
        found = _without_done(by_time(self._folder, wanted=lambda r: _concerns(r, known)))
        backends = sorted({one.record["backend"] for one in found if "backend" in one.record})
        opened = _count_sealed(found) if unseal else 0
        fields = {"subjects": sorted(ids), "records": len(found), "opened": opened}
        if unseal:
            self._unsealing.serve(unseal, ids)
        self._acts.record("subject.export.served", fields)
        people = all_subjects(self._folder) if unseal else ()
        owners = {s.id: (name, s) for name, s in people if s.id in ids}
        records = tuple(self._readable(one, owners) for one in found)
        return Export(tuple(sorted(ids)), records, tuple(backends), self._people.unknown_keys())

    def plan(self, who: str) -> Plan:
        """Say what an erasure would do; changes and records nothing."""
        return self._erasure.plan(who)

    def erase(self, who: str) -> Receipt:
        """Erase words of a subject and the link to his name; LegalHold if a court wants it."""
        return self._erasure.run(who)

    def ask_to_unseal(self, who: str, reason: str) -> str:
        """Ask to read what is sealed of a person; return the request. Raises NotApproved."""
        redacted = Redactor(self._pseudonyms.current_value).redact(reason).text
        return self._unsealing.request(self._people.ids(who), redacted)

    def approve(self, request: str) -> list[str]:
        """Agree to a request of somebody else; raises NotApproved."""
        return self._unsealing.approve(request)

    def rotate(self) -> str:
        """Give everybody a new name from now on, and record it; return the id of the new key."""
        before = self._pseudonyms.key_id
        key_id = self._pseudonyms.rotate()
        self._acts.record("audit.keys.rotated", {"key_id": key_id, "before": before})
        return key_id

    def rotate_root(self, secret: str | None = None) -> str:
        """Put another secret in place of the one in force, and record it; return its key id.

        `secret`: the one that the configuration will hold; without it the one kept beside the
        trail is replaced. Gateways take it at their next start, and work on with the old one until
        then. Under the new one people are found by the names that both have made.
        """
        keys = self._folder / "keys"
        root = key_from_text(secret) if secret else secrets.token_bytes(32)
        after = Pseudonyms(root, self._pseudonyms.rotation)
        before = self._pseudonyms.key_id
        retire(keys, self._pseudonyms.root, root)
        if not secret:
            replace_key(keys, root)
        self._acts.record("audit.root.rotated", {"key_id": after.key_id, "before": before})
        return after.key_id

    def search(
        self,
        *,
        event: str = "",
        app: str = "",
        who: str = "",
        outcome: str = "",
        since: str = "",
        until: str = "",
        text: str = "",
    ) -> list[Stored]:
        """Return the records that fit; the search is recorded, not what was searched for."""
        ids = self._people.ids(who) if who else set()

        def is_meant(record: dict[str, Any]) -> bool:
            return (
                (not app or record.get("app") == app)
                and (not outcome or record.get("outcome") == outcome)
                and (not who or bool({record.get("subject"), record.get("email")} & ids))
                and (not since or record["time"] >= since)
                and (not until or record["time"] < until)
            )

        found = by_time(self._folder, event=event, wanted=is_meant)
        found = [one for one in found if not text or text in str(one.content)]
        self._acts.record("audit.search", {"records": len(found)})
        return found

    def hold(self, who: str, *, is_set: bool) -> list[str]:
        """Set or clear a legal hold: what is held is neither erased nor purged."""
        ids = sorted(self._people.ids(who))
        self._acts.record("hold.set" if is_set else "hold.cleared", {"subjects": ids})
        return ids

    def _readable(self, one: Stored, owners: Owners) -> dict[str, Any]:
        record = {"segment": one.segment, **one.record}
        if one.is_erased:
            return {**record, "content": "erased"}
        return record if one.content is None else {**record, "content": self._opened(one, owners)}

    def _opened(self, one: Stored, owners: Owners) -> dict[str, Any]:
        """Return words; what is encrypted in them is opened while the subject's key exists."""
        content = dict(one.content or {})
        raw = msgspec.json.encode(content)
        if b" sealed:" not in raw and "sealed" not in content:
            return content
        owner = owners.get(str(one.record["subject"]))
        if owner is None:
            return content | ({"sealed": CLOSED} if "sealed" in content else {})
        return _open_words(content, self._subjects.opened(*owner), str(one.record["stream_id"]))


def _count_sealed(found: list[Stored]) -> int:
    return sum("sealed" in (one.content or {}) for one in found)


def _without_done(records: list[Stored]) -> list[Stored]:
    """Leave out requests for erasure that were done: the receipt speaks for them."""
    done = {
        receipt
        for one in records
        if one.record["event"] == "subject.erasure.done"
        for receipt in (one.record["receipt"], *one.record.get("finishes", ()))
    }
    return [
        one
        for one in records
        if one.record["event"] != "subject.erasure.requested" or one.record["receipt"] not in done
    ]


def _concerns(record: dict[str, Any], names: set[str]) -> bool:
    if record.get("subject") in names or record.get("email") in names:
        return True
    return bool(names & {*(record.get("subjects") or ()), *(record.get("who") or ())})


def _open_words(content: dict[str, Any], subject: Subject, stream: str) -> dict[str, Any]:
    def opened(value: Any) -> Any:
        match value:
            case str():
                return SEALED.sub(lambda m: subject.unseal(m[2], stream).decode(), value)
            case list():
                return [opened(item) for item in value]
            case dict():
                return {key: opened(item) for key, item in value.items()}
            case _:
                return value

    sealed = content.pop("sealed", None)
    done: dict[str, Any] = opened(content)
    if sealed:
        done["full"] = msgspec.json.decode(subject.unseal(sealed, stream))
    return done
