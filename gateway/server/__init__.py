"""Processes, sockets, signals and drain."""

from .serve import serve

__all__ = ["serve"]
