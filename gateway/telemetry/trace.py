"""A traceback for the log that says where, not what: messages may hold words of users."""

from __future__ import annotations

import sys
import traceback

from structlog.typing import EventDict

FRAMES = 30


def place_of_exception(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Replace `exc_info` by the classes of the exceptions and the places they passed."""
    found = _exception(event.pop("exc_info", None))
    if found is not None:
        event["exception"] = " from ".join(type(error).__name__ for error in _chain(found))
        event["places"] = [
            f"{frame.filename}:{frame.lineno} {frame.name}"
            for frame in traceback.extract_tb(found.__traceback__)[-FRAMES:]
        ]
    return event


def _exception(exc_info: object) -> BaseException | None:
    if isinstance(exc_info, BaseException):
        return exc_info
    if isinstance(exc_info, tuple):
        return exc_info[1] if isinstance(exc_info[1], BaseException) else None
    return sys.exc_info()[1] if exc_info else None


def _chain(error: BaseException) -> list[BaseException]:
    chain: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and len(chain) < 8:
        chain.append(cause)
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)
    return chain
