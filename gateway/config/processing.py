"""The record of processing (GDPR art. 30) that a configuration amounts to, as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .form import split_url
from .schema import App, Audit, Config

HEAD = """# Record of processing

<!-- Made by `python docs/generate.py` from the default configuration. -->

What the gateway does with personal data under one configuration: here the default one.
`gateway audit processing -c gateway.yaml` prints this page for yours. It states what the software
does; who is responsible, on what ground, and whether a transfer is allowed only you can say: those
places are marked *(yours to state)*. It is not legal advice.
"""

LEVELS = {
    "none": "chats are not recorded",
    "metadata": "who (a random name), when, which model, how it ended; no words",
    "redacted": "as `metadata`, and the words without the personal values found in them",
    "sealed": "as `redacted`, and all words encrypted with a key of that person alone",
}

FIXED = """## Who and why

| | |
| --- | --- |
| Controller, representative, data protection officer | *(yours to state)* |
| Purposes | answer chats; bound use and cost; show afterwards what happened (security, complaints, legal duties) |
| Legal ground | *(yours to state)* |
| Persons | users of the embedding pages; holders of API keys; third persons whom a chat mentions; operators who act on flags and the trail |
| Special categories (GDPR art. 9; PDP law art. 4), children | the gateway asks for none and cannot tell: people may write them into a chat. Whether that is to be expected, and what follows: *(yours to state)* |
| Decisions by machine alone (GDPR art. 22) | none by the gateway; what is done with an answer: *(yours to state)* |
| Impact assessment (GDPR art. 35; PDP law art. 34) | *(yours to state)*; this page and `gateway audit report` are material for it |

## What is processed

| data | where it comes from | where it stays |
| --- | --- | --- |
| words of the chat | the user, the model | in memory while the answer runs and can be resumed; at the provider; in the trail as its level says |
| name of a signed user, mail address | the embedding page | never at a provider, never in the trail: there, a random name |
| id of the API key | configuration | in the trail as a random name |
| network address | the connection | in memory; as a keyed name in counters of limits; in the trail cut to /24 or /48 |
| role of a user | the embedding page | in the trail, without personal values found in it; never at a provider |
| time, model, tokens, outcome | the gateway | in the trail; in logs, metrics and spans without any person |
| name and reason of an operator | the operator | in the trail; the users whom a flag lists stay in its state until it is changed |
"""  # noqa: E501 - rows of a table

MEASURES = """## How it is protected

| measure | how |
| --- | --- |
| pseudonymisation | keyed names (HMAC-SHA-256); the link to a person is one small file that erasure removes |
| integrity | hash chain, Merkle roots, checkpoints signed with a key of the day, copied to a second place where one is set; `gateway audit verify` |
| confidentiality | files of the trail 0600 in a folder 0700; sealed words AES-256-GCM under the person's key |
| confidentiality of data keys | {wrapped} |
| sealed words | opened by two people: `gateway audit unseal`, one asks and says why, another agrees |
| who reads | `show`, `search`, `export`, `erase`, holds and key changes are records themselves, with who did it |
| limits of it | copies that others make (backups, snapshots, the collector of standard output) are not reached; personal values that redaction does not find stay in redacted words; whoever can read the host's memory reads everything |

## What a person may ask for

