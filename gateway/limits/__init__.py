"""Limits seen from HTTP: who is charged what, and how a decision is told."""

from .charges import charges_of, spent
from .policy import Policies, Policy
from .price import Prices
from .told import refusal, standing_headers

__all__ = [
    "Policies",
    "Policy",
    "Prices",
    "charges_of",
    "refusal",
    "spent",
    "standing_headers",
]
