"""A storm over real processes: faults overlap, then all is healed and every client must end.

Only what a client sees is judged: text exact, nothing twice, no false end, one call upstream.
`SLUICEGATE_STORMS` says how many schedules (one without it), `SLUICEGATE_SEED` where to begin; the
plan repeats with its seed, the interleaving of real processes does not.
"""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress

import pytest

from tests.conftest import RedisServer
from tests.e2e.processes import Gateway, Provider
from tests.e2e.shared.conftest import Replicas
from tests.e2e.shared.listener import Listener
from tests.e2e.wire import STREAMS, tokens

COUNT = int(os.environ.get("SLUICEGATE_STORMS", "1"))
SEED = int(os.environ.get("SLUICEGATE_SEED", "0")) or random.SystemRandom().randrange(1 << 30)
STORM_S = 8.0
TOLD_S = 30.0


class Storm:
    """Two replicas, a Redis, and what is done to them."""

    def __init__(self, seed: int, server: RedisServer, replicas: Replicas) -> None:
        self.rng = random.Random(seed)
        self.server = server
        self.start = replicas
        self.running: list[Gateway] = replicas(server.url, 2, policy="drain")
        self.wires = [gateway.wire for gateway in self.running]
        self.readers: list[tuple[Listener, int]] = []
        self.plan: list[str] = []
        self._lock = threading.Lock()

    def ask(self, until: float) -> None:
        """Create answers, each with some readers who come back."""
        while time.monotonic() < until:
            n = self.rng.choice((5, 60, 150))
            with suppress(OSError, AssertionError):
                wire = self.rng.choice(self.wires)
                answer = wire.post(STREAMS, {"query": f"[[n={n}]] [[delay=0.02]]"})
                if answer.status == 201:
                    for cut in (1000, self.rng.choice((2, 9, 30))):
                        reader = Listener(
                            self.wires, answer.json["id"], cut_after=lambda cut=cut: cut, limit_s=60
                        )
                        self.readers.append((reader, n))
            time.sleep(0.25)

    def faults(self) -> Iterator[Callable[[], None]]:
        """Draw faults; each heals what it did."""
        every = [self.freeze, self.empty, self.set_back, self.cut, self.sleep, self.kill]
        for _ in range(7):
            fault = self.rng.choice(every)
            self.plan.append(fault.__name__)
            yield fault

    def freeze(self) -> None:
        with self._lock:
            self.server.freeze()
            time.sleep(self.rng.choice((0.2, 1.5)))
            self.server.thaw()

    def empty(self) -> None:
        with self._lock:
            self.server.kill()
            (self.server.folder / "dump.rdb").unlink(missing_ok=True)
            time.sleep(self.rng.choice((0.0, 1.0)))
            self.server.start()

    def set_back(self) -> None:
        with self._lock:
            with closing(self.server.client()) as client:
                client.save()
            time.sleep(self.rng.choice((0.05, 0.6)))
            self.server.kill()
            self.server.start()

    def cut(self) -> None:
        with self._lock, closing(self.server.client()) as client:
            for connection in client.client_list():
                client.client_kill_filter(_id=connection["id"], skipme=True)

    def sleep(self) -> None:
        victim = self.rng.choice(self.running)
        victim.signal(signal.SIGSTOP)
        time.sleep(self.rng.choice((0.3, 2.0)))
        victim.signal(signal.SIGCONT)

    def kill(self) -> None:
        if "killed" in self.plan:
            return
        self.plan.append("killed")
        victim = self.running.pop(self.rng.randrange(2))
        victim.signal(signal.SIGCONT)
        victim.signal(signal.SIGKILL)
        self.wires.remove(victim.wire)
        [fresh] = self.start(self.server.url, 1, policy="drain")
        self.running.append(fresh)
        self.wires.append(fresh.wire)


@pytest.mark.timeout(90 * COUNT)
@pytest.mark.parametrize("number", range(COUNT))
def test_a_storm_ends_with_the_truth_for_everybody(
    number: int,
    new_redis_server: Callable[..., RedisServer],
    replicas: Replicas,
    upstream: Provider,
):
    seed, before = SEED + number, upstream.stats["requests"]
    storm = Storm(seed, new_redis_server(), replicas)
    asking = threading.Thread(target=storm.ask, args=(time.monotonic() + STORM_S,))
    asking.start()
    hurting = []
    for fault in storm.faults():
        hurting.append(threading.Thread(target=fault))
        hurting[-1].start()
        time.sleep(STORM_S / 8)
    for thread in [*hurting, asking]:
        thread.join()

    about = f"SLUICEGATE_SEED={seed} plan {storm.plan}"
    ends: dict[str, int] = {}
    for reader, n in storm.readers:
        reader.join(TOLD_S)
        assert reader.end is not None, f"{about}: never told: {reader}"
        assert reader.violations == [], f"{about}: {reader}"
        assert tokens(n).startswith(reader.text), f"{about}: {reader}"
        assert set(reader.statuses) <= {200}, f"{about}: {reader.statuses}"
        ends[reader.code] = ends.get(reader.code, 0) + 1
        if reader.code == "stop":
            assert reader.text == tokens(n), f"{about}: {reader}"
        else:
            assert reader.code in {"lost", "gone"}, f"{about}: {reader}"
            assert reader.code != "lost" or "killed" in storm.plan, f"{about}: {reader}"
    answers = {reader.id for reader, _ in storm.readers}
    print(f"{about}: {len(answers)} answers, readers ended {ends}")
    assert len(answers) >= 8
    assert upstream.stats["requests"] - before <= len(answers) + 3, about  # those nobody heard of
