"""The audit section: a journal first, further sinks that can be reached, each once."""

from __future__ import annotations

import re
from importlib.util import find_spec

from .document import Document, Path, section
from .form import split_url
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
