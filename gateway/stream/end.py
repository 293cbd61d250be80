"""How a generation ended, told once and read by client, audit and metrics alike."""

from __future__ import annotations

from typing import Literal

import msgspec

from audit import Outcome
from backends import Attempt, BackendError, FinishReason, Usage, Wire

EndReason = FinishReason | Literal["cancelled"]

CLIENT_CODES = {
    "timeout_connect": "timeout_first",
    "upstream_refused": "upstream_error",
}
"""Outcomes that the widget's list of codes tells under a wider name (contract section 1)."""


class End(msgspec.Struct, frozen=True, kw_only=True):
    """The one end of a generation. `finish_reason` is None exactly when it failed."""

    outcome: Outcome
    usage: Usage
    model: str
    finish_reason: EndReason | None = None
    stop_sequence: str | None = None
    wire: Wire | None = None
    """The provider's own word for the finish, where ours says less."""
    message: str = ""
    is_retryable: bool = False
    retry_after_s: float | None = None
    refusal: str | None = None
    """A provider's stable word for a refused request, such as `context_length_exceeded`."""
    field: str | None = None
    """The part of the request that the provider refused."""
    status: int | None = None
    backend: str = ""
    attempts: tuple[Attempt, ...] = ()
    first_token_ms: int | None = None
    duration_ms: int = 0

    @property
    def is_whole(self) -> bool:
        """Whether the answer is all that the model had to say; a stopped one is not."""
        return self.finish_reason not in (None, "cancelled")

    def of_error(self, error: BackendError) -> End:
        """Return the same end with what a failed call tells of itself and its attempts."""
        return msgspec.structs.replace(
            self,
            message=error.message,
            is_retryable=error.is_retryable,
            retry_after_s=error.retry_after_s,
            refusal=getattr(error, "reason", None),
            field=getattr(error, "field", None),
            status=error.status,
            backend=self.backend or error.backend,
            attempts=error.attempts or self.attempts,
        )

    @property
    def code(self) -> str:
        """The code of a failure, in the widget's vocabulary."""
        return CLIENT_CODES.get(self.outcome, self.outcome)
