"""Lists of models: an alias, `backend/model`, or `backend/*` for all of a backend."""

from __future__ import annotations

from collections.abc import Collection

ALL_OF = "/*"


def is_named(model: str, names: Collection[str]) -> bool:
    """Tell whether a list names this model."""
    backend, slash, _ = model.partition("/")
    return model in names or (bool(slash) and backend + ALL_OF in names)
