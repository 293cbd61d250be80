"""Asks one target after the other until one has something to say."""

from __future__ import annotations

from collections.abc import Sequence

from ..backend import Capabilities
from ..errors import BackendError, BackendRefused
from ..events import Attempt
from ..request import ChatRequest
from .route import Opened, Route

_ELSEWHERE = (
    "unsupported_field", "model_not_found", "context_length_exceeded", "request_too_large",
)  # fmt: skip
"""Refusals that lie in the target: another one may well accept the request."""


class FallbackRoute(Route):
    """Opens its routes in order. A request that is wrong in itself is not sent elsewhere."""

    def __init__(self, name: str, routes: Sequence[Route]) -> None:
        self.name = name
        self.timeouts = routes[0].timeouts
        self.capabilities = common_capabilities(routes)
        self._routes = tuple(routes)

    async def open(self, request: ChatRequest) -> Opened:
        """Open the first route that answers; raise the last failure where none does."""
        return await open_first(self._routes, request)


async def open_first(routes: Sequence[Route], request: ChatRequest) -> Opened:
    """Open the first of these that answers. A refusal is the error if nothing worse happened."""
    tried: tuple[Attempt, ...] = ()
    worst: BackendError | None = None
    for route in routes:
        try:
            opened = await route.open(request)
        except BackendError as exc:
            tried += exc.attempts
            exc.attempts = tried
            if isinstance(exc, BackendRefused) and exc.reason not in _ELSEWHERE:
                raise
            if worst is None or not isinstance(exc, BackendRefused):
                worst = exc
            worst.attempts = tried
        else:
            opened.attempts = tried + opened.attempts
            return opened
    raise worst or BackendError("This model has no target.", is_retryable=False)


def common_capabilities(routes: Sequence[Route]) -> Capabilities:
    """Return what at least one of the targets can carry."""
    sheets = [route.capabilities for route in routes]
    return Capabilities(
        tools=any(sheet.tools for sheet in sheets),
        images=any(sheet.images for sheet in sheets),
        documents=any(sheet.documents for sheet in sheets),
        reasoning=any(sheet.reasoning for sheet in sheets),
        structured_output=any(sheet.structured_output for sheet in sheets),
    )
