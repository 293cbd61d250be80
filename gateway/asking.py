"""Who asks, added to a question: a name for sticky choices, and a keyed hash for the provider."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from backends import ChatRequest, Origin
from gateway.auth.identity import Identity


def asked_by(
    chat: ChatRequest,
    identity: Identity,
    pseudonym: Callable[[str, str], str],
    user: str | None = None,
) -> ChatRequest:
    """Return the question with its asker; `user` is whom the caller says that it asks for.

    A caller without key, signed user or end user gets no name: what many share is nobody's.
    """
    told = user or _end_user(chat.origin)
    if identity.kind == "address" and not told:
        return chat
    hidden = pseudonym("end user", told) if told and chat.origin is not None else None
    return msgspec.structs.replace(chat, caller=f"{identity.caller}:{told or ''}", user=hidden)


def _end_user(origin: Origin | None) -> str | None:
    """Return whom a client's body names in its protocol's field for it."""
    if origin is None:
        return None
    body = origin.body
    metadata = body.get("metadata")
    named = body.get("safety_identifier") or body.get("user")
    if named is None and isinstance(metadata, dict):
        named = metadata.get("user_id")
    return named if isinstance(named, str) and named else None
