"""The configuration made ready for requests: parsed and compiled once, never per call."""

from __future__ import annotations

from backends import BackendOptions
from backends.registry import load_backend
from backends.routes.router import Plan, Router
from backends.routes.router import Target as RouteTarget
from gateway.auth.address import Addresses
from gateway.auth.keyring import Keyring
from gateway.config.names import is_named
from gateway.config.schema import App, Config, Key
from gateway.errors import ApiError, shown
from gateway.limits import Policies
from gateway.rollout.flag import NAME, Flag, parse_flag


class Settings:
    """Everything a request needs to know of the configuration."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.keyring = Keyring(config.keys, config.admin_key_hash, config.jwt_secret)
        self.addresses = Addresses(config.server.trusted_proxies)
        self.policies = Policies(config)
        self.flag: Flag = parse_flag(config.flags.get(NAME, "off"))
        self.router = build_router(config)
        self.origins = frozenset(o for app in config.apps.values() for o in app.origins)
        self.key_origins = frozenset(o for key in config.keys for o in key.origins)
        self.default_app = next(iter(config.apps), "")
        self.max_body_mib = config.server.max_body_mib

    def app(self, name: str) -> App:
        """Return the application profile of a path."""
        try:
            return self.config.apps[name]
        except KeyError:
            raise ApiError("not_found", f"There is no app {shown(name)}.", field="app") from None

    def kind_of(self, backend: str) -> str:
        """Return the kind of the backend of `backend/model`; empty where none served."""
        found = self.config.backends.get(backend.partition("/")[0])
        return found.kind if found else ""

    def models_for(self, key: Key | None) -> list[str]:
        """Return the aliases that a key may use."""
        aliases = sorted(self.router.aliases())
        if key is None or key.models is None:
            return aliases
        return [alias for alias in aliases if alias in key.models]

    def check_model(self, model: str, key: Key | None, *, code: str = "bad_field") -> None:
        """Raise unless the name is an alias, or a backend's model, that this key may use."""
        is_allowed = key is None or key.models is None or is_named(model, key.models)
        if is_allowed and self.router.resolve(model):
            return
        known = ", ".join(self.models_for(key)[:20])
        raise ApiError(
            code, f"model: there is no model {shown(model)}; there are: {known}.", field="model"
        )


def build_router(config: Config) -> Router:
    """Build the configured backends and the router over them."""
    backends = {
        name: load_backend(
            name,
            BackendOptions(
                kind=backend.kind,
                base_url=backend.base_url,
                api_key=backend.api_key,
                timeouts=backend.timeouts,
                extra=backend.extra,
            ),
        )
        for name, backend in config.backends.items()
    }
    models = {
        alias: Plan(
            model.strategy,
            [RouteTarget(t.backend, t.model, t.weight) for t in model.targets],
            model.hedge_after_s,
            model.continues,
        )
        for alias, model in config.models.items()
    }
    return Router(models, backends, breaker=config.breaker)