| right | how it is served | what it does not do |
| --- | --- | --- |
| access, portability (GDPR art. 15, 20; PDP law art. 7, 13) | `gateway audit export`, `POST /admin/export`: records, words, recipients, as JSON | it does not tell whether who asks is that person |
| erasure (GDPR art. 17; PDP law art. 8) | `gateway audit erase`, `POST /admin/erasure`: words overwritten, link to the name removed, data key gone, receipt; further sinks follow | records stay under a random name until their retention ends; what others wrote about the person stays as redacted |
| restriction (GDPR art. 18) | `gateway audit hold` keeps from erasure and purge | it does not stop reading |
| correction (GDPR art. 16; PDP law art. 6) | what was said stays as it was said; a correction belongs where the answer was used | nothing in the trail is changed |
| objection (GDPR art. 21; PDP law art. 10, 11) | level `none` or `metadata` for an app | not for a single person: *(yours to state)* |
"""  # noqa: E501 - rows of a table


def record_of_processing(config: Config) -> str:
    """Return the page for a configuration. Holds no secret of it."""
    parts = [HEAD, FIXED, _apps(config), _recipients(config), _limits(config), _measures(config)]
    return "\n".join(parts)


def _measures(config: Config) -> str:
    beside = "with a key that lies beside the trail: set `audit.key` to keep it elsewhere"
    elsewhere = "with `audit.key`, kept elsewhere: the files of the trail alone open nothing sealed"
    return MEASURES.format(wrapped=f"wrapped {elsewhere if config.audit.key else beside}")


def _apps(config: Config) -> str:
    rows = [
        (f"`{name}`", app.model, *_kept(config.audit, name), _outbound(app))
        for name, app in sorted(config.apps.items())
    ]
    words = [f"- `{level}`: {text}" for level, text in LEVELS.items()]
    purpose = config.audit.purpose or "nothing is sealed"
    return "\n".join(
        [
            "## What is kept of a chat",
            "",
            *_table(("app", "model", "level", "other for some models", "provider sees"), rows),
            "",
            *words,
            "",
            f"Purpose of sealing: {purpose}.",
            "",
        ]
    )


def _kept(audit: Audit, app: str) -> tuple[str, str]:
    """Return the level of an app, and what rules say about some of its models."""
    special: list[str] = []
    for rule in audit.rules:
        if rule.apps is not None and app not in rule.apps:
            continue
        if rule.models is None:
            return rule.level or audit.level, "; ".join(special) or "-"
        special.append(f"{', '.join(rule.models)}: {rule.level or audit.level}")
    return audit.level, "; ".join(special) or "-"


def _outbound(app: App) -> str:
    return "placeholders for personal values" if app.redact == "outbound" else "the words as typed"


def _recipients(config: Config) -> str:
    rows: list[Sequence[str]] = [
        (f"backend `{name}`", backend.kind, _host(backend.base_url, backend.kind), "words of chats")
        for name, backend in sorted(config.backends.items())
    ]
    for sink in config.audit.sinks:
        what = "records" if sink.kind in ("stdout", "redis") else "records and words"
        place = sink.path if sink.kind in ("jsonl", "sqlite") else _host(sink.url, sink.kind)
        rows.append((f"sink `{sink.kind}`", sink.kind, place, what))
    if config.redis.url:
        what = "running answers, counters of limits by keyed name"
        rows.append(("shared store", "redis", _host(config.redis.url, ""), what))
    if config.audit.published:
        what = "signed hashes and public keys; no personal data"
        rows.append(("second place", "folder", config.audit.published, what))
    if config.otel_endpoint:
        what = "spans: time, model, tokens, outcome; no words, no person"
        rows.append(("collector", "OTLP", _host(config.otel_endpoint, ""), what))
    head = ("recipient", "kind", "where", "gets")
    note = (
        "Contracts with processors (GDPR art. 28) and transfers to third countries (GDPR art. 44 to"
        " 49; PDP law art. 56), with their safeguards: *(yours to state)* for each host."
    )
    return "\n".join(["## Who receives it", "", *_table(head, rows), "", note, ""])


def _host(url: str | None, kind: str) -> str:
    found = split_url(url or "")
    if found is None or not found.hostname:
        return "the provider's public address" if "chat" in kind or "mess" in kind else "this host"
    return found.hostname


def _limits(config: Config) -> str:
    audit = config.audit
    days = audit.retention_days
    rotation = f"every {audit.rotation_days} days" if audit.rotation_days else "by command only"
    rows = [
        ("words in the trail, without the personal values found in them", f"{days.content} days"),
        ("sealed words, and the file of words in which they lie",
         f"{min(days.sealed, days.content)} days"),
        ("records in the trail, and the link of a random name to a person",
         f"{days.metadata} days"),
        ("receipts of erasure, holds, and who read what",
         f"{max(days.rights, days.metadata)} days"),
        ("signed checkpoints: hashes, no personal data", "for ever"),
        ("an answer that has ended, for resuming it", f"{config.server.retention_s:g} s"),
        ("counters of limits, by keyed name", "until their window has passed"),
        ("lines on standard output", "*(yours to state)*: who collects them keeps them"),
        ("names of persons change", rotation),
        ("under a legal hold", "until it is cleared"),
    ]  # fmt: skip
    return "\n".join(["## For how long", "", *_table(("what", "how long"), rows), ""])


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [head, ("---",) * len(head), *rows]
    return ["| " + " | ".join(str(c).replace("|", "\\|") for c in line) + " |" for line in lines]
