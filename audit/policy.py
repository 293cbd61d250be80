"""How much of a chat is kept and what stands for values in it, by app and model: first match.

Only chats can be left out. Changes of flags, refusals, rights of persons and what the trail says
about itself are recorded at any level.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from .record import Level
from .redact import Redactor, Strategy


class Rule(msgspec.Struct, frozen=True):
    """What is different for some apps and models; what is absent matches all of them."""

    apps: tuple[str, ...] | None = None
    models: tuple[str, ...] | None = None
    level: Level | None = None
    strategies: Mapping[str, Strategy] = {}

    def matches(self, app: str, model: str) -> bool:
        """Whether a call is meant."""
        is_app = self.apps is None or app in self.apps
        return is_app and (self.models is None or _is_named(model, self.models))


def _is_named(model: str, names: Sequence[str]) -> bool:
    """Tell whether a list names this model; `backend/*` names all models of a backend."""
    backend, slash, _ = model.partition("/")
    return model in names or (bool(slash) and f"{backend}/*" in names)


class Handling(msgspec.Struct, frozen=True):
    """What is done with one chat."""

    level: Level
    redactor: Redactor

    @property
    def has_words(self) -> bool:
        """Whether words are kept."""
        return self.level in ("redacted", "sealed")


class Policy:
    """The rules, each with its redactor; the detectors behind them are the same."""

    def __init__(self, level: Level, redactor: Redactor, rules: Sequence[Rule] = ()) -> None:
        self._rules = tuple(rules)
        self._handlings = [
            Handling(
                rule.level or level,
                redactor.varied(rule.strategies) if rule.strategies else redactor,
            )
            for rule in self._rules
        ]
        self._default = Handling(level, redactor)

    @property
    def has_words(self) -> bool:
        """Whether any chat's words are kept."""
        return any(one.has_words for one in (self._default, *self._handlings))

    def of(self, app: str, model: str) -> Handling:
        """Return how a chat is handled: by the first rule that matches, else by the default."""
        for rule, handling in zip(self._rules, self._handlings, strict=True):
            if rule.matches(app, model):
                return handling
        return self._default
