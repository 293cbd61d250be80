"""The scripted backend: the embedded default, the demo, and everyone's fault injector."""

from __future__ import annotations

from ..backend import BackendOptions
from .instructions import Instructions, parse
from .player import ScriptBackend
from .score import Score, compose, count_words

__all__ = ["Instructions", "Score", "ScriptBackend", "compose", "count_words", "create", "parse"]


def create(name: str, options: BackendOptions) -> ScriptBackend:
    """Build it from its entry in the configuration."""
    return ScriptBackend(name, options.timeouts)
