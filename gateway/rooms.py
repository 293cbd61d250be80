"""The rooms of one worker, built once and handed to whoever serves a request."""

from __future__ import annotations

from aiohttp import web

from audit import Redactor, Trail
from gateway.auth.idempotency import IdempotencyKeys
from gateway.auth.tickets import StreamTickets, TicketStore
from gateway.limits.hits import Hits
from gateway.limits.metered import Metered
from gateway.rollout.flag import Flag
from gateway.settings import Settings
from gateway.stream.streams import Streams
from gateway.stream.ticker import Ticker
from gateway.telemetry.metrics import Metrics
from gateway.telemetry.spans import Spans
from ratelimit import Limiter


class Rooms:
    """What the journey of a call passes. `settings` is replaced as a whole on reload."""

    def __init__(
        self,
        *,
        settings: Settings,
        limiter: Limiter,
        trail: Trail,
        streams: Streams,
        ticker: Ticker,
        metrics: Metrics,
        tickets: TicketStore,
        stream_tickets: StreamTickets,
        idempotency: IdempotencyKeys,
    ) -> None:
        self.settings = settings
        self.limiter = limiter
        self.trail = trail
        self.streams = streams
        self.table = streams.table
        self.ticker = ticker
        self.metrics = metrics
        self.tickets = tickets
        self.stream_tickets = stream_tickets
        self.idempotency = idempotency
        self.hits = Hits(trail)
        self.metered = Metered(limiter)
        self.flag = settings.flag
        self.is_draining = False
        self.spans: Spans | None = None

    @property
    def redactor(self) -> Redactor:
        """What finds personal values on their way to a provider: the detectors of the trail."""
        return self.trail.redactor

    def set_flag(self, flag: Flag) -> None:
        """Change the flag for new streams; running ones go on."""
        self.flag = flag
        self.metrics.flag.set(flag.percent)

    def missing(self) -> list[str]:
        """Return what keeps this instance from taking traffic; empty when it is ready."""
        reasons = ["draining"] if self.is_draining else []
        if not self.trail.is_ready:
            reasons.append("audit")
        if self._is_redis_away() and self._has_closed_limit():
            reasons.append("redis")
        return reasons

    def degraded(self) -> list[str]:
        """Return what works in a lesser way at the moment."""
        return ["redis"] if self._is_redis_away() else []

    def _is_redis_away(self) -> bool:
        """Whether a decision met no store, or, where nobody calls, the sign of life did not."""
        shared = self.streams.shared
        return self.limiter.health().is_degraded or (shared is not None and shared.is_away)

    def _has_closed_limit(self) -> bool:
        policies = self.settings.policies.all.values()
        return any(policy.limit.on_outage == "closed" for policy in policies)


ROOMS = web.AppKey("rooms", Rooms)
