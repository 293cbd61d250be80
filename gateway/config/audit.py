"""The audit section: a journal first, further sinks that can be reached, each once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path as Folder

from audit import SECRETS, TYPES, Strategy, detector_names

from .document import Document, Path, section
from .form import split_url
from .references import lead, lead_to_model
from .schema import Config, Sink

TABLE = re.compile(r"[a-z_][a-z0-9_]{0,39}")
STREAM = re.compile(r"[!-z]{1,100}")
_SCHEMES = {
    "redis": ("redis", "rediss", "unix"),
    "postgres": ("postgresql", "postgres"),
}
_EXAMPLES = {
    "redis": "redis://host:6379/0",
    "postgres": "postgresql://user@host:5432/database",
}


def judge_audit(document: Document, config: Config) -> None:
    """Add a problem for each setting of the trail that cannot work."""
    _levels(document, config)
    _strategies(document, ("audit", "strategies"), config.audit.strategies, config)
    for index, rule in enumerate(config.audit.rules):
        path: Path = ("audit", "rules", index)
        _strategies(document, (*path, "strategies"), rule.strategies, config)
    known = detector_names()
    for index, name in enumerate(config.audit.detectors):
        lead(document, ("audit", "detectors", index), name, known, "installed detector")
    _sinks(document, config)
    _published(document, config)


def _published(document: Document, config: Config) -> None:
    """Refuse a second place that goes the way of the first."""
    if config.audit.published is None:
        return
    first = Folder(config.audit.sinks[0].path).absolute()
    second = Folder(config.audit.published).absolute()
    if first in (second, *second.parents):
        document.problem(
            ("audit", "published"),
            "it lies in the folder of the trail: who can change one can change both",
            "name a folder elsewhere, best on another machine",
        )


def _levels(document: Document, config: Config) -> None:
    audit = config.audit
    for index, rule in enumerate(audit.rules):
        path: Path = ("audit", "rules", index)
        for position, app in enumerate(rule.apps or ()):
            lead(document, (*path, "apps", position), app, config.apps, "app")
        for position, model in enumerate(rule.models or ()):
            lead_to_model(document, (*path, "models", position), model, config)
    levels = {audit.level, *(rule.level for rule in audit.rules)}
    if "sealed" in levels and not audit.purpose.strip():
        document.problem(
            ("audit", "purpose"),
            "chats are sealed, and nothing says why",
            "state the purpose, e.g. `purpose: complaints, see our privacy notice`",
        )


def _strategies(
    document: Document, path: Path, given: Mapping[str, Strategy], config: Config
) -> None:
    """Refuse types that nothing finds, and a secret that would leave a trace of itself."""
    for kind, strategy in given.items():
        if kind != "*" and kind not in TYPES and not config.audit.detectors:
            lead(document, (*path, kind), kind, TYPES, "type of value")
        if kind in SECRETS and strategy not in ("placeholder", "drop"):
            document.problem(
                (*path, kind),
                f"a secret must not be kept in any form, so not `{strategy}`",
                "use placeholder or drop",
            )


def _sinks(document: Document, config: Config) -> None:
    sinks = config.audit.sinks
    if sinks and sinks[0].kind != "jsonl":
        document.problem(
            ("audit", "sinks", 0, "kind"),
            "the first sink is the journal that the others follow",
            "put `{kind: jsonl, path: ...}` before it",
        )
    seen = {sinks[0].kind} if sinks else set()
    for index, sink in enumerate(sinks[1:], 1):
        _sink(document, ("audit", "sinks", index), sink)
        if sink.kind in seen and _is_said(document, index, sink):
            document.problem(
                ("audit", "sinks", index, "kind"),
                f"there is a sink of kind `{sink.kind}` already",
                "remove one; each kind can be there once",
            )
        seen.add(sink.kind)


def _is_said(document: Document, index: int, sink: Sink) -> bool:
    """Whether the file says this kind; one that is refused stands as the default."""
    given = section(document.data, "audit").get("sinks")
    item = given[index] if isinstance(given, list) and index < len(given) else None
    return bool(section({"sink": item}, "sink").get("kind", Sink().kind) == sink.kind)


def _sink(document: Document, path: Path, sink: Sink) -> None:
    if sink.kind == "sqlite" and sink.path == Sink().path:
        document.problem(path, "a `sqlite` sink needs its file", "add `path: var/audit.db`")
    if sink.kind in _SCHEMES:
        _address(document, (*path, "url"), sink)
    if sink.kind == "postgres" and find_spec("asyncpg") is None:
        document.problem(
            (*path, "kind"),
            "the package asyncpg is missing",
            "install it: pip install 'sluicegate[postgres]'",
        )
    pattern = TABLE if sink.kind == "postgres" else STREAM
    if sink.name and not pattern.fullmatch(sink.name):
        document.problem(
            (*path, "name"),
            "it is no name for a stream or table",
            "use letters, digits and `_`, in lower case for a table",
        )


def _address(document: Document, path: Path, sink: Sink) -> None:
    url = split_url(sink.url)
    if url is None or url.scheme not in _SCHEMES[sink.kind]:
        document.problem(
            path, f"it is not the address of a {sink.kind}", f"write {_EXAMPLES[sink.kind]}"
        )
