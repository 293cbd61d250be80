"""Values that must have a form: addresses, origins, networks, hashes, flags. Limits: `limits`."""

from __future__ import annotations

from gateway.rollout.flag import parse_flag
from gateway.telemetry.spans import HINT, is_installed

from .document import Document, Path
from .form import NAME, PORT, as_browsers_send, is_host, is_network, is_origin, is_redis, split_url
from .hashing import is_hash
from .limits import judge_limits
from .schema import Config

FLAG_REMEDY = "use off, on, 25%, users:a,b, apps:x,y, or joined: 25%,users:a,b,apps:x,y"
KEY_REMEDY = "run `gateway keys create` and copy its line"


def judge_values(document: Document, config: Config) -> None:
    """Add a problem for each value that has not the form it must have."""
    _server(document, config)
    _urls(document, config)
    _apps(document, config)
    judge_limits(document, config)
    _hashes(document, config)
    _flags(document, config)


def _server(document: Document, config: Config) -> None:
    server = config.server
    if server.host and not is_host(server.host):
        document.problem(
            ("server", "host"),
            f"`{server.host[:60]}` is not an address to listen on",
            "write an address such as 127.0.0.1 or 0.0.0.0, without scheme and port",
        )
    for index, host in enumerate(server.hosts):
        if host and not is_host(PORT.sub("", host)):
            document.problem(
                ("server", "hosts", index),
                f"`{host[:60]}` is not a host name",
                "write it without scheme and path: chat.example.com",
            )
    for index, network in enumerate(server.trusted_proxies):
        if network and not is_network(network):
            document.problem(
                ("server", "trusted_proxies", index),
                f"`{network[:60]}` is not a network",
                "write an address or a network such as 10.0.0.0/8",
            )
    if server.metrics_port is not None and server.metrics_port == server.port != 0:
        document.problem(
            ("server", "metrics_port"), "it is the same as `server.port`", "choose another port"
        )


def _urls(document: Document, config: Config) -> None:
    for name, backend in config.backends.items():
        path: Path = ("backends", name, "base_url")
        if backend.base_url:
            _base_url(document, path, backend.base_url)
        clocks = {
            field: getattr(backend.timeouts, field) for field in backend.timeouts.__struct_fields__
        }
        for field, value in clocks.items():
            if value <= 0:
                document.problem(
                    ("backends", name, "timeouts", field), f"`{value:g}` is not above 0",
                    "write seconds, e.g. 30",
                )  # fmt: skip
    if config.otel_endpoint:
        _base_url(document, ("otel_endpoint",), config.otel_endpoint)
        if not is_installed():
            document.problem(("otel_endpoint",), "spans need the extra `otel`", HINT)
    if config.redis.url and not is_redis(config.redis.url):
        document.problem(
            ("redis", "url"), "it is not the address of a Redis",
            "write redis://host:6379/0, rediss://... or unix:///path",
        )  # fmt: skip


def _base_url(document: Document, path: Path, text: str) -> None:
    url = split_url(text)
    if url is None or url.scheme not in ("http", "https") or not url.hostname:
        document.problem(
            path, "it is not a web address", "write it with scheme: https://api.example.com/v1"
        )
    elif url.username is not None or url.password is not None:
        document.problem(
            path, "it holds a user or password", "take them out and use `api_key` or `headers`"
        )
    elif url.fragment:
        document.problem(path, "it holds a fragment (`#...`)", "end it before the `#`")


def _apps(document: Document, config: Config) -> None:
    for name, app in config.apps.items():
        if not NAME.fullmatch(name):
            document.problem(
                ("apps", name), "an app's name stands in paths: letters, digits, `.`, `_`, `-`",
                "rename it",
            )  # fmt: skip
        _origins(document, ("apps", name, "origins"), app.origins)
    for index, key in enumerate(config.keys):
        _origins(document, ("keys", index, "origins"), key.origins)


def _origins(document: Document, path: Path, origins: tuple[str, ...]) -> None:
    for index, origin in enumerate(origins):
        if origin and not is_origin(origin):
            shown = f"`{origin[:80]}`" if "@" not in origin else "it"
            remedy = "write scheme://host or scheme://host:port as browsers send it, without a path"
            meant = as_browsers_send(origin) if "@" not in origin else None
            document.problem(
                (*path, index), f"{shown} is not an origin",
                f"{remedy}; did you mean `{meant}`?" if meant else remedy, nearest=meant,
            )  # fmt: skip


def _hashes(document: Document, config: Config) -> None:
    for index, key in enumerate(config.keys):
        if key.hash and not is_hash(key.hash):
            document.problem(
                ("keys", index, "hash"), "it is not `sha256:` and 64 hex digits", KEY_REMEDY
            )
        if key.id and not NAME.fullmatch(key.id):
            document.problem(
                ("keys", index, "id"), "an id is letters, digits, `.`, `_`, `-`", "rename it"
            )
        if key.tenant and not NAME.fullmatch(key.tenant):
            document.problem(
                ("keys", index, "tenant"), "a tenant is letters, digits, `.`, `_`, `-`", "rename it"
            )
    if config.admin_key_hash and not is_hash(config.admin_key_hash):
        document.problem(("admin_key_hash",), "it is not `sha256:` and 64 hex digits", KEY_REMEDY)


def _flags(document: Document, config: Config) -> None:
    for name, value in config.flags.items():
        try:
            rule = parse_flag(value)
        except ValueError:
            is_told = not value and document.data["flags"].get(name) != ""
            if not is_told:
                document.problem(("flags", name), f"`{value[:60]}` is no flag value", FLAG_REMEDY)
            continue
        if any(set(user) & {"%", ";"} for user in rule.users | rule.apps):
            document.problem(
                ("flags", name), "a percentage stands behind the list", "write 25%,users:a,b"
            )
