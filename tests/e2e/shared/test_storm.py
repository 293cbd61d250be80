"""A storm over real processes: faults overlap, then all is healed and every client must end.

Clients, workers, Redis and the line to the provider are hurt. Only what a client sees is judged
against what the provider said: text exact, nothing twice, no false end, a prompt never run again
once it was answered. Every other storm keeps the strict log.

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
from typing import NamedTuple

import pytest

from tests.conftest import RedisServer
from tests.e2e.processes import Gateway, Provider
from tests.e2e.shared.conftest import Replicas
from tests.e2e.shared.listener import Listener
from tests.e2e.shared.provider_line import ProviderLine
from tests.e2e.wire import STREAMS, tokens

COUNT = int(os.environ.get("SLUICEGATE_STORMS", "1"))
SEED = int(os.environ.get("SLUICEGATE_SEED", "0")) or random.SystemRandom().randrange(1 << 30)
STORM_S = 8.0
TOLD_S = 30.0


CUT = {"upstream_truncated", "upstream_error"}


class Asked(NamedTuple):
    """An answer that was asked for, and those who read it."""

    mark: str
    text: str
    readers: list[Listener]


class Storm:
    """Two replicas, a Redis, a line to the provider, and what is done to them."""

    def __init__(
        self, seed: int, server: RedisServer, replicas: Replicas, line: ProviderLine
    ) -> None:
        self.rng = random.Random(seed)
        self.server = server
        self.line = line
        self.asked: list[Asked] = []
        self.plan: list[str] = []
        self._durability = "strict" if seed % 2 else "relaxed"
        self._replicas = replicas
        self._lock = threading.Lock()
        self._started: list[Gateway] = []
        self.running = self.start(2)
        self.wires = [gateway.wire for gateway in self.running]

    def start(self, count: int) -> list[Gateway]:
        """Start replicas whose answers run to their end."""
        fresh = self._replicas(
            self.server.url, count, policy="drain", durability=self._durability,
            provider_url=self.line.url,
        )  # fmt: skip
        self._started += fresh
        return fresh

    def errors(self) -> list[str]:
        """Return what the replicas have logged as errors of their own."""
        lines = [line for gateway in self._started for line in gateway.output.splitlines()]
        return [line for line in lines if '"level":"error"' in line or "Traceback" in line]

    def ask(self, until: float) -> None:
        """Create answers, each with some readers who come back."""
        while time.monotonic() < until:
            n, mark = self.rng.choice((5, 60, 150)), str(len(self.asked))
            with suppress(OSError, AssertionError):
                wire = self.rng.choice(self.wires)
                prompt = f"[[n={n}]] [[delay=0.02]] mark-{mark}"
                answer = wire.post(STREAMS, {"query": prompt})
                if answer.status == 201:
                    readers = [
                        Listener(
                            self.wires, answer.json["id"], cut_after=lambda cut=cut: cut, limit_s=60
                        )
                        for cut in (1000, self.rng.choice((2, 9, 30)))
                    ]
                    self.asked.append(Asked(mark, tokens(n), readers))
            time.sleep(0.25)

    def faults(self) -> Iterator[Callable[[], None]]:
        """Draw faults; each heals what it did."""
        every = [
            self.freeze, self.empty, self.flush, self.set_back, self.cut, self.sleep, self.kill,
            self.snap, self.snap, self.stall, self.refuse,
        ]  # fmt: skip
        for _ in range(9):
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

    def flush(self) -> None:
        with self._lock:
            self.server.flush()

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
        [fresh] = self.start(1)
        self.running.append(fresh)
        self.wires.append(fresh.wire)

    def snap(self) -> None:
        self.line.snap(self.rng.choice((0.2, 0.6)))

    def stall(self) -> None:
        self.line.stall(self.rng.choice((0.3, 1.5)))

    def refuse(self) -> None:
        self.line.refuse(self.rng.choice((0.2, 1.0)))

    def judge(self, asked: Asked) -> None:
        """Compare what readers hold with what the provider said to the gateway."""
        passages = self.line.of(asked.mark)
        answered = [passage for passage in passages if passage.text]
        assert len(answered) <= 1, f"the prompt of mark {asked.mark} was run again"
        said = answered[0].text if answered else ""
        texts = {reader.text for reader in asked.readers if reader.code in CUT}
        assert len(texts) <= 1, f"told differently: {texts}"
        for reader in asked.readers:
            assert reader.end is not None, f"never told: {reader}"
            assert reader.violations == [], reader
            assert said.startswith(reader.text), f"{reader} holds more than was said: {said!r}"
            assert set(reader.statuses) <= {200}, reader.statuses
            match reader.code:
                case "stop":
                    assert reader.text == said == asked.text, reader
                case code if code in CUT:
                    is_refused = "refuse" in self.plan and not said
                    assert is_refused or any(passage.is_cut for passage in passages), reader
                case "lost":
                    assert "killed" in self.plan, reader
                case _:
                    assert reader.code == "gone", reader


@pytest.fixture
def line(upstream: Provider) -> Iterator[ProviderLine]:
    """A line to the provider that can be cut."""
    with closing(ProviderLine(upstream.port, random.Random(SEED))) as line:
        yield line


@pytest.mark.timeout(90)
@pytest.mark.parametrize("schedule", range(COUNT))  # named alike in every process of the run
def test_a_storm_ends_with_the_truth_for_everybody(
    schedule: int,
    new_redis_server: Callable[..., RedisServer],
    replicas: Replicas,
    line: ProviderLine,
):
    seed = SEED + schedule
    storm = Storm(seed, new_redis_server(), replicas, line)
    asking = threading.Thread(target=storm.ask, args=(time.monotonic() + STORM_S,))
    asking.start()
    hurting = []
    for fault in storm.faults():
        hurting.append(threading.Thread(target=fault))
        hurting[-1].start()
        time.sleep(STORM_S / 10)
    for thread in [*hurting, asking]:
        thread.join()

    print(f"SLUICEGATE_SEED={seed} plan {storm.plan}")
    ends: dict[str, int] = {}
    for asked in storm.asked:
        for reader in asked.readers:
            reader.join(TOLD_S)
            ends[reader.code] = ends.get(reader.code, 0) + 1
    print(f"{len(storm.asked)} answers, readers ended {ends}")
    assert storm.errors() == []
    for asked in storm.asked:
        storm.judge(asked)
    assert len(storm.asked) >= 8
