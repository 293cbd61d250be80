"""Names that must lead somewhere: model to backend, app to model and limits, limit to price."""

from __future__ import annotations

from collections.abc import Collection

from .derived import FLAG
from .document import Document, Path
from .kinds import EXTRAS, KEY_VARIABLES, plugin_kinds
from .names import ALL_OF
from .problems import listed, nearest
from .schema import Backend, Config, Limit


def judge_references(document: Document, config: Config) -> None:
    """Add a problem for each name that leads nowhere and each name given twice."""
    _kinds(document, config)
    _models(document, config)
    _apps(document, config)
    _keys(document, config)
    _flags(document, config)
    _limits(document, config)
    _prices(document, config)


def lead(document: Document, path: Path, name: str, known: Collection[str], noun: str) -> None:
    """Refuse a name that is not among the known ones; empty stands for a broken value."""
    if not name or name in known:
        return
    meant = nearest(name, known)
    remedy = f"did you mean `{meant}`?" if meant else f"define it, or use one of: {listed(known)}"
    document.problem(path, f"there is no {noun} `{name}`", remedy, nearest=meant)


def _kinds(document: Document, config: Config) -> None:
    for name, backend in config.backends.items():
        path: Path = ("backends", name)
        kind = backend.kind
        if kind and kind not in EXTRAS:
            known = [*EXTRAS, *plugin_kinds()]
            lead(document, (*path, "kind"), kind, known, "kind of backend")
        if kind in KEY_VARIABLES and not _has_address(document, name, backend):
            document.problem(
                path,
                f"a backend of kind `{kind}` needs `api_key`, or `base_url` of another server",
                f'add `api_key: "${{{KEY_VARIABLES[kind]}}}"`, with that variable set',
            )
        if "/" in name or not name.strip():
            document.problem(path, "a backend's name must not hold a slash", "rename it")


def _has_address(document: Document, name: str, backend: Backend) -> bool:
    """Whether key or address is there; one that is broken has its own problem."""
    given = document.data["backends"][name]
    values = (given.get("api_key"), given.get("base_url"))
    is_told = any(value is not None and not isinstance(value, str) for value in values)
    return is_told or bool(backend.api_key or backend.base_url)


def _models(document: Document, config: Config) -> None:
    for name, model in config.models.items():
        for index, target in enumerate(model.targets):
            path: Path = ("models", name, "targets", index)
            lead(document, (*path, "backend"), target.backend, config.backends, "backend")
        weights = [target.weight for target in model.targets]
        if model.strategy == "weighted" and weights and not any(weights):
            document.problem(
                ("models", name), "all weights are 0, so nothing can answer", "raise one of them"
            )


def _apps(document: Document, config: Config) -> None:
    for name, app in config.apps.items():
        path: Path = ("apps", name)
        lead(document, (*path, "model"), app.model, config.models, "model")
        for index, limit in enumerate(app.limits or ()):
            lead(document, (*path, "limits", index), limit, config.limits, "limit")
        lead(document, (*path, "flag"), app.flag, config.flags, "flag")


def _flags(document: Document, config: Config) -> None:
    """A misspelt flag would leave the one that is meant at its default."""
    asked = {FLAG, *(app.flag for app in config.apps.values())}
    for name in config.flags:
        if name in asked:
            continue
        meant = nearest(name, asked, 0.8)
        report = document.problem if meant else document.warning
        remedy = f"did you mean `{meant}`?" if meant else "name it in `flag` of an app"
        report(("flags", name), f"no app asks for the flag `{name}`", remedy, nearest=meant)


def _keys(document: Document, config: Config) -> None:
    seen: dict[str, int] = {}
    hashes: dict[str, str] = {}
    for index, key in enumerate(config.keys):
        path: Path = ("keys", index)
        for position, app in enumerate(key.apps or ()):
            lead(document, (*path, "apps", position), app, config.apps, "app")
        for position, model in enumerate(key.models or ()):
            lead_to_model(document, (*path, "models", position), model, config)
        if key.id and key.id in seen:
            first = document.place(("keys", seen[key.id])).spell()
            document.problem(
                (*path, "id"),
                f"the key id `{key.id}` is given twice, first at {first}",
                "rename one",
            )
        if key.hash and key.hash in hashes:
            document.problem(
                (*path, "hash"), f"it is the same key as `{hashes[key.hash]}`", "remove one of them"
            )
        seen.setdefault(key.id, index)
        hashes.setdefault(key.hash, key.id)
    if config.admin_key_hash and config.admin_key_hash in hashes:
        document.problem(
            ("admin_key_hash",),
            f"it is also the client's key `{hashes[config.admin_key_hash]}`",
            "give `/admin` a key of its own",
        )


def lead_to_model(document: Document, path: Path, model: str, config: Config) -> None:
    """Refuse what is neither an alias nor a model of a backend, nor all of them."""
    if "*" in model and not (model.endswith(ALL_OF) and model.count("*") == 1):
        remedy = "write `backend/*` for all models of a backend, or name each one"
        document.problem(path, f"`{model}` is no pattern that is known here", remedy)
        return
    if model.partition("/")[0] not in config.backends or "/" not in model:
        lead(document, path, model, config.models, "model")


def _limits(document: Document, config: Config) -> None:
    ids = {key.id for key in config.keys}
    for name, limit in config.limits.items():
        path: Path = ("limits", name, "match")
        for index, app in enumerate(limit.match.apps or ()):
            lead(document, (*path, "apps", index), app, config.apps, "app")
        for index, model in enumerate(limit.match.models or ()):
            lead_to_model(document, (*path, "models", index), model, config)
        for index, key in enumerate(limit.match.keys or ()):
            lead(document, (*path, "keys", index), key, ids, "key")
        for index, key in enumerate(limit.exempt.keys):
            lead(document, ("limits", name, "exempt", "keys", index), key, ids, "key")
        if limit.money:
            _is_priced(document, ("limits", name, "money"), limit, config)


def _is_priced(document: Document, path: Path, limit: Limit, config: Config) -> None:
    """Refuse a limit in money for models that would cost nothing."""
    matched = limit.match.models
    for alias, model in config.models.items():
        if alias in config.prices or (matched is not None and alias not in matched):
            continue
        for target in model.targets:
            exact = f"{target.backend}/{target.model}"
            if target.model not in config.prices and exact not in config.prices:
                document.problem(
                    path,
                    f"`{exact if target.model else target.backend}` has no price, so calls of "
                    f"`{alias}` would cost nothing",
                    f"add `prices: {{{alias}: {{input: ..., output: ...}}}}`; 0 is a price too",
                )


def _prices(document: Document, config: Config) -> None:
    targets = [t for model in config.models.values() for t in model.targets]
    known = {*config.models, *(target.model for target in targets if target.model)}
    for name in config.prices:
        if name.partition("/")[0] not in config.backends or "/" not in name:
            lead(document, ("prices", name), name, known, "model")
