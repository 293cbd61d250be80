"""What a changed policy would have done to the calls of an audit trail.

A trail knows no keys, users and addresses but pseudonyms. Those of the configuration are found
again by their names; other callers count by what stands in the trail, and of an address behind a
key or a user only the network is known.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

import msgspec

from backends import Usage
from gateway.auth.identity import Identity
from gateway.config.schema import Config, Key
from gateway.stream.transcript import CHARS_PER_TOKEN
from ratelimit import Arrival, Charge, replay

from .charges import METERED, bound_of, reserved, spent
from .policy import Asking, Policies

Record = Mapping[str, Any]
START = "chat.received"
ENDS = frozenset({"chat.completed", "chat.aborted", "chat.failed"})


class Refused(msgspec.Struct, frozen=True):
    """A call that the policy would have refused."""

    time: str
    stream_id: str
    subject: str
    app: str
    model: str
    limits: tuple[str, ...]
    retry_after_s: float


class Outcome(msgspec.Struct, frozen=True):
    """How a rehearsal went. `shadow` counts what limits that only watch would have refused."""

    calls: int
    refused: tuple[Refused, ...]
    by_limit: dict[str, int]
    by_subject: dict[str, int]
    shadow: dict[str, int]


class Rehearsal:
    """Plays a trail's calls against a configuration. `named` maps subjects to kind and name."""

    def __init__(self, config: Config, named: Mapping[str, tuple[str, str]]) -> None:
        self._policies = Policies(config)
        keys = {key.id: key for key in config.keys}
        self._keys = {id: keys[name] for id, (kind, name) in named.items() if kind == "key"}
        self._users = {id: name for id, (kind, name) in named.items() if kind == "user"}

    def run(self, records: Iterable[Record]) -> Outcome:
        """Return who would have been refused; records come in the order of time."""
        found = list(records)
        by_stream = {r["stream_id"]: r for r in found if r["event"] in ENDS}
        starts = {r["stream_id"]: r for r in found if r["event"] == START}
        arrivals = self._arrivals(starts.values(), by_stream)
        refused: list[Refused] = []
        shadow: dict[str, int] = {}
        for arrival, decision in replay(arrivals):
            watching = {c.limit.name for c in arrival.charges if c.limit.shadow}
            for name in watching.intersection(decision.violated):
                shadow[name] = shadow.get(name, 0) + 1
            if not decision.allowed:
                names = tuple(name for name in decision.violated if name not in watching)
                refused.append(_refused(starts[arrival.call_id], names, decision.retry_after_s))
        limits = [name for one in refused for name in one.limits]
        subjects = [one.subject for one in refused]
        return Outcome(len(starts), tuple(refused), _most(limits), _most(subjects), shadow)

    def _arrivals(self, starts: Iterable[Record], ends: Mapping[str, Record]) -> Iterator[Arrival]:
        for start in starts:
            charges, end = tuple(self._charges(start)), ends.get(start["stream_id"])
            actual = self._actual(charges, start, end) if end else {}
            ended_s = _seconds(end) if end else None
            yield Arrival(_seconds(start), start["stream_id"], charges, ended_s, actual)

    def _charges(self, start: Record) -> Iterator[Charge]:
        app, model, route = start["app"], start["model"], start["route"]
        asked = Asking(self._identity(start, start.get("network", "")), app, model, route)
        counted = Asking(self._identity(start, _address(start)), app, model, route)
        tokens = max(1, -(-int(start.get("prompt_chars", 0)) // CHARS_PER_TOKEN))
        most = start.get("parameters", {}).get("max_tokens")
        bound = bound_of(start["dialect"], tokens, most)
        for policy in self._policies.of(asked):
            cost = 1
            if policy.limit.unit in METERED:
                cost = reserved(policy, self._policies.prices, model, bound)
            yield Charge(policy.limit, policy.subject(counted), cost)

    def _identity(self, start: Record, address: str) -> Identity:
        """Return the caller as far as the trail and the configuration know it together."""
        kind, subject = start.get("identity_kind"), str(start.get("subject"))
        if kind == "key":
            return Identity(address, self._keys.get(subject) or Key(subject, ""))
        if kind == "user":
            return Identity(address, None, self._users.get(subject, subject))
        return Identity(address)

    def _actual(self, charges: tuple[Charge, ...], start: Record, end: Record) -> dict[str, int]:
        usage = msgspec.convert(end.get("usage") or {}, Usage, strict=False)
        backend = str(end.get("backend", ""))
        return spent(charges, self._policies.prices, start["model"], backend, usage)


def names_in(config: Config) -> list[tuple[str, str]]:
    """Return kind and name of every caller that a configuration names."""
    users = sorted({user for limit in config.limits.values() for user in limit.exempt.users})
    return [("key", key.id) for key in config.keys] + [("user", user) for user in users]


def _address(start: Record) -> str:
    """Return what stands for the address: the caller itself, or at least its network."""
    is_own = start.get("identity_kind") == "address"
    return str(start.get("subject") if is_own else start.get("network", ""))


def _seconds(record: Record) -> float:
    return datetime.fromisoformat(record["time"]).timestamp()


def _refused(start: Record, limits: tuple[str, ...], retry_after_s: float) -> Refused:
    return Refused(
        time=start["time"],
        stream_id=start["stream_id"],
        subject=str(start.get("subject")),
        app=start["app"],
        model=start["model"],
        limits=limits,
        retry_after_s=round(retry_after_s, 3),
    )


def _most(names: Iterable[str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for name in names:
        counts[name] = counts.get(name, 0) + 1
    return dict(sorted(counts.items(), key=lambda item: -item[1]))
