"""The configuration as frozen Structs: names, types, defaults. Cross references are in `check`.

One place for the file, the environment and the JSON Schema for editors.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from audit import Level, SinkKind
from audit import Strategy as Replacement
from backends import Strategy, Timeouts
from ratelimit import OnOutage, Period

Port = Annotated[int, Meta(ge=0, le=65535)]
Seconds = Annotated[float, Meta(gt=0)]
Profile = Literal["development", "production"]
SECRETS = frozenset({"api_key", "key", "jwt_secret", "hash", "admin_key_hash", "url", "extra"})
Per = Literal["key", "user", "address", "app", "model", "tenant"]


class Quiet(msgspec.Struct, frozen=True):
    """A Struct that does not print its secrets, wherever it ends up."""

    def __repr__(self) -> str:
        """Return the fields, secrets masked."""
        fields = ((name, getattr(self, name)) for name in self.__struct_fields__)
        shown = (f"{n}={'********' if n in SECRETS and v else repr(v)}" for n, v in fields)
        return f"{type(self).__name__}({', '.join(shown)})"


class Section(Quiet, frozen=True, forbid_unknown_fields=True):
    """A mapping of the file: unknown names are errors."""


class Server(Section, frozen=True):
    """Where the gateway listens and how it stops."""

    host: str = "127.0.0.1"
    port: Port = 8080
    hosts: tuple[str, ...] = ()
    workers: Annotated[int, Meta(ge=1, le=64)] = 1
    drain_s: Annotated[float, Meta(ge=0)] = 20.0
    metrics_port: Port | None = None
    trusted_proxies: tuple[str, ...] = ()
    max_streams: Annotated[int, Meta(ge=1)] = 10_000
    """Running generations of one worker; beyond it new ones get 503."""
    max_body_mib: Annotated[int, Meta(ge=1, le=64)] = 1
    """Bodies of the provider protocols; pictures travel in them. Other bodies are of 1 MiB."""
    retention_s: Seconds = 600.0
    """How long an answer that has ended can be resumed."""
    warm: bool | None = None
    """Whether connections to providers are opened before they are needed; absent: in production."""


class Redis(Section, frozen=True):
    """The shared store; absent: everything in memory and one worker."""

    url: str = ""
    durability: Literal["relaxed", "strict"] = "relaxed"
    lease_s: Annotated[float, Meta(ge=3, le=300)] = 30.0


class Backend(Quiet, frozen=True):
    """One provider. Fields beyond these belong to the kind (`extra` after loading)."""

    kind: str
    base_url: str | None = None
    api_key: str | None = None
    timeouts: Timeouts = Timeouts()
    extra: dict[str, Any] = {}


class Target(Section, frozen=True):
    """One backend and the model name that it is asked for."""

    backend: str
    model: str | None = None
    weight: Annotated[float, Meta(ge=0)] = 1.0


class Model(Section, frozen=True):
    """A name that clients use, and where it leads."""

    targets: Annotated[tuple[Target, ...], Meta(min_length=1)]
    strategy: Strategy = "fallback"
    hedge_after_s: Seconds = 1.0
    continues: bool = False


class Disconnect(Section, frozen=True):
    """When nobody listens any more: go on for `linger_s`, stop at once, or run to the end."""

    policy: Literal["linger", "cancel", "drain"] = "linger"
    linger_s: Annotated[float, Meta(ge=0)] = 30.0


class App(Section, frozen=True):
    """An application profile, the `{app}` of the widget's paths."""

    model: str = "default"
    origins: tuple[str, ...] = ()
    limits: tuple[str, ...] | None = None
    """Names from `limits:`; what no app names counts too. Absent: all of them; empty: none."""
    disconnect: Disconnect = Disconnect()
    system_prompt: str | None = None
    redact: Literal["none", "outbound"] = "none"
    """`outbound`: personal values are hidden from the provider and restored in the answer."""
    flag: str = "ENABLE_SSE_STREAMING"


class Match(Section, frozen=True):
    """The calls that a limit is about; what is absent matches all of them."""

    apps: tuple[str, ...] | None = None
    models: tuple[str, ...] | None = None
    routes: tuple[str, ...] | None = None
    keys: tuple[str, ...] | None = None


