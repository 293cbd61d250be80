"""Features that a client switches on by `anthropic-beta`: passed on, unless a list says which."""

from __future__ import annotations

from collections.abc import Sequence

from ..carriage import is_native
from ..request import ChatRequest
from .body import DIALECT

HEADER = "anthropic-beta"


class Betas:
    """Joins what the configuration always sends with what a client asks for and may have."""

    def __init__(self, always: str | None, allowed: Sequence[str] | None) -> None:
        self._always = tuple(name.strip() for name in (always or "").split(",") if name.strip())
        self._allowed = None if allowed is None else frozenset(allowed)

    def headers_for(self, request: ChatRequest) -> tuple[dict[str, str] | None, tuple[str, ...]]:
        """Return the header of one call, and the field's name where something was left out."""
        origin = request.origin
        if origin is None or not origin.betas or not is_native(request, DIALECT):
            return None, ()
        allowed = self._allowed
        passed = [name for name in origin.betas if allowed is None or name in allowed]
        withheld = (HEADER,) if len(passed) < len(origin.betas) else ()
        names = dict.fromkeys((*self._always, *passed))
        return ({HEADER: ",".join(names)} if names else None), withheld
