"""Recall and over-redaction on labelled lines, by type, and speed; Presidio beside it if installed.

Run: python -m bench.redaction
"""

from __future__ import annotations

import importlib.util
import re
import sys
import time
import unicodedata
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

from audit import Redactor

HERE = Path(__file__).parent
MARK = re.compile(r"\{\{([A-Z_]+):(.*?)\}\}")
WEAK = frozenset(("PERSON", "ADDRESS", "BIRTH_DATE"))
Redact = Callable[[str], str]


def labelled(name: str = "personal") -> list[tuple[str, list[tuple[str, str]]]]:
    """Return lines without marks, each with its (type, value) pairs; `second` is another set."""
    lines = (HERE / f"redaction_{name}.txt").read_text("utf-8").splitlines()
    return [
        (MARK.sub(lambda m: m[2], line).replace("⏎", "\n"), MARK.findall(line))
        for line in lines
        if not line.startswith("#")
    ]


def harmless() -> list[str]:
    """Return lines that must stay as they are."""
    return (HERE / "redaction_harmless.txt").read_text("utf-8").splitlines()


def is_leaked(value: str, redacted: str) -> bool:
    """A value leaks if more than a third of its letters and digits are still there in a row."""
    plain, left = _plain(value), _plain(re.sub(r"\[[A-Z_]+(?:_[a-z0-9]+)?\]", " ", redacted))
    size = max(4, len(plain) // 3 + 1)
    if len(plain) <= size:
        return plain in left
    return any(plain[i : i + size] in left for i in range(len(plain) - size + 1))


def _plain(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(char for char in folded if char.isalnum())


def measure(redact: Redact, name: str = "personal") -> dict[str, object]:
    """Return recall by type, leaking lines, changed harmless lines and lost letters."""
    hits: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    missed: list[str] = []
    for line, values in labelled(name):
        done = redact(line)
        for kind, value in values:
            ok = not is_leaked(value, done)
            hits[kind][0] += ok
            hits[kind][1] += 1
            if not ok:
                missed.append(f"{kind}: {line}  ->  {done}")
    changed = [(line, done) for line in harmless() if (done := redact(line)) != line]
    return {"types": dict(hits), "missed": missed, "changed": changed}


def share(types: dict[str, list[int]], weak: bool) -> float:
    """Return the recall over all types that are, or are not, names, addresses and birth dates."""
    chosen = [v for k, v in types.items() if (k in WEAK) == weak]
    return sum(v[0] for v in chosen) / max(1, sum(v[1] for v in chosen))


def speed(redact: Redact, text: str) -> float:
    """Return megabytes a second of process time, the best of five."""
    redact(text)
    best = 0.0
    for _ in range(5):
        began = time.process_time()
        for _ in range(max(1, 60_000 // len(text))):
            redact(text)
        spent = time.process_time() - began
        best = max(best, max(1, 60_000 // len(text)) * len(text.encode()) / spent / 1e6)
    return best


def presidio() -> Redact | None:
    """Return Presidio's pattern recognisers as a function, if it is installed."""
    if importlib.util.find_spec("presidio_analyzer") is None:
        return None
    from presidio_analyzer import AnalyzerEngine
    from presidio_analyzer.nlp_engine import NlpEngineProvider

    blank = {
        "nlp_engine_name": "spacy",
        "models": [{"lang_code": "en", "model_name": "en_core_web_sm"}],
    }
    engine = AnalyzerEngine(nlp_engine=NlpEngineProvider(nlp_configuration=blank).create_engine())

    def redact(text: str) -> str:
        for found in sorted(engine.analyze(text, language="en"), key=lambda r: -r.start):
            text = text[: found.start] + " " + text[found.end :]
        return text

    return redact


def main() -> None:
    """Print one table."""
    import hmac

    redactor = Redactor(
        lambda kind, value: hmac.digest(b"k", f"{kind}{value}".encode(), "md5").hex()[:8]
    )
    tools: dict[str, Redact] = {"sluicegate": lambda text: redactor.redact(text).text}
    other = presidio()
    if other is not None:
        tools["presidio"] = other
    done = {name: measure(redact) for name, redact in tools.items()}
    kinds = sorted({kind for one in done.values() for kind in one["types"]})
    print(f"{'type':14}" + "".join(f"{name:>14}" for name in tools))
    for kind in kinds:
        cells = "".join(
            f"{one['types'][kind][0]:>8}/{one['types'][kind][1]:<5}" for one in done.values()
        )
        print(f"{kind:14}{cells}")
    for name, one in done.items():
        print(
            f"\n{name}: structured {share(one['types'], False):.3f}, names, addresses, births "
            f"{share(one['types'], True):.3f}, harmless lines unchanged "
            f"{1 - len(one['changed']) / len(harmless()):.3f}"
        )
        if "-v" in sys.argv:
            print("\n".join(one["missed"]))
            print("\n".join(f"CHANGED {a}  ->  {b}" for a, b in one["changed"]))
    for name, redact in tools.items():
        second = measure(redact, "second")
        print(
            f"{name}, second set: structured {share(second['types'], False):.3f}, names, "
            f"addresses, births {share(second['types'], True):.3f}"
        )
        if "-v" in sys.argv:
            print("\n".join(second["missed"]))
    mixed = "\n".join(line for line, _ in labelled()[:60]) + "\n" + "\n".join(harmless()) * 3
    clean = "The villa has a garden and a pool, and the sea is a short walk away. " * 60
    for name, redact in tools.items():
        print(
            f"{name}: mixed {speed(redact, mixed):.2f} MB/s, clean {speed(redact, clean):.1f} MB/s"
        )


if __name__ == "__main__":
    main()
