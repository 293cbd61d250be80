"""Clients as they are, against a gateway: the providers' own SDKs where installed, and raw HTTP."""

from .case import Case, Tried
from .run import try_all

__all__ = ["Case", "Tried", "try_all"]
