"""Builds a trail from plain settings, so that the gateway needs one call."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from .commit import Observer
from .desk import Desk
from .housekeeping import Housekeeping
from .journal import Journal
from .policy import Rule
from .pseudonym import Pseudonyms, kept_key, key_from_text
from .record import Level
from .redact import Redactor, Strategy, plugins
from .redact.detect import DETECTORS
from .rotation import Rotation
from .sink import AuditUnavailable, Sink
from .trail import Trail


def open_trail(
    *,
    path: str | Path = "var/audit",
    key: str | None = None,
    level: Level = "redacted",
    sinks: Sequence[Sink] = (),
    clock: Callable[[], float] = time.time,
    observer: Observer | None = None,
    content_days: int | None = None,
    metadata_days: int | None = None,
    published: str | Path | None = None,
    rules: Sequence[Rule] = (),
    strategies: Mapping[str, Strategy] | None = None,
    purpose: str = "",
    max_bytes: int | None = None,
    rotation_days: int = 0,
    detectors: Sequence[str] = (),
) -> Trail:
    """Return a trail whose files are in `path`; `sinks` get every record after it is durable.

    Files older than `content_days` and `metadata_days` are removed; signed checkpoints are copied
    to `published`, a second place, so that a cut tail is noticed.

    `rules` make levels and strategies different for apps and models, `purpose` says why something
    is sealed, `max_bytes` bounds the folder, names change every `rotation_days` (0: never), and
    `detectors` are names of installed plug-ins.

    Without a key a random one is made and kept in `path`, so that pseudonyms outlive a restart.
    Raises AuditUnavailable when the folder cannot be used. `start()` it before use.
    """
    folder = Path(path)
    pseudonyms = open_pseudonyms(folder, key, clock=clock, rotation_days=rotation_days)
    journal = Journal(folder, clock=clock)
    desk = Desk(folder, pseudonyms, by="retention", clock=clock)
    purge = None
    if content_days is not None and metadata_days is not None:
        purge = partial(desk.purge, content_days=content_days, metadata_days=metadata_days)
    second = Path(published) if published else None
    return Trail(
        journal=journal,
        housekeeping=Housekeeping(journal, clock=clock, purge=purge, published=second),
        pseudonyms=pseudonyms,
        redactor=Redactor(
            pseudonyms.current_value,
            strategies=strategies,
            detectors=(*DETECTORS, *plugins.load(detectors)),
        ),
        level=level,
        sinks=sinks,
        clock=clock,
        observer=observer,
        rules=rules,
        purpose=purpose,
        max_bytes=max_bytes,
    )


def open_pseudonyms(
    folder: Path,
    key: str | None,
    *,
    clock: Callable[[], float] = time.time,
    rotation_days: int | None = None,
) -> Pseudonyms:
    """Return the pseudonyms of a trail: by its configured key, or by the one kept beside it."""
    rotation = Rotation(folder / "keys", clock=clock)
    try:
        if rotation_days is not None:
            rotation.set_days(rotation_days)
        if key:
            return Pseudonyms(key_from_text(key), rotation)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return Pseudonyms(kept_key(folder / "keys"), rotation)
    except (OSError, ValueError) as exc:
        raise AuditUnavailable(f"{folder}: {exc}") from exc
