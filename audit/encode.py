"""From what the gateway says (`Received`, `Ended`, `Notice`) to the fields of a record."""

from __future__ import annotations

import functools
import ipaddress
from typing import Any

import msgspec

from .journal.draft import head
from .policy import Handling
from .record import Ended, Notice, Received
from .redact import Memory
from .redaction_point import RedactionPoint
from .subjects import Subject


class Open(msgspec.Struct):
    """What the trail remembers of a chat that has begun and not ended."""

    stream_id: str
    request_id: str
    app: str
    people: dict[str, Subject]
    """Who takes part, by pseudonym: the caller, and whose mail address was given."""
    subject: Subject
    email: str | None
    memory: Memory
    handling: Handling


@functools.lru_cache(maxsize=1024)
def network(address: str) -> str:
    """Reduce an address: IPv4 to its /24, IPv6 to its /48, anything else to nothing."""
    try:
        ip = ipaddress.ip_address(address.split("%")[0])
    except ValueError:
        return ""
    mapped = getattr(ip, "ipv4_mapped", None)
    ip = mapped or ip
    return str(ipaddress.ip_network((ip, 24 if ip.version == 4 else 48), strict=False))


class RecordWriter:
    """Writes fields; every text that people can choose goes through the redaction point."""

    def __init__(self, point: RedactionPoint) -> None:
        self._point = point

    def begin(
        self,
        call: Received,
        people: dict[str, Subject],
        subject: Subject,
        email: str | None,
        handling: Handling,
    ) -> Open:
        """Return what is to be remembered of a call until it ends."""

        stream_id = call.stream_id  # what is remembered must not hold the call with all its words

        def seal(value: str) -> str:
            return subject.seal(value.encode(), stream_id)

        return Open(
            stream_id=stream_id,
            request_id=self._point.name(call.request_id),
            app=self._point.name(call.app),
            people=people,
            subject=subject,
            email=email,
            memory=Memory(seal),
            handling=handling,
        )

    def received(
        self, call: Received, begun: Open, now: float, with_texts: bool
    ) -> dict[str, object]:
        """Return the fields of `chat.received`."""
        name = self._point.name
        record = _head("chat.received", begun, now)
        record |= {
            "identity_kind": call.identity_kind,
            "network": network(call.address),
            "route": name(call.route),
            "dialect": name(call.dialect),
            "model": name(call.model),
            "prompt_chars": sum(len(turn.text) for turn in call.turns),
            "turns": len(call.turns),
            "parameters": self._point.parameters(call.parameters, with_texts=with_texts),
        }
        if call.trace_id:
            record["trace_id"] = call.trace_id
        if call.user_role:
            record["role"] = name(call.user_role)
        return record

    def ended(self, end: Ended, begun: Open, now: float) -> dict[str, object]:
        """Return the fields of `chat.completed` or `chat.aborted`."""
        event = "chat.completed" if end.outcome == "done" else "chat.aborted"
        record = _head(event, begun, now)
        record |= {"outcome": end.outcome, "usage": end.usage, "duration_ms": end.duration_ms}
        name = self._point.name
        if end.first_token_ms is not None:
            record["first_token_ms"] = end.first_token_ms
        if end.model_served:
            record["model_served"] = name(end.model_served)
        if end.backend:
            record["backend"] = name(end.backend)
        if end.finish_reason:
            record["finish_reason"] = end.finish_reason
        if end.error_code:
            record["error_code"] = end.error_code
        if end.tools:
            record["tools"] = [name(tool) for tool in end.tools]
        if end.attempts:
            record["attempts"] = [self._plain(attempt) for attempt in end.attempts]
        record["answer_chars"] = len(end.answer)
        return record

    def notice(self, notice: Notice, now: float, subject: str | None) -> dict[str, object]:
        """Return the fields of any other event."""
        name = self._point.name
        request_id, app = name(notice.request_id), name(notice.app)
        record = head(name(notice.event), now, request_id=request_id, app=app, subject=subject)
        fields = self._plain(notice.fields)
        return record | {key: value for key, value in fields.items() if key not in record}

    def _plain(self, values: dict[str, Any]) -> dict[str, Any]:
        return self._point.parameters(values, with_texts=True)


def _head(event: str, begun: Open, now: float) -> dict[str, object]:
    record = head(
        event,
        now,
        stream_id=begun.stream_id,
        request_id=begun.request_id,
        app=begun.app,
        subject=begun.subject.id,
    )
    if begun.email:
        record["email"] = begun.email
    return record
