"""What the store has yet to hear: calls admitted without it, and ends it did not acknowledge."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from itertools import islice

from .link import TOMB_S, Link
from .meter import SECOND
from .wire import Ask, Ending, ended

_CHUNK = 100


class Backlog:
    """Bounded; beyond the bound the oldest item is given up, on the safe side: its charge stays."""

    def __init__(self, clock: Callable[[], float], *, max_items: int = 100_000) -> None:
        self._clock = clock
        self._max_items = max_items
        self._debts: dict[str, Ask] = {}
        self._endings: deque[Ending] = deque()
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._debts) + len(self._endings)

    def owes(self, call_id: str) -> bool:
        """Tell whether the store has not heard yet that the call was admitted."""
        return call_id in self._debts

    def admit(self, ask: Ask) -> None:
        """Note a call that the store must learn of."""
        if len(self._debts) >= self._max_items:
            del self._debts[next(iter(self._debts))]
            self.dropped += 1
        self._debts[ask.call_id] = ask

    def end(self, ending: Ending) -> None:
        """Note an end that the store must learn of, in one with an admission it never heard of."""
        ask = ending.ask
        if self._debts.get(ask.call_id) is ask and not ask.keys:
            self._debts[ask.call_id] = ended(ask, ending.actual)
            return
        if len(self._endings) >= self._max_items:
            self._endings.popleft()
            self.dropped += 1
        self._endings.append(ending)

    def undo(self, ask: Ask) -> None:
        """Note a call that must cost nothing, whether it was charged, is being, or never was."""
        if ask.keys:
            self.end(Ending(ask, [0] * len(ask.charges), TOMB_S))

    async def pay(self, link: Link) -> None:
        """Tell the store everything, admissions before ends; raises StoreAway where it is stuck.

        An item leaves only when it is acknowledged. Twice is the same as once: an admission by
        the record of its call, an end because the record is gone.
        """
        while self._debts or self._endings:
            if self._debts:
                await self._pay_debts(link)
            else:
                await self._pay_endings(link)

    async def _pay_debts(self, link: Link) -> None:
        batch = list(islice(self._debts.values(), _CHUNK))
        for ask in batch:
            ask.mode = "d" if ask.mode == "d" else "f"
            ask.age_us = max(0, round((self._clock() - ask.born_s) * SECOND))
        await link.ask(batch)
        for ask in batch:
            if self._debts.get(ask.call_id) is ask:
                del self._debts[ask.call_id]

    async def _pay_endings(self, link: Link) -> None:
        chunk = list(islice(self._endings, _CHUNK))
        await link.end(chunk)
        for ending in chunk:
            if self._endings and self._endings[0] is ending:
                self._endings.popleft()
