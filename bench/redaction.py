"""Recall and over-redaction on labelled lines, by type, and speed; Presidio beside it on request.

Run: python -m bench.redaction [-v] [--presidio PYTHON]
PYTHON is an interpreter with `presidio-analyzer`, and with a spaCy model if one is to be asked:
  python -m venv /tmp/presidio && /tmp/presidio/bin/pip install presidio-analyzer
"""

from __future__ import annotations

import argparse
import json
import platform
import re
import subprocess
import sys
import time
import unicodedata
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from audit import Redactor

HERE = Path(__file__).parent
MARK = re.compile(r"\{\{([A-Z_]+):(.*?)\}\}")
WEAK = frozenset(("PERSON", "ADDRESS", "BIRTH_DATE"))
SETS = (
    "personal",
    "second",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
    "eleventh",
)
CLEAN = (
    "The villa has a garden and a pool, and the sea is a short walk away. We would like to know "
    "which visa suits a family that wants to stay for half a year, and what it costs to extend it. "
    "Kami ingin tahu dokumen apa saja yang harus disiapkan sebelum datang ke kantor imigrasi, dan "
    "berapa lama prosesnya. Das Büro ist werktags geöffnet, und die Beratung ist kostenlos. "
    "Les enfants peuvent aller à l'école du quartier, qui est à dix minutes à pied du marché. "
    "El permiso se puede renovar cada año si se cumplen las condiciones que marca la ley. "
)
Redact = Callable[[str], str]


def labelled(name: str = "personal") -> list[tuple[str, list[tuple[str, str]]]]:
    """Return lines without marks, each with its (type, value) pairs, of one of the sets."""
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


def measure(redact: Redact, *names: str) -> dict[str, Any]:
    """Return recall by type and misses on the named sets, and harmless lines that were changed."""
    hits: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    missed: list[str] = []
    for line, values in [pair for name in names or SETS[:1] for pair in labelled(name)]:
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


def lost(changed: list[tuple[str, str]]) -> float:
    """Return the share of letters and digits of harmless lines that are gone."""
    gone = sum(
        max(0, len(_plain(line)) - len(_plain(re.sub(r"\[[^\]]*\]", "", done))))
        for line, done in changed
    )
    return gone / sum(len(_plain(line)) for line in harmless())


def mixed() -> str:
    """Return chat: one line in six holds a value, the others look like one or are prose."""
    rest = [*harmless(), *re.split(r"(?<=\.) ", CLEAN.strip())]
    lines = []
    for index, (line, _) in enumerate(pair for name in SETS for pair in labelled(name)):
        lines += [line, *(rest[(5 * index + at) % len(rest)] for at in range(5))]
    return "\n".join(lines[:600])


class Ours:
    """Our redactor as the bench sees it."""

    name = "sluicegate"
    versions = f"Python {platform.python_version()}"

    def __init__(self) -> None:
        import hashlib

        self._redactor = Redactor(
            lambda kind, value: hashlib.blake2b(f"{kind}{value}".encode()).hexdigest()[:8]
        )

    def __call__(self, text: str) -> str:
        """Return the redacted text."""
        return self._redactor.redact(text).text

    def spent(self, text: str) -> float:
        """Return seconds of process time for one text."""
        began = time.process_time()
        self._redactor.redact(text)
        return time.process_time() - began


class Presidio:
    """Presidio in its own interpreter; raises LookupError where it is not installed."""

    def __init__(self, python: str, kind: str, threshold: float) -> None:
        self.name = f"Presidio, {kind}, score {threshold:g}"
        self._process = subprocess.Popen(
            [python, str(HERE / "redaction_presidio.py"), kind, str(threshold)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self._process.stdout
        first = self._process.stdout.readline()
        if not first:
            raise LookupError(kind)
        self.versions = json.loads(first)

    def __call__(self, text: str) -> str:
        """Return the text with spaces in place of what was found."""
        spans, _ = self._ask(text)
        for start, end in sorted(spans, reverse=True):
            text = text[:start] + " " + text[end:]
        return text

    def spent(self, text: str) -> float:
        """Return seconds of process time for one text."""
        return self._ask(text)[1]

    def _ask(self, text: str) -> tuple[list[tuple[int, int]], float]:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(text) + "\n")
        self._process.stdin.flush()
        spans, spent = json.loads(self._process.stdout.readline())
        return spans, spent


def speed(tool: Ours | Presidio, text: str) -> float:
    """Return megabytes a second of process time, the best of five."""
    tool.spent(text)
    return len(text.encode()) / min(tool.spent(text) for _ in range(5)) / 1e6


def tools(python: str | None) -> list[Ours | Presidio]:
    """Return what is measured; says on standard error what is not, and how it could be."""
    found: list[Ours | Presidio] = [Ours()]
    if python is None:
        print(__doc__.split("\n\n")[1], file=sys.stderr)
        return found
    for kind, threshold in (("patterns", 0), ("patterns", 0.4), ("model", 0.4)):
        try:
            found.append(Presidio(python, kind, threshold))
        except (LookupError, OSError):
            print(f"left out, as {python} cannot run it: Presidio, {kind}", file=sys.stderr)
    return found


def rows(found: list[Ours | Presidio], *, is_verbose: bool) -> list[list[str]]:
    """Return the lines of the table."""
    done = [measure(tool, *SETS) for tool in found]
    kinds = sorted({kind for one in done for kind in one["types"]})
    table = [["type", *(tool.name for tool in found)]]
    table += [[kind, *("{}/{}".format(*one["types"][kind]) for one in done)] for kind in kinds]
    count = len(harmless())
    table += [
        ["structured", *(f"{share(one['types'], False):.3f}" for one in done)],
        ["names, addresses, birth dates", *(f"{share(one['types'], True):.3f}" for one in done)],
        ["harmless lines unchanged", *(f"{1 - len(one['changed']) / count:.3f}" for one in done)],
        ["over-redaction", *(f"{100 * lost(one['changed']):.2f} %" for one in done)],
        ["mixed text, MB/s", *(f"{speed(tool, mixed()):.2f}" for tool in found)],
        ["1 KB of it, MB/s", *(f"{speed(tool, mixed()[-1024:]):.2f}" for tool in found)],
        ["clean text, MB/s", *(f"{speed(tool, CLEAN * 20):.2f}" for tool in found)],
    ]
    if is_verbose:
        print("\n".join(done[0]["missed"]))
        print("\n".join(f"CHANGED {a}  ->  {b}" for a, b in done[0]["changed"]))
    return table


def main() -> None:
    """Print one table in Markdown, then what it was measured with."""
    parser = argparse.ArgumentParser(prog="python -m bench.redaction")
    parser.add_argument("-v", action="store_true", help="tell what was missed and changed")
    parser.add_argument("--presidio", metavar="PYTHON", help="an interpreter that has Presidio")
    given = parser.parse_args()
    found = tools(given.presidio)
    table = rows(found, is_verbose=given.v)
    print("| " + " | ".join(table[0]) + " |\n|" + " --- |" * len(table[0]))
    print("\n".join("| " + " | ".join(row) + " |" for row in table[1:]))
    print("\n" + "; ".join(dict.fromkeys(tool.versions for tool in found)))
    print(f"{platform.platform()}, {platform.machine()}, one core, process time")


if __name__ == "__main__":
    main()
