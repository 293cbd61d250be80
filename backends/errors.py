"""Why a backend could not answer.

    BackendError            something upstream; `is_retryable` says whether another try may help
      BackendTimeout        too slow; `code` is timeout_first, timeout_idle or timeout_total
      BackendTruncated      the stream ended without a finish
      BackendRefused        the upstream said no to this request (400, 404, 413, 422)
      BackendLimited        the upstream's own rate limit
    BackendUnavailable      configuration: SDK or key missing, unknown kind; raised at start only

Messages are safe to show: no upstream body, address or key.
"""

from __future__ import annotations

from .events import Attempt


class BackendError(Exception):
    """The upstream failed. `status` is the upstream's own, never to be passed on unread."""

    code = "upstream_error"

    def __init__(
        self,
        message: str,
        *,
        is_retryable: bool = True,
        retry_after_s: float | None = None,
        status: int | None = None,
        backend: str = "",
        attempts: tuple[Attempt, ...] = (),
    ) -> None:
        super().__init__(message)
        self.message = message
        self.is_retryable = is_retryable
        self.retry_after_s = retry_after_s
        self.status = status
        self.backend = backend
        self.attempts = attempts


class BackendTimeout(BackendError):
    """The upstream was too slow; the instance says which clock ran out."""

    def __init__(self, message: str, *, code: str = "timeout_first", backend: str = "") -> None:
        super().__init__(message, backend=backend)
        self.code = code


class BackendTruncated(BackendError):
    """The upstream's stream ended in the middle of the answer."""

    code = "upstream_truncated"


class BackendRefused(BackendError):
    """The upstream refused this very request; sending it again will not help.

    The message says what was wrong in words fit for the caller, `field` names the part of the
    request if it is known, `reason` is a stable word: `context_length_exceeded`,
    `model_not_found`, `request_too_large`, `unsupported_field`.
    """

    code = "upstream_refused"

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        reason: str | None = None,
        field: str | None = None,
        backend: str = "",
    ) -> None:
        super().__init__(message, is_retryable=False, status=status, backend=backend)
        self.reason = reason
        self.field = field


class BackendLimited(BackendError):
    """The upstream's rate limit was hit."""

    code = "upstream_rate_limited"


class BackendUnavailable(Exception):
    """A backend cannot be built; the message names the extra, the variable or the nearest kind."""
