"""One thread that does what it is given, one job after the other.

An executor does the same with a future, a lock and a semaphore for each job: for jobs as small as
ours that is most of their cost, and a short chat has two of them.
"""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Callable
from queue import SimpleQueue
from threading import Thread
from typing import Any, TypeVar

T = TypeVar("T")
Tell = Callable[[Any, Exception | None], None]
"""Told what a job returned, or what it raised; called in the thread."""
_Jobs = SimpleQueue[tuple[Callable[[], object], Tell] | None]


class Hand:
    """The thread begins with the first job and ends when nobody can give it another one."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._jobs: _Jobs | None = None
        self._is_closed = False

    def give(self, job: Callable[[], object], tell: Tell) -> None:
        """Do a job after those before it."""
        if self._is_closed:
            raise RuntimeError(f"{self._name} takes no more jobs")
        (self._jobs or self._start()).put((job, tell))

    async def run(self, job: Callable[[], T]) -> T:
        """Do a job and return what it returned; who stops waiting does not stop the job."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()

        def tell(value: T, error: Exception | None) -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(_settle, future, value, error)

        self.give(job, tell)
        return await future

    def close(self) -> None:
        """Take no more jobs; what was given is done."""
        self._is_closed = True
        if self._jobs is not None:
            self._jobs.put(None)

    def _start(self) -> _Jobs:
        jobs = self._jobs = SimpleQueue()
        weakref.finalize(self, jobs.put, None)
        Thread(target=_work, args=(jobs,), name=self._name, daemon=True).start()
        return jobs


def _work(jobs: _Jobs) -> None:
    while (given := jobs.get()) is not None:
        job, tell = given
        try:
            value, error = job(), None
        except Exception as exc:  # noqa: BLE001 - who gave the job is told, whatever it was
            value, error = None, exc
        tell(value, error)
        del given, job, tell, value, error  # nothing is kept while there is nothing to do


def _settle(future: asyncio.Future[T], value: T, error: Exception | None) -> None:
    if future.done():
        return
    if error is None:
        future.set_result(value)
    else:
        future.set_exception(error)
