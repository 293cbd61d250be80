"""Two people open what is sealed: one asks and says why, another agrees, and it is on record.

Who they are is what they say (`by`); that they are two must be seen to by whoever gives the rights.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Set
from pathlib import Path
from typing import Any

from .acts import Acts
from .journal.draft import stamp
from .reader import by_time

VALID_S = 86_400
"""So long may be read after somebody agreed."""
NOBODY = frozenset({"", "cli", "admin"})
"""Names that say nothing of who acts."""


class NotApproved(Exception):
    """What is sealed stays sealed; the message says what is missing."""


class Unsealing:
    """Requests and approvals of one trail, in the name of `by`. Blocking."""

    def __init__(
        self, folder: Path, acts: Acts, *, by: str, clock: Callable[[], float] = time.time
    ) -> None:
        self._folder = folder
        self._acts = acts
        self._by = by.strip()
        self._clock = clock

    def request(self, subjects: Set[str], reason: str) -> str:
        """Ask to read what is sealed of these subjects; return the name of the request."""
        self._need_a_name()
        if not subjects:
            raise NotApproved("nobody of that name is in the trail")
        id = secrets.token_hex(6)
        fields: dict[str, object] = {"request": id, "subjects": sorted(subjects)}
        self._acts.record("reident.requested", {**fields, "reason": reason})
        return id

    def approve(self, request: str) -> list[str]:
        """Agree to a request of somebody else; return whose words may be read now."""
        self._need_a_name()
        asked = self._find("reident.requested", request)
        if not asked:
            raise NotApproved(f"there is no request {request}")
        if asked[0]["by"].casefold() == self._by.casefold():
            raise NotApproved(f"{self._by} has asked; another person must agree")
        subjects: list[str] = asked[0]["subjects"]
        self._acts.record("reident.approved", {"request": request, "subjects": subjects})
        return subjects

    def serve(self, request: str, subjects: Set[str]) -> None:
        """Record that sealed words are read now; raises NotApproved if they may not be."""
        since = stamp(self._clock() - VALID_S)
        approved = [one for one in self._find("reident.approved", request) if one["time"] >= since]
        if not approved:
            raise NotApproved(f"nobody has agreed to {request} within the last 24 hours")
        if not subjects <= set(approved[-1]["subjects"]):
            raise NotApproved(f"{request} is about somebody else")
        self._acts.record("reident.served", {"request": request, "subjects": sorted(subjects)})

    def _need_a_name(self) -> None:
        if self._by in NOBODY:
            raise NotApproved("say who acts: two people must be told apart")

    def _find(self, event: str, request: str) -> list[dict[str, Any]]:
        found = by_time(self._folder, with_content=False, event=event)
        return [one.record for one in found if one.record.get("request") == request]
