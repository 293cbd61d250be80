"""Keys and tokens that are known by their shape: rules of gitleaks and our own."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator
from importlib.resources import files
from itertools import chain
from typing import Any

from ..engine import Gate, Pattern
from ..finding import Hit
from ..scan import Scan

SHAPES = Pattern(
    rb"\b(?:"
    rb"eyJ[\w-]{8,}\.(?:eyJ)?[\w-]{4,}(?:\.[\w-]*){0,3}"
    rb"|(?:sk|pk|rk|tok|key)[-_](?:(?:live|test|proj|ant|or|svcacct|admin|"
    rb"prod)[-_])?(?:[A-Za-z0-9]{1,10}-)?[\w-]{12,}"
    rb"|gh[pousr]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|xox[a-z]-[\w-]{10,}|"
    rb"(?:AKIA|ASIA)[0-9A-Z]{12,20}"
    rb"|AIza[\w-]{30,}|ya29\.[\w-]{10,}|hf_\w{20,}|npm_\w{20,}|pypi-[\w-]{20,}|dop_v1_\w{20,}"
    rb"|SG\.[\w-]{10,}\.[\w-]{10,}|shpat_\w{16,}|sq0[a-z]{3}-[\w-]{16,}|AGE-SECRET-KEY-\w{20,}"
    rb"|whsec_[\w+/=]{16,}|gsk_\w{20,}|xai-\w{20,}|r8_\w{20,}|nvapi-[\w-]{20,}|lin_api_\w{20,})"
)


def find_shapes(scan: Scan) -> Iterator[Hit]:
    """Yield tokens that are known by their shape."""
    view = scan.view
    for match in scan.matches(SHAPES):
        start, end = match.span()
        kind = "JWT" if view.startswith(b"eyJ", start) else "SECRET"
        if kind == "JWT" or _is_random(view[start:end]):
            yield Hit(start, end, kind, 0.95, scan.text[start:end])


def _is_random(word: bytes) -> bool:
    return any(48 <= c <= 57 for c in word) or any(65 <= c <= 90 for c in word[4:])


def _rules() -> tuple[list[tuple[Pattern, dict[str, Any]]], dict[Pattern, list[int]]]:
    """Load the rules of gitleaks, and by pattern of each keyword which of them it asks for."""
    raw = files("audit.redact").joinpath("data/gitleaks.json").read_text(encoding="utf-8")
    rules = [(Pattern(rule["regex"].encode()), rule) for rule in json.loads(raw)]
    by_word: dict[str, list[int]] = {}
    for index, (_, rule) in enumerate(rules):
        for word in rule["keywords"]:
            by_word.setdefault(word, []).append(index)
    return rules, {Pattern(b"(?i)" + _quote(word)): by_word[word] for word in sorted(by_word)}


def _quote(word: str) -> bytes:
    return b"".join(bytes((c,)) if chr(c).isalnum() else b"\\" + bytes((c,)) for c in word.encode())


_RULES, _BY_WORD = _rules()
_WORDS = Gate(_BY_WORD, len(_BY_WORD))
KEYWORDS = Pattern(b"|".join(word.source for word in _BY_WORD))


def find_gitleaks(scan: Scan) -> Iterator[Hit]:
    """Yield what the rules of gitleaks find, where their keywords occur."""
    words = chain.from_iterable(
        _WORDS.fired(scan.view[slice(*part)]) for part in scan.parts(KEYWORDS)
    )
    wanted = {index for word in words for index in _BY_WORD[word]}
    for index in sorted(wanted):
        pattern, rule = _RULES[index]
        for match in pattern.finditer(scan.view):
            group = rule.get("group") or (1 if pattern.groups else 0)
            start, end = match.span(group)
            if start >= 0 and _entropy(scan.view[start:end]) >= rule.get("entropy", 0):
                yield Hit(start, end, "SECRET", 0.9, scan.text[start:end])


def _entropy(word: bytes) -> float:
    size = len(word)
    return -sum(n / size * math.log2(n / size) for n in Counter(word).values()) if size else 0.0
