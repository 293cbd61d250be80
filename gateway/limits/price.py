"""What a call costs: the price table of the file, in integer micro-units of its currency."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from backends import Usage
from gateway.config.schema import Config, Model
from gateway.config.schema import Price as PriceConfig

MICRO = 1_000_000
"""Micro-units in a unit of the currency; also the tokens that a price is for."""


class Price(NamedTuple):
    """Micro-units for a million tokens of each kind."""

    input: int
    output: int
    cache_read: int
    cache_write: int

    def of(self, usage: Usage) -> int:
        """Return the cost of a usage, rounded up to a whole micro-unit."""
        total = (
            usage.input_tokens * self.input
            + usage.output_tokens * self.output
            + usage.cache_read_tokens * self.cache_read
            + usage.cache_write_tokens * self.cache_write
        )
        return -(-total // MICRO)


class Prices:
    """Finds the price of what served a call, and before that the most it may cost."""

    def __init__(self, config: Config) -> None:
        self._prices = {name: _compiled(price) for name, price in config.prices.items()}
        self._by_alias = {
            alias: self._of_targets(alias, model) for alias, model in config.models.items()
        }

    def reserve(self, model: str, usage: Usage) -> int:
        """Return the most that a call may cost, whichever target will serve it."""
        return _most(self._candidates(model), usage)

    def spent(self, model: str, served_by: str, usage: Usage) -> int:
        """Return what a call has cost; `served_by` names backend and model."""
        price = self._exact(served_by) or self._prices.get(model)
        return price.of(usage) if price else self.reserve(model, usage)

    def _candidates(self, model: str) -> Iterable[Price]:
        """Return what a model may cost; for one that is in no table, everything there is."""
        if model in self._by_alias:
            return self._by_alias[model]
        exact = self._exact(model)
        return (exact,) if exact else self._prices.values()

    def _exact(self, target: str) -> Price | None:
        return self._prices.get(target) or self._prices.get(target.partition("/")[2])

    def _of_targets(self, alias: str, model: Model) -> tuple[Price, ...]:
        own = self._prices.get(alias)
        found = {self._exact(f"{t.backend}/{t.model or ''}") or own for t in model.targets}
        return tuple(price for price in found if price is not None)


def _compiled(price: PriceConfig) -> Price:
    read = price.input if price.cache_read is None else price.cache_read
    write = price.input if price.cache_write is None else price.cache_write
    return Price(*(round(value * MICRO) for value in (price.input, price.output, read, write)))


def _most(prices: Iterable[Price], usage: Usage) -> int:
    return max((price.of(usage) for price in prices), default=0)
