"""The router as composition: each route is a backend made of backends and keeps their contract."""

from .attempt import AttemptRoute
from .breaker import Breaker, BreakerOpen, BreakerRoute
from .continued import NOTICE, ContinuedRoute
from .fallback import FallbackRoute
from .fastest import FastestRoute
from .hedge import Budget, HedgeRoute
from .retry import RetryRoute
from .route import Opened, Route, is_output
from .router import Plan, Router, Strategy, Target
from .weighted import WeightedRoute

__all__ = [
    "NOTICE",
    "AttemptRoute",
    "Breaker",
    "BreakerOpen",
    "BreakerRoute",
    "Budget",
    "ContinuedRoute",
    "FallbackRoute",
    "FastestRoute",
    "HedgeRoute",
    "Opened",
    "Plan",
    "RetryRoute",
    "Route",
    "Router",
    "Strategy",
    "Target",
    "WeightedRoute",
    "is_output",
]
