"""The environment laid over the file: what a variable says wins, lists are added to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .check import warn_of_weak
from .derived import derive
from .document import Document, Path, section
from .hashing import hash_key
from .variables import OVERRIDE, VARIABLES, said, split, strangers
from .yaml_file import plain


def apply(document: Document, environ: Mapping[str, str]) -> None:
    """Lay the environment and our defaults over what the file says."""
    given = {name: value.strip() for name, value in environ.items() if value.strip()}
    document.warnings += strangers(given)
    _simple(document, given)
    _overrides(document, given)
    _lists(document, given)
    _secrets(document, given)
    derive(document, given)


def _simple(document: Document, given: Mapping[str, str]) -> None:
    for variable in VARIABLES:
        if variable.path and variable.name in given:
            document.put(variable.path, given[variable.name], said(variable.name))
    port = given.get("GATEWAY_PORT", "")
    if port.startswith("tcp://"):
        document.put(("server", "port"), 8080, said("GATEWAY_PORT"))
        document.problem(
            ("server", "port"),
            "Kubernetes set GATEWAY_PORT for a service named `gateway`; it is no port number",
            "set `enableServiceLinks: false` in the pod, or give GATEWAY_PORT there yourself",
        )


def _overrides(document: Document, given: Mapping[str, str]) -> None:
    """`GATEWAY__SERVER__DRAIN_S=5` sets `server.drain_s`."""
    for name in sorted(given):
        if not name.startswith(OVERRIDE):
            continue
        path: Path = ()
        inside: Any = document.data
        for part in name.removeprefix(OVERRIDE).split("__"):
            known = inside if isinstance(inside, dict) else {}
            spelled = {key.replace("-", "_").upper(): key for key in known}
            path = (*path, spelled.get(part.upper(), part.lower()))
            inside = known.get(path[-1])
        value = given[name]
        document.put(path, plain(value) if path[0] == "backends" else value, said(name))


def _lists(document: Document, given: Mapping[str, str]) -> None:
    if "GATEWAY_HOSTS" in given:
        document.extend(("server", "hosts"), split(given["GATEWAY_HOSTS"]), said("GATEWAY_HOSTS"))
    if "GATEWAY_AUDIT_PATH" in given:
        place = said("GATEWAY_AUDIT_PATH")
        sinks = section(document.data, "audit").get("sinks")
        if isinstance(sinks, list) and sinks and isinstance(sinks[0], dict):
            sinks[0]["path"] = given["GATEWAY_AUDIT_PATH"]
            document.places["audit", "sinks", 0, "path"] = place
        else:
            sink = {"kind": "jsonl", "path": given["GATEWAY_AUDIT_PATH"]}
            document.put(("audit", "sinks"), [sink], place)


def _secrets(document: Document, given: Mapping[str, str]) -> None:
    """Keep only hashes of the keys of clients and of the administrator."""
    known = document.data.get("keys")
    taken = (
        [key.get("id") for key in known if isinstance(key, dict)] if isinstance(known, list) else []
    )
    free = (f"key{number}" for number in range(1, 10_000) if f"key{number}" not in taken)
    if "GATEWAY_API_KEYS" in given:
        secrets, place = split(given["GATEWAY_API_KEYS"]), said("GATEWAY_API_KEYS")
        document.places["GATEWAY_API_KEYS",] = place
        if secrets:
            named = zip(secrets, free, strict=False)
            keys = [{"id": name, "hash": hash_key(secret)} for secret, name in named]
            document.extend(("keys",), keys, place)
            warn_of_weak(document, ("GATEWAY_API_KEYS",), *secrets)
        else:
            document.problem(
                ("GATEWAY_API_KEYS",), "it holds no key, so nobody would be asked for one",
                "write keys with commas between them, or unset it",
            )  # fmt: skip
    if "GATEWAY_ADMIN_KEY" in given:
        secret = given["GATEWAY_ADMIN_KEY"]
        document.put(("admin_key_hash",), hash_key(secret), said("GATEWAY_ADMIN_KEY"))
        warn_of_weak(document, ("admin_key_hash",), secret)
