"""Go through the clients: each SDK that is installed, then the widget's protocol by hand."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType

from gateway.checklist import NoAnswer, Outcome, Site
from gateway.checklist.probes import probe_chat, probe_reconnect

from . import anthropic_sdk, openai_sdk
from .case import Tried

SDKS: tuple[ModuleType, ...] = (openai_sdk, anthropic_sdk)
ODD = (AttributeError, IndexError, TypeError, ValueError)
"""What an SDK does with an answer that it does not understand."""


def try_all(site: Site, model: str) -> Iterator[Tried]:
    """Yield what came of every case, one after another."""
    for sdk in SDKS:
        yield from _of_sdk(sdk, site, model)
    yield from _of_widget(site)


def _of_sdk(sdk: ModuleType, site: Site, model: str) -> Iterator[Tried]:
    try:
        client, version, errors = sdk.connect(site.url, site.key)
    except ImportError:
        hint = f"pip install 'sluicegate[{sdk.NAME}]'"
        yield Tried(sdk.NAME, "all cases", "not installed", hint)
        return
    name = f"{sdk.NAME} {version}"
    with client:
        for case in sdk.CASES:
            try:
                bad = case.act(client, model)
            except (*errors, *ODD) as exc:
                bad = f"{type(exc).__name__}: {str(exc)[:160]}"
            yield Tried(name, case.name, "failed" if bad else "ok", bad)


def _of_widget(site: Site) -> Iterator[Tried]:
    cases = {"stream": _stream, "older chat": probe_chat, "reconnect": probe_reconnect}
    for name, probe in cases.items():
        try:
            found = probe(site)
        except NoAnswer as exc:
            found = Outcome(False, str(exc))
        yield (
            Tried("widget", name, "ok") if found.ok else Tried("widget", name, "failed", found.seen)
        )


def _stream(site: Site) -> Outcome:
    kinds = [event.kind for event in site.events("Say hello in five words.")]
    is_good = kinds.count("token") > 1 and kinds[-1] == "done"
    return Outcome(is_good, f"{len(kinds)} events, last {kinds[-1] if kinds else 'none'}")
