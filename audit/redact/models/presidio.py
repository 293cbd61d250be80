"""Microsoft Presidio as a detector: `process:presidio` in `audit.detectors`.

Its English recognisers, with the spaCy models that are installed; without one its patterns alone.
It takes much more than linear time on some texts, so it belongs in its own process.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..found import Detect, Found
from .spacy import installed_models

TYPES = {
    "EMAIL_ADDRESS": "EMAIL",
    "PHONE_NUMBER": "PHONE",
    "CREDIT_CARD": "CARD",
    "IBAN_CODE": "IBAN",
    "IP_ADDRESS": "IP",
    "MAC_ADDRESS": "MAC",
    "CRYPTO": "WALLET",
    "PERSON": "PERSON",
    "US_BANK_NUMBER": "BANK_ACCOUNT",
    "US_PASSPORT": "PASSPORT",
    "UK_PASSPORT": "PASSPORT",
    "US_ITIN": "TAX_ID",
}
"""Presidio's names for ours; identity numbers of other countries become `NATIONAL_ID`."""
LEFT_OUT = frozenset(("URL", "DATE_TIME", "LOCATION", "NRP", "ORGANIZATION", "MEDICAL_LICENSE"))
THRESHOLD = 0.4


def create() -> Detect:
    """Load Presidio's analyzer; raises ImportError without it."""
    engine = analyzer()

    def find(text: str) -> Iterator[Found]:
        for one in engine.analyze(text, language="en", score_threshold=THRESHOLD):
            if one.entity_type not in LEFT_OUT:
                kind = TYPES.get(one.entity_type, "NATIONAL_ID")
                yield Found(one.start, one.end, kind, max(one.score, 0.5))

    return find


def analyzer(*, with_models: bool = True) -> Any:
    """Return Presidio's engine with its default recognisers, asking nothing of the network."""
    import spacy
    import tldextract
    from presidio_analyzer import AnalyzerEngine
    from presidio_analyzer.nlp_engine import SpacyNlpEngine

    tldextract.tldextract.TLD_EXTRACTOR = tldextract.TLDExtract(suffix_list_urls=())
    models = [model for model in installed_models() if model.lang == "en"] if with_models else []
    nlp = SpacyNlpEngine()
    nlp.nlp = {"en": models[0] if models else spacy.blank("en")}
    return AnalyzerEngine(nlp_engine=nlp, supported_languages=["en"])
