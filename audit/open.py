"""Builds a trail from plain settings, so that the gateway needs one call."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import msgspec

from .commit import Observer
from .housekeeping import Housekeeping
from .journal import Journal
from .policy import Rule
from .pseudonym import Pseudonyms, kept_key, key_from_text
from .record import Level
from .redact import Redactor, Strategy, plugins
from .redact.apart import DEADLINE_S
from .redact.detect import DETECTORS
from .retention import Days, Retention
from .roots import all_roots
from .rotation import Rotation
from .sink import AuditUnavailable, Sink
from .trail import Trail


def open_trail(
    *,
    path: str | Path = "var/audit",
    key: str | None = None,
    level: Level = "redacted",
    rules: Sequence[Rule] = (),
    strategies: Mapping[str, Strategy] | None = None,
    detectors: Sequence[str] = (),
    purpose: str = "",
    rotation_days: int = 0,
    max_bytes: int | None = None,
    retention_days: Days | None = None,
    published: str | Path | None = None,
    sinks: Sequence[Sink] = (),
    clock: Callable[[], float] = time.time,
    observer: Observer | None = None,
) -> Trail:
    """Return a trail with its files in `path`, not started; raises AuditUnavailable.

    The names are those of the section `audit` of the configuration. Without a key a random one is
    kept in `path`. `sinks` get every record after it is durable.
    """
    folder = Path(path)
    pseudonyms = open_pseudonyms(folder, key, clock=clock, rotation_days=rotation_days)
    journal = Journal(folder, clock=clock)
    retention = Retention(folder, pseudonyms, clock=clock)
    purge = partial(retention.purge, retention_days) if retention_days else None
    return Trail(
        journal=journal,
        housekeeping=Housekeeping(
            journal,
            clock=clock,
            purge=purge,
            published=Path(published) if published else None,
        ),
        pseudonyms=pseudonyms,
        redactor=open_redactor(
            pseudonyms.current_value, strategies=strategies, detectors=detectors
        ),
        level=level,
        rules=rules,
        purpose=purpose,
        max_bytes=max_bytes,
        sinks=sinks,
        clock=clock,
        observer=observer,
    )


def open_redactor(
    tag: Callable[[str, str], str],
    *,
    strategies: Mapping[str, Strategy] | None = None,
    detectors: Sequence[str] = (),
    deadline_s: float = DEADLINE_S,
) -> Redactor:
    """Return a redactor with our detectors and these of other packages; raises LookupError.

    `tag` makes pseudonyms of values; a detector in its own process may take `deadline_s` to answer.
    """
    found = (*DETECTORS, *plugins.load(detectors, deadline_s))
    return Redactor(tag, strategies=strategies, detectors=found)


def open_pseudonyms(
    folder: Path,
    key: str | None,
    *,
    clock: Callable[[], float] = time.time,
    rotation_days: int | None = None,
) -> Pseudonyms:
    """Return the pseudonyms of a trail: by its configured key, or by the one kept beside it.

    Secrets that `keys rotate --root` has retired come along. Raises AuditUnavailable.
    """
    keys = folder / "keys"
    rotation = Rotation(keys, clock=clock)
    try:
        if rotation_days is not None:
            rotation.set_days(rotation_days)
        if not key:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        root = key_from_text(key) if key else kept_key(keys)
        _, *former = all_roots(keys, root)
        return Pseudonyms(root, rotation, former)
    except (OSError, ValueError, msgspec.DecodeError) as exc:
        raise AuditUnavailable(f"{folder}: {exc}") from exc
