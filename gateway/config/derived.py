"""What the file leaves out: `backends`, `models`, `limits`, `apps` and the flag of the product."""

from __future__ import annotations

import re
from collections.abc import Mapping

from .document import Document, Place, section
from .kinds import DEFAULT_MODELS
from .variables import said, split

FLAG = "ENABLE_SSE_STREAMING"
DEFAULT_APP = "bali-zero"
DEFAULT = Place("default")
RATE = re.compile(r"(\d+)\s*/\s*(\d+(?:\.\d+)?)\s*(s|m|h)?")
UNIT_S = {"s": 1.0, "m": 60.0, "h": 3600.0}
PROVIDERS = (
    ("openai", "openai_chat", "OPENAI_API_KEY", "OPENAI_BASE_URL"),
    ("claude", "anthropic_messages", "ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL"),
)


def derive(document: Document, given: Mapping[str, str]) -> None:
    """Fill in the sections that are absent, from the environment and our defaults."""
    _backends(document, given)
    _models(document, given)
    _limits(document, given)
    _apps(document, given)
    _flags(document, given)


def _backends(document: Document, given: Mapping[str, str]) -> None:
    if document.data.get("backends"):
        return
    for name, kind, key, url in PROVIDERS:
        if key not in given and url not in given:
            continue
        place = said(key if key in given else url)
        document.put(("backends", name), {"kind": kind}, place)
        for field, variable in (("api_key", key), ("base_url", url)):
            if variable in given:
                document.put(("backends", name, field), given[variable], said(variable))
        if url in given and "GATEWAY_MODEL" not in given and not document.data.get("models"):
            document.warning(
                ("backends", name, "base_url"),
                f"{url} is set but GATEWAY_MODEL is not: `{DEFAULT_MODELS[kind]}` is asked for",
                "set GATEWAY_MODEL to a model of that server",
            )
    if not document.data.get("backends"):
        document.put(("backends", "demo"), {"kind": "script"}, DEFAULT)


def _models(document: Document, given: Mapping[str, str]) -> None:
    """Make `default` (all backends in order) and an alias for each backend."""
    model = given.get("GATEWAY_MODEL")
    if document.data.get("models"):
        if model:
            place = said("GATEWAY_MODEL")
            document.places["GATEWAY_MODEL",] = place
            document.warning(
                ("GATEWAY_MODEL",), "it has no effect: the file has `models`", "change it there"
            )
        return
    targets: list[dict[str, str]] = []
    backends = document.data["backends"]
    for name, backend in backends.items() if isinstance(backends, dict) else ():
        kind = backend.get("kind") if isinstance(backend, dict) else None
        asked = model if model and not targets else DEFAULT_MODELS.get(str(kind))
        targets.append({"backend": name} | ({"model": asked} if asked else {}))
    place = said("GATEWAY_MODEL") if model else DEFAULT
    if targets:
        document.put(("models", "default"), {"targets": targets}, place)
    for target in targets:
        if target["backend"] != "default":
            document.put(("models", target["backend"]), {"targets": [target]}, place)


def _limits(document: Document, given: Mapping[str, str]) -> None:
    text = given.get("GATEWAY_LIMIT")
    place = said("GATEWAY_LIMIT") if text else DEFAULT
    if document.data.get("limits") is not None:
        if text:
            document.places["GATEWAY_LIMIT",] = place
            document.warning(
                ("GATEWAY_LIMIT",), "it has no effect: the file has `limits`", "change it there"
            )
        return
    text = text or "20/60s"
    if text.lower() in ("off", "false", "0", "no", "none"):
        document.put(("limits",), {}, place)
        return
    match = RATE.fullmatch(text)
    document.put(("limits", "default"), {"per": ["user"], "requests": 20}, place)
    if match is None or int(match[1]) < 1 or float(match[2]) <= 0:
        document.problem(
            ("limits", "default"), f"`{text[:40]}` is not a limit", "write 20/60s, 100/1h or off"
        )
        return
    window_s = float(match[2]) * UNIT_S[match[3] or "s"]
    limit = {"per": ["user"], "requests": int(match[1]), "window_s": window_s}
    document.put(("limits", "default"), limit, place)


def _apps(document: Document, given: Mapping[str, str]) -> None:
    if not document.data.get("apps"):
        models = document.data.get("models")
        names = list(models) if isinstance(models, dict) else []
        model = "default" if "default" in names or not names else names[0]
        document.put(("apps", DEFAULT_APP), {"model": model}, DEFAULT)
    origins = split(given.get("GATEWAY_CORS_ORIGINS", ""))
    apps = document.data["apps"]
    for name in apps if isinstance(apps, dict) and origins else ():
        if apps[name] is None:
            apps[name] = {}
        if isinstance(apps[name], dict):
            document.extend(("apps", name, "origins"), origins, said("GATEWAY_CORS_ORIGINS"))


def _flags(document: Document, given: Mapping[str, str]) -> None:
    flags = section(document.data, "flags")
    for name, value in flags.items():
        if name in given:
            document.put(("flags", name), given[name], said(name))
        elif isinstance(value, bool) or value in (0, 1):
            flags[name] = "on" if value else "off"
    if FLAG not in flags and isinstance(document.data.get("flags") or {}, dict):
        value = "off" if document.data.get("profile") == "production" else "on"
        document.put(("flags", FLAG), value, DEFAULT)
