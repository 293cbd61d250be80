"""How many files and sockets this process may have open: as many as the system lets it."""

from __future__ import annotations

import contextlib
import resource


def allow_open_files() -> None:
    """Raise the soft limit to the hard one; shells set 1,024, which is fewer than our readers.

    The low limit is for programs that use `select`, which the event loop does not.
    """
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):  # macOS: no limit is more than it takes
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