class Exempt(Section, frozen=True):
    """The callers that a limit passes over."""

    keys: tuple[str, ...] = ()
    users: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()


class Limit(Section, frozen=True):
    """One policy; exactly one of `requests`, `tokens`, `money`, `concurrent`."""

    per: tuple[Per, ...] = ("user",)
    requests: Annotated[int, Meta(ge=1)] | None = None
    tokens: Annotated[int, Meta(ge=1)] | None = None
    money: Annotated[float, Meta(gt=0, le=100_000_000)] | None = None
    concurrent: Annotated[int, Meta(ge=1)] | None = None
    window_s: Seconds = 60.0
    period: Period | None = None
    timezone: str = "UTC"
    burst: Annotated[int, Meta(ge=1)] | None = None
    match: Match = Match()
    exempt: Exempt = Exempt()
    anonymous: bool | None = None
    """True: only callers without key and user; False: only those with one; absent: both."""
    on_outage: OnOutage = "local"
    shadow: bool = False


class Price(Section, frozen=True):
    """What a model costs, in currency units for a million tokens."""

    input: Annotated[float, Meta(ge=0, le=1_000_000)]
    output: Annotated[float, Meta(ge=0, le=1_000_000)] = 0.0
    cache_read: Annotated[float, Meta(ge=0, le=1_000_000)] | None = None
    cache_write: Annotated[float, Meta(ge=0, le=1_000_000)] | None = None


class Key(Section, frozen=True):
    """An API key: `hash` is `sha256:` and the hex digest; the key itself is stored nowhere."""

    id: str
    hash: str
    apps: tuple[str, ...] | None = None
    models: tuple[str, ...] | None = None
    origins: tuple[str, ...] = ()
    tenant: str | None = None


class Sink(Section, frozen=True):
    """Where audit records go. The first one is the journal, the others follow it."""

    kind: SinkKind = "jsonl"
    path: str = "var/audit"
    url: str = ""
    name: str = ""
    """Of the stream or table; empty: ours."""


class Retention(Section, frozen=True):
    """How long records are kept, in days."""

    content: Annotated[int, Meta(ge=1)] = 30
    sealed: Annotated[int, Meta(ge=1)] = 14
    metadata: Annotated[int, Meta(ge=1)] = 190
    rights: Annotated[int, Meta(ge=1)] = 1095


class AuditRule(Section, frozen=True):
    """What is different for some apps and models; the first rule that matches counts."""

    apps: tuple[str, ...] | None = None
    models: tuple[str, ...] | None = None
    level: Level | None = None
    strategies: dict[str, Replacement] = {}


class Audit(Section, frozen=True):
    """The audit trail. `key` makes pseudonyms; production asks for it."""

    level: Level = "redacted"
    rules: tuple[AuditRule, ...] = ()
    strategies: dict[str, Replacement] = {}
    purpose: str = ""
    detectors: tuple[str, ...] = ()
    key: str | None = None
    rotation_days: Annotated[int, Meta(ge=0, le=366)] = 0
    max_bytes: Annotated[int, Meta(ge=10_000_000)] | None = None
    sinks: Annotated[tuple[Sink, ...], Meta(min_length=1)] = (Sink(),)
    published: str | None = None
    retention_days: Retention = Retention()


class Config(Section, frozen=True):
    """The whole configuration, validated before anything starts."""

    profile: Profile = "development"
    server: Server = Server()
    redis: Redis = Redis()
    backends: dict[str, Backend] = {}
    models: dict[str, Model] = {}
    apps: dict[str, App] = {}
    limits: dict[str, Limit] = {}
    prices: dict[str, Price] = {}
    keys: tuple[Key, ...] = ()
    admin_key_hash: str | None = None
    jwt_secret: str | None = None
    """Secret of signed user claims (HS256), shared with the site that embeds the widget."""
    audit: Audit = Audit()
    flags: dict[str, str] = {}
    breaker: bool = True
    guard: bool = False
    otel_endpoint: str | None = None
    """Address of an OpenTelemetry collector (OTLP over HTTP); absent: no spans."""
