"""Structured logs on standard error: one JSON object a line, constant event names, no user text."""

from __future__ import annotations

import functools
import logging
import sys
import time
from collections.abc import Callable

import orjson
import structlog
from structlog.typing import EventDict

from .lines import Lines
from .trace import place_of_exception


def setup_logging(level: str = "info") -> None:
    """Send structlog and the standard library's loggers through the same JSON renderer."""
    number = getattr(logging, level.upper(), logging.INFO)
    shared: list[structlog.typing.Processor] = [
        structlog.processors.add_log_level,
        stamp,
    ]
    structlog.configure(
        processors=[
            *shared,
            place_of_exception,
            structlog.processors.JSONRenderer(serializer=_dumps),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=Lines(sys.stderr.buffer),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                place_of_exception,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)


def stamp(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Add the time as ISO 8601 in UTC, to the microsecond."""
    now = time.time()
    second = int(now)
    event["timestamp"] = f"{_second(second)}.{int((now - second) * 1e6):06d}Z"
    return event


@functools.lru_cache(maxsize=4)
def _second(second: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))


def count_records(count: Callable[[str], None]) -> None:
    """Tell `count` the level of every record of this process, also of loggers already in use."""

    def processor(_logger: object, method: str, event: EventDict) -> EventDict:
        count("error" if method == "exception" else method)
        return event

    def record(found: logging.LogRecord) -> bool:
        count(found.levelname.lower())
        return True

    structlog.get_config()["processors"].insert(0, processor)
    for handler in logging.getLogger().handlers:
        handler.addFilter(record)


def _dumps(value: object, **_options: object) -> bytes:
    return orjson.dumps(value, default=str)
