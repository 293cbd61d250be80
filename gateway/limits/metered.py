"""Running streams whose cost is known at the end: what they have used so far, once a second.

If this worker dies, another one settles them at what is told here, not at the whole reservation.
"""

from __future__ import annotations

import msgspec

from backends import Usage
from gateway.stream.generation import Generation
from gateway.stream.transcript import CHARS_PER_TOKEN, Transcript, estimate_input
from ratelimit import Decision, Limiter

from .charges import is_metered, spent
from .price import Prices


class _Stream(msgspec.Struct, frozen=True, gc=False):
    """One stream and what is needed to price it."""

    transcript: Transcript
    model: str
    input_tokens: int
    decision: Decision
    prices: Prices


class Metered:
    """The metered streams of this worker."""

    def __init__(self, limiter: Limiter) -> None:
        self._limiter = limiter
        self._streams: dict[str, _Stream] = {}
        self._is_shared = limiter.health().is_shared

    def watch(self, generation: Generation, decision: Decision, prices: Prices) -> None:
        """Follow a stream until it is settled, where anybody would settle it in our place."""
        if self._is_shared and is_metered(decision):
            request = generation.request
            self._streams[generation.id] = _Stream(
                generation.transcript, request.model, estimate_input(request), decision, prices
            )

    def forget(self, id: str) -> None:
        """Follow a stream no longer."""
        self._streams.pop(id, None)

    def tick(self) -> None:
        """Tell the limiter how far each stream is; called once a second."""
        for stream in self._streams.values():
            seen = stream.transcript
            usage = seen.usage or Usage(stream.input_tokens, -(-seen.chars // CHARS_PER_TOKEN))
            costs = spent(
                stream.decision.charges, stream.prices, stream.model, seen.served_by, usage
            )
            self._limiter.progress(stream.decision, costs)
