"""How to reach the store by its URL: one server, TLS, a socket, or whom the sentinels name.

    redis://host:6379/0    unix:///run/redis.sock
    rediss://user:password@host:6380/0?ssl_ca_certs=/etc/redis/ca.pem
    redis+sentinel://:password@host1:26379,host2:26379/service/0

A node of a cluster is a plain URL; the store follows the cluster to the node that holds its slot.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from redis.asyncio import ConnectionPool
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel, SentinelConnectionPool
from redis.backoff import NoBackoff

_SENTINEL_PORT = 26379


def open_pool(url: str, *, timeout_s: float) -> ConnectionPool:
    """Return what makes connections, which never retry by themselves."""
    options: dict[str, Any] = {
        "socket_timeout": None,
        "socket_connect_timeout": timeout_s,
        "retry": Retry(NoBackoff(), 0),
        "protocol": 2,
    }
    if url.startswith(("redis+sentinel://", "rediss+sentinel://")):
        return _sentinel_pool(url, timeout_s, options)
    return ConnectionPool.from_url(url, **options)


async def close_pool(pool: ConnectionPool) -> None:
    """Close the pool and the connections to its sentinels."""
    await pool.aclose()
    if isinstance(pool, SentinelConnectionPool):
        for sentinel in pool.sentinel_manager.sentinels:
            await sentinel.aclose()


def node_url(url: str, host: str, port: int) -> str:
    """Return the URL of another node of the same cluster."""
    parts = urlsplit(url)
    credentials, _, _ = parts.netloc.rpartition("@")
    place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return parts._replace(netloc=f"{credentials}@{place}" if credentials else place).geturl()


def _sentinel_pool(url: str, timeout_s: float, options: dict[str, Any]) -> ConnectionPool:
    parts = urlsplit(url)
    credentials, _, places = parts.netloc.rpartition("@")
    user, _, password = credentials.partition(":")
    service, _, database = parts.path.strip("/").partition("/")
    hosts = [_place(place) for place in places.split(",")]
    options |= {"db": int(database or 0), "ssl": parts.scheme.startswith("rediss")}
    options |= {"username": unquote(user) or None, "password": unquote(password) or None}
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    options |= {name: value for name, value in query.items() if name.startswith("ssl_")}
    sentinel = Sentinel(  # type: ignore[no-untyped-call]
        hosts,
        sentinel_kwargs={"socket_timeout": timeout_s, "password": query.get("sentinel_password")},
    )
    master = sentinel.master_for(service, **options)
    pool: ConnectionPool = master.connection_pool
    return pool


def _place(place: str) -> tuple[str, int]:
    host, _, port = place.rpartition(":") if ":" in place else (place, "", "")
    return host.strip("[]"), int(port or _SENTINEL_PORT)
