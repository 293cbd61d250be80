"""Checks what lies in the folder beside records and checkpoints, and names what does not belong."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from ..checkpoint import FOLDER as CHECKPOINTS
from ..checkpoint import SUFFIX
from ..cursors import FOLDER as SINKS
from ..cursors import load_cursor
from ..journal import SegmentName
from ..pseudonym import KEY_FILE, read_key
from ..roots import FILE as ROOTS
from ..roots import read_roots
from ..rotation import FILE as ROTATION
from ..rotation import read_epochs
from ..signing import PUBLIC, check_private
from ..subjects import ASIDE, load_subject
from ..subjects import FOLDER as SUBJECTS
from .report import Report

_WORDS = ".content.jsonl"
_CHECKPOINTS = re.compile(r"[0-9a-f]{12}" + re.escape(SUFFIX))
_RESERVE = re.compile(r"[0-9a-f]{12}\.reserve")
_PRIVATE = re.compile(r"checkpoint-\d{4}-\d\d-\d\d\.key")


class Strange(ValueError):
    """A file that the trail did not make."""


def check_files(folder: Path, report: Report) -> None:
    """Look at every file of the folder that is no segment, checkpoint or public key."""
    for path in _files(folder):
        inside = path.relative_to(folder)
        try:
            _check(path, inside.parts)
        except FileNotFoundError:
            continue  # it went while we looked: a reserve, a draft
        except PermissionError:
            report.odd(str(inside), 0, "who verifies may not read it")
        except Strange as exc:
            # Who reads the trail by this name would take it for a part of it.
            told = report.wrong if path.suffix == ".jsonl" else report.odd
            told(str(inside), 0, str(exc))
        except (ValueError, OSError) as exc:
            report.wrong(str(inside), 0, str(exc))


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if not path.is_dir())


def _check(path: Path, parts: tuple[str, ...]) -> None:
    """Raise ValueError with what is wrong with a file; of some there is more to say elsewhere."""
    match parts:
        case (name,):
            _at_the_top(path, name)
        case (folder, name) if folder == CHECKPOINTS and _CHECKPOINTS.fullmatch(name):
            pass
        case ("keys", name):
            _key(path, name)
        case (folder, _, name) if folder == SUBJECTS and name.endswith(".json"):
            load_subject(path)
        case (folder, _, name) if folder == SUBJECTS and name.endswith(ASIDE):
            raise ValueError("the link of a person was damaged and has been put aside")
        case (folder, _, name) if folder == SINKS and name.endswith(".json"):
            load_cursor(path)
        case (folder, *_, "lock") if folder in (CHECKPOINTS, SINKS):
            _is_empty(path)
        case _:
            raise Strange("it is no file of the trail")


def _at_the_top(path: Path, name: str) -> None:
    if _RESERVE.fullmatch(name):
        if path.read_bytes().strip(b"\0"):
            raise ValueError("space in reserve must be empty")
    elif name.endswith(_WORDS):
        segment = path.with_name(name.removesuffix(_WORDS) + ".jsonl")
        if SegmentName.parse(segment.name) is None:
            raise Strange("it is no file of the trail")
        if not segment.exists():
            raise ValueError("words are here, their records are not")
    elif name.startswith(".") and SegmentName.parse(name[1:]):
        _is_empty(path)  # a segment that had no name yet when its process was killed
    elif SegmentName.parse(name) is None:
        raise Strange("it is no file of the trail")


def _key(path: Path, name: str) -> None:
    match name:
        case "lock":
            _is_empty(path)
        case _ if name == KEY_FILE:
            read_key(path)
        case _ if name == ROTATION:
            read_epochs(path)
        case _ if name == ROOTS:
            read_roots(path)
        case _ if _PRIVATE.fullmatch(name):
            check_private(path)
        case _ if name != PUBLIC:
            raise Strange("it is no file of the trail")


def _is_empty(path: Path) -> None:
    if path.stat().st_size:
        raise ValueError("it must be empty")
