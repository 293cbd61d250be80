"""What differs between Claude models: longest answer, sampling, ways of thinking."""

from __future__ import annotations

import re
from typing import Literal

Thinking = Literal["adaptive", "budget", "none"]

_OLD = re.compile(r"claude-(?:[12]\b|instant|3-(?!7))")
_TAKES_SAMPLING = re.compile(
    r"claude-(?:[12]\b|instant|3-|(?:opus|sonnet|haiku)-4(?:-[0-6])?(?:-\d{8}|-latest|@.*|$))"
)
_LIMITS = (
    (re.compile(r"claude-(?:[12]\b|instant|3-(?:haiku|opus|sonnet))"), 4096),
    (re.compile(r"claude-3-5"), 8192),
    (re.compile(r"claude-opus-4(?:-[01])?(?:-\d{8}|@.*|$)"), 32_000),
    (re.compile(r"claude-"), 64_000),
)
_ELSE = 8192
_BUDGETS = {
    "minimal": 1024, "low": 2048, "medium": 8192, "high": 24_576, "xhigh": 32_768, "max": 32_768,
}  # fmt: skip
MIN_BUDGET = 1024


def longest_answer(model: str) -> int:
    """Return the most tokens a model may answer with: Anthropic wants a number in each request."""
    return next((limit for pattern, limit in _LIMITS if pattern.search(model)), _ELSE)


def takes_sampling(model: str) -> bool:
    """Tell whether a model accepts temperature, top_p and top_k; the newest Claudes do not."""
    return "claude" not in model or _TAKES_SAMPLING.search(model) is not None


def thinking_of(model: str) -> Thinking:
    """Tell how a model is asked to think."""
    if "claude" not in model or _OLD.search(model):
        return "none"
    return "budget" if _TAKES_SAMPLING.search(model) else "adaptive"


def budget_of(effort: str) -> int:
    """Return the thinking budget for an effort, for models that take one."""
    return _BUDGETS[effort]
