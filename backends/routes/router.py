"""From a model's name to an answer: the names of the configuration, built into routes once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any, Literal

import msgspec

from ..backend import Backend, Capabilities, Embedder, Timeouts, TokenCounter, Warmable
from ..batches import Batch, events_of
from ..errors import BackendRefused
from ..events import Event
from ..request import ChatRequest
from .attempt import AttemptRoute
from .breaker import Breaker, BreakerRoute
from .continued import ContinuedRoute
from .fallback import FallbackRoute
from .fastest import FastestRoute
from .hedge import AFTER_S, HedgeRoute
from .retry import RetryRoute
from .route import Route
from .weighted import WeightedRoute

Strategy = Literal["fallback", "weighted", "fastest", "hedged"]


class Target(msgspec.Struct, frozen=True):
    """One backend and the model name it is asked for; without one it is asked for the alias."""

    backend: str
    model: str | None = None
    weight: float = 1.0


class Plan(msgspec.Struct, frozen=True):
    """How one alias is served. `continues` lets a broken text go on elsewhere, announced."""

    strategy: Strategy
    targets: Sequence[Target]
    hedge_after_s: float = AFTER_S
    continues: bool = False


class Router:
    """Every model that clients may name: an alias, or `backend/model`.

    It owns the backends and closes them. `breaker=False` switches all breakers off; `tries` is how
    often a target that stands alone is asked before its failure counts.
    """

    name = "router"
    timeouts = Timeouts()

    def __init__(
        self,
        models: Mapping[str, Plan | tuple[Strategy, Sequence[Target]]],
        backends: Mapping[str, Backend],
        *,
        breaker: bool = True,
        tries: int = 2,
    ) -> None:
        self._backends = dict(backends)
        self._breakers = {name: Breaker() for name in backends} if breaker else {}
        self._tries = tries
        self._direct = {name: self._alone(self._target(Target(name))) for name in backends}
        plans = {a: plan if isinstance(plan, Plan) else Plan(*plan) for a, plan in models.items()}
        self._targets = {alias: tuple(plan.targets) for alias, plan in plans.items()}
        self._routes = {alias: self._build(alias, plan) for alias, plan in plans.items()}
        self.capabilities = Capabilities(
            tools=True, images=True, documents=True, reasoning=True, structured_output=True
        )

    def aliases(self) -> tuple[str, ...]:
        """Name the aliases of the configuration, in its order."""
        return tuple(self._routes)

    def backends(self) -> tuple[str, ...]:
        """Name the backends of the configuration, in its order."""
        return tuple(self._backends)

    def resolve(self, model: str) -> bool:
        """Tell whether a name leads anywhere."""
        return self._find(model) is not None

    def timeouts_of(self, served_by: str) -> Timeouts:
        """Return the clocks of the backend that serves (`Started.served_by`)."""
        backend = self._backends.get(served_by.partition("/")[0])
        return backend.timeouts if backend is not None else self.timeouts

    def stream(self, request: ChatRequest) -> AsyncGenerator[Event, None]:
        """Answer by the route that the request's model names."""
        return events_of(self.batches(request))

    def batches(self, request: ChatRequest) -> AsyncGenerator[Batch, None]:
        """Do the same, read by read."""
        found = self._find(request.model)
        if found is None:
            raise BackendRefused(
                "This model is not known here.", status=404, reason="model_not_found"
            )
        route, model = found
        if model != request.model:
            request = msgspec.structs.replace(request, model=model)
        return route.batches(request)

    async def embed(self, model: str, body: Mapping[str, Any]) -> bytes:
        """Pass a request for embeddings to the first target of a model that has them."""
        for backend, name in self._targets_of(model):
            if isinstance(backend, Embedder):
                return await backend.embed({**body, "model": name})
        raise BackendRefused("This model has no embeddings.", status=404, reason="model_not_found")

    async def count_tokens(self, request: ChatRequest) -> int | None:
        """Return the provider's own count of a request; None where its provider has none."""
        for backend, name in self._targets_of(request.model)[:1]:
            if isinstance(backend, TokenCounter):
                return await backend.count_tokens(msgspec.structs.replace(request, model=name))
        return None

    async def warm(self) -> None:
        """Open a connection to every provider that can, all at once."""
        able = [backend for backend in self._backends.values() if isinstance(backend, Warmable)]
        await asyncio.gather(*(backend.warm() for backend in able))

    async def aclose(self) -> None:
        """Close every backend."""
        for backend in self._backends.values():
            await backend.aclose()

    def _find(self, model: str) -> tuple[Route, str] | None:
        if route := self._routes.get(model):
            return route, model
        name, slash, rest = model.partition("/")
        if slash and rest and (route := self._direct.get(name)):
            return route, rest
        return None

    def _targets_of(self, model: str) -> list[tuple[Backend, str]]:
        if targets := self._targets.get(model):
            return [(self._backends[t.backend], t.model or model) for t in targets]
        name, _, rest = model.partition("/")
        return [(self._backends[name], rest)] if rest and name in self._backends else []

    def _build(self, alias: str, plan: Plan) -> Route:
        routes = [self._target(target) for target in plan.targets]
        route = self._alone(routes[0]) if len(routes) == 1 else _combined(alias, plan, routes)
        if not plan.continues:
            return route
        return ContinuedRoute(route, FallbackRoute(alias, [*routes[1:], routes[0]]))

    def _target(self, target: Target) -> Route:
        route: Route = AttemptRoute(self._backends[target.backend], target.model)
        if breaker := self._breakers.get(target.backend):
            route = BreakerRoute(route, breaker)
        return route

    def _alone(self, route: Route) -> Route:
        return RetryRoute(route, self._tries) if self._tries > 1 else route


def _combined(alias: str, plan: Plan, routes: Sequence[Route]) -> Route:
    match plan.strategy:
        case "weighted":
            weights = [target.weight for target in plan.targets]
            return WeightedRoute(alias, list(zip(routes, weights, strict=True)))
        case "fastest":
            return FastestRoute(alias, routes)
        case "hedged":
            return HedgeRoute(alias, routes, plan.hedge_after_s)
        case "fallback":
            return FallbackRoute(alias, routes)
