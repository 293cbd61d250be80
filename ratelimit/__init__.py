"""Windows, leases and decisions over memory or Redis; knows nothing of HTTP or of rooms beside it."""

from .limiter import Charge, Decision, Limit, Limiter, OnOutage, Source, Standing, Unit

__all__ = ["Charge", "Decision", "Limit", "Limiter", "OnOutage", "Source", "Standing", "Unit"]
