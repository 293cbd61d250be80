"""From a file and an environment to one judged configuration, or to all problems at once."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from . import env
from .audit import judge_audit
from .check import judge_safety
from .document import Document
from .problems import ConfigInvalid, Problem
from .references import judge_references
from .rules import judge_values
from .schema import Config
from .shape import to_config
from .variables import said
from .yaml_file import read_file


class Loaded(msgspec.Struct, frozen=True):
    """What came out: the configuration (usable only without problems) and how it was judged."""

    config: Config
    document: Document
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]
    is_readable: bool = True
    """False where the file itself could not be read or parsed."""


def load(path: str | None, environ: Mapping[str, str]) -> Config:
    """Return the configuration; raise `ConfigInvalid` with all problems."""
    loaded = examine(path, environ)
    if loaded.problems:
        raise ConfigInvalid(loaded.problems)
    return loaded.config


def examine(
    path: str | None, environ: Mapping[str, str], options: Mapping[str, str] | None = None
) -> Loaded:
    """Return the configuration together with problems, warnings and the origin of each value.

    `options` are of the command line: names of fields of `server`, which win over everything.
    """
    document = _read(path, environ)
    if document.problems and not document.data:
        return Loaded(Config(), document, tuple(document.problems), (), is_readable=False)
    for name, value in (options or {}).items():
        document.put(("server", name), value, said(f"--{name}"))
    env.apply(document, {k: v for k, v in environ.items() if k not in _overruled(options)})
    config = to_config(document)
    judge_references(document, config)
    judge_values(document, config)
    judge_audit(document, config)
    judge_safety(document, config)
    problems = sorted(document.problems, key=lambda problem: problem.line or 0)
    return Loaded(config, document, tuple(problems), tuple(document.warnings))


def _read(path: str | None, environ: Mapping[str, str]) -> Document:
    named = environ.get("GATEWAY_CONFIG", "").strip()
    if path or not named:
        return read_file(path, environ) if path else Document()
    document = read_file(named, environ)
    unreadable = [p for p in document.problems if p.line is None and not document.data]
    if unreadable:
        document.places["GATEWAY_CONFIG",] = said("GATEWAY_CONFIG")
        document.problems = [
            Problem("GATEWAY_CONFIG", p.message, p.remedy, named) for p in unreadable
        ]
    return document


def _overruled(options: Mapping[str, str] | None) -> set[str]:
    return {f"GATEWAY_{name.upper()}" for name in options or ()}
