"""Where the trail of a command lies, who acts on it, and what is said when that does not work."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .output import NO, WRONG_USE, end, say

if TYPE_CHECKING:
    from audit import Desk, Pseudonyms

_TIME = re.compile(r"|~|\d{4}(-\d\d(-\d\d(T\d\d(:\d\d(:\d\d(\.\d{1,3})?Z?)?)?)?)?)?")


def _time(text: str) -> str:
    if _TIME.fullmatch(text) is None:
        raise typer.BadParameter("times are in UTC and look like 2026-11-24 or 2026-11-24T10:00")
    return text


Folder = Annotated[
    Path | None, typer.Option("--path", help="Folder of the trail; else from the configuration.")
]
Subject = Annotated[
    str,
    typer.Argument(help="user:NAME, key:ID, email:ADDRESS, or the name in the records (u_...)."),
]
By = Annotated[str, typer.Option("--by", help="Who acts; stands in the trail.")]
Since = Annotated[
    str, typer.Option(callback=_time, help="From this time on (UTC): 2026-11-24 or ...T10:00.")
]
Until = Annotated[str, typer.Option(callback=_time, help="Before this time.")]


@contextmanager
def desk_of(path: Path | None, config: str | None, by: str) -> Iterator[Desk]:
    """Give the desk of a trail; what does not work is told and ends the command."""
    from audit import AuditUnavailable, Damaged, Desk, LegalHold, NotApproved

    folder = folder_of(path, config)
    try:
        _act_as_owner(folder)
        yield Desk(folder, pseudonyms_of(folder, config), by=by)
    except (LegalHold, NotApproved) as refusal:
        say([f"{refusal}."])
        end(NO)
    except Damaged as problem:
        say([f"{problem}. `gateway audit verify` names what is damaged."])
        end(NO)
    except PermissionError as problem:
        owner = folder.stat().st_uid
        say([
            f"{folder.absolute()}: {problem.strerror or problem}.",
            f"What is done here is recorded in the trail: do it as its owner (user id {owner}).",
        ])  # fmt: skip
        end(NO)
    except (AuditUnavailable, OSError) as problem:
        say([f"{problem}. Nothing is done that cannot be recorded."])
        end(NO)


def _act_as_owner(folder: Path) -> None:
    """As root, become the owner: the gateway must be able to go on with what is written here."""
    owner = folder.stat()
    if os.geteuid() == 0 and owner.st_uid != 0:
        os.setegid(owner.st_gid)
        os.seteuid(owner.st_uid)


def folder_of(path: Path | None, config: str | None) -> Path:
    """Return the folder of the trail; one that is not there ends the command."""
    folder = path or Path(settings_of(config).sinks[0].path)
    if not folder.is_dir():
        say([f"There is no audit trail in {folder.absolute()}. Name its folder with --path."])
        if path is None and not folder.is_absolute():
            say([f"(`{folder}` is looked for from where the command runs, {Path.cwd()}.)"])
        end(WRONG_USE)
    return folder


def pseudonyms_of(folder: Path | None, config: str | None) -> Pseudonyms:
    """Return the pseudonyms of the configured key, else of the one kept beside the trail."""
    from audit import AuditUnavailable, open_pseudonyms

    settings = settings_of(config)
    place = folder or Path(settings.sinks[0].path)
    if folder is None and settings.key is None and not place.is_dir():
        return open_pseudonyms(place, "no trail, no key: tags of one text only")
    try:
        return open_pseudonyms(place, settings.key)
    except AuditUnavailable as problem:
        say([str(problem)])
        end(NO)


def settings_of(config: str | None) -> Any:
    """Return the section `audit` of a configuration; one that cannot be read ends the command."""
    from gateway.config import examine, explain

    loaded = examine(config, os.environ)
    if not loaded.is_readable:
        say(explain(loaded.problems))
        end(NO)
    return loaded.config.audit


def warn_of_keys(unknown: tuple[str, ...]) -> None:
    """Say that names in the trail were made with secrets that are not known here."""
    if unknown:
        say([
            f"note: records hold names made with keys unknown here: {', '.join(unknown)}.",
            "The person may have such names too. Set the audit.key that made them, and next time",
            "change it with `gateway audit keys rotate --root`, which keeps the way back.",
        ])  # fmt: skip
