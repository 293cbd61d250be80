"""Presidio in an interpreter of its own: texts on standard input, spans on standard output.

Needs nothing of this project. Run by `bench.redaction --presidio PYTHON`; the first line names the
kind, `patterns` or `model`, and the score from which a finding counts.
"""

from __future__ import annotations

import json
import sys
import time


def main() -> None:
    """Answer one JSON line with one JSON line."""
    kind, threshold = sys.argv[1], float(sys.argv[2])
    engine, versions = analyzer(kind)
    print(json.dumps(versions), flush=True)
    for line in sys.stdin:
        text = json.loads(line)
        began = time.process_time()
        found = engine.analyze(text, language="en", score_threshold=threshold)
        spent = time.process_time() - began
        print(json.dumps([[[one.start, one.end] for one in found], spent]), flush=True)


def analyzer(kind: str):
    """Return Presidio with its default recognisers and a model or a blank language."""
    from importlib.metadata import version

    import spacy
    import tldextract
    from presidio_analyzer import AnalyzerEngine
    from presidio_analyzer.nlp_engine import SpacyNlpEngine

    # What it would fetch from the network at the first mail address comes from its own package.
    tldextract.tldextract.TLD_EXTRACTOR = tldextract.TLDExtract(suffix_list_urls=())
    versions = f"presidio-analyzer {version('presidio-analyzer')}"
    language = spacy.blank("en")
    if kind == "model":
        names = [one for one in spacy.util.get_installed_models() if one.startswith("en_")]
        if not names:
            sys.exit("no English spaCy model is installed")
        language = spacy.load(names[0])
        versions += f", {names[0]} {language.meta['version']}"
    engine = SpacyNlpEngine()
    engine.nlp = {"en": language}
    return AnalyzerEngine(nlp_engine=engine, supported_languages=["en"]), versions


if __name__ == "__main__":
    main()
