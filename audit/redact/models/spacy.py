"""Names of people by the spaCy models that are installed: `process:spacy` in `audit.detectors`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..found import Detect, Found

PEOPLE = ("PERSON", "PER")
SCORE = 0.6


def create() -> Detect:
    """Load every installed model; raises ImportError, LookupError where there is none."""
    models = installed_models()
    if not models:
        raise LookupError("no spaCy model is installed; install one, e.g. en_core_web_sm")

    def find(text: str) -> Iterator[Found]:
        for model in models:
            for entity in model(text).ents:
                if entity.label_ in PEOPLE:
                    yield Found(entity.start_char, entity.end_char, "PERSON", SCORE)

    return find


def installed_models() -> list[Any]:
    """Return the installed models, loaded."""
    import spacy
    from spacy.util import get_installed_models

    return [spacy.load(name) for name in get_installed_models()]
