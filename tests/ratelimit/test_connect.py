"""The store is found through sentinels and across a cluster, and found again when it moves."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
import redis

from ratelimit import Charge, Limit, RedisLimiter
from ratelimit.connect import close_pool, node_url, open_pool

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
async def cluster(new_redis_server: Callable, eventually: Callable) -> list:
    """Give two nodes of a cluster; the second one holds all slots."""
    options = ("--cluster-enabled", "yes", "--cluster-config-file")
    first, second = (new_redis_server(*options, f"nodes-{n}.conf") for n in range(2))
    with closing(first.client()) as one, closing(second.client()) as two:
        two.execute_command("CLUSTER ADDSLOTSRANGE", 0, 16383)
        one.execute_command("CLUSTER MEET", "127.0.0.1", second.port)

        async def is_formed() -> bool:
            states = [node.execute_command("CLUSTER INFO") for node in (one, two)]
            return all(
                state["cluster_state"] == "ok" and state["cluster_slots_ok"] == "16384"
                for state in states
            )

        await eventually(is_formed, 15.0)
    return [first, second]


@pytest.mark.timeout(60)
async def test_cluster_leads_to_the_node_of_our_slot(
    cluster: list, redis_limiters: Callable[..., RedisLimiter]
) -> None:
    """Any node is a good address; all limits of a call live in one slot."""
    limiter = redis_limiters(cluster[0].url)
    await limiter.start()
    calls = (limiter.take(f"call-{n}", CALLS) for n in range(20))
    decisions = await asyncio.gather(*calls)
    for decision in decisions:
        await limiter.settle(decision, {"calls": 0})

    assert {decision.source for decision in decisions} == {"redis"}
    assert (await limiter.peek(CALLS))[0].remaining == 1000
