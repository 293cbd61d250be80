"""Windows, leases and decisions over memory or Redis; knows nothing of HTTP or of other rooms."""

from .limiter import Charge, Decision, Limit, Limiter, OnOutage, Period, Source, Standing, Unit
from .memory import MemoryLimiter
from .observer import Health, Observer
from .redis import RedisLimiter
from .replay import Arrival, replay
from .store import StoreAway

__all__ = [
    "Arrival",
    "Charge",
    "Decision",
    "Health",
    "Limit",
    "Limiter",
    "MemoryLimiter",
    "Observer",
    "OnOutage",
    "Period",
    "RedisLimiter",
    "Source",
    "Standing",
    "StoreAway",
    "Unit",
    "replay",
]
