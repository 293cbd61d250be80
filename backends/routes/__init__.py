"""The router as composition: each route is a backend made of backends and keeps their contract."""

from .attempt import AttemptRoute
from .breaker import Breaker, BreakerOpen, BreakerRoute
from .fallback import FallbackRoute
from .retry import RetryRoute
from .route import Opened, Route, is_output
from .router import Router, Strategy, Target
from .weighted import WeightedRoute

__all__ = [
    "AttemptRoute",
    "Breaker",
    "BreakerOpen",
    "BreakerRoute",
    "FallbackRoute",
    "Opened",
    "RetryRoute",
    "Route",
    "Router",
    "Strategy",
    "Target",
    "WeightedRoute",
    "is_output",
]
