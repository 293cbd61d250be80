"""Workers, answers and clients in one process and in virtual time; a seed names the whole run.

Real generations, logs, leases and readers; only Redis, the provider and the sockets are played.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncGenerator, Iterator, Sequence
from functools import partial
from typing import Any, TypeVar

import orjson
import pytest

from backends import Batch, ChatRequest, Finished, Message, Started, Text, TextPart, Timeouts
from gateway.dialects import widget
from gateway.store import StoreAway
from gateway.stream import channel as channels
from gateway.stream.channel import Channel
from gateway.stream.generation import Generation
from gateway.stream.grace import LeavePolicy
from gateway.stream.ids import SEALED
from gateway.stream.log import Log
from gateway.stream.shared import SharedLog, follower, track
from gateway.stream.streams import Streams
from gateway.stream.subscriber import Subscriber
from gateway.stream.table import Table
from tests.gateway.stream.shared.fake_redis import FakeStore, Server

T = TypeVar("T")
TRY_AGAIN = "replay_unavailable"
COUNTS = (0, 3, 40, 150)
CODES = frozenset({"stop", "lost", "gone", "cancelled", "left"})
LAG_S = 1.0
"""So late at most comes a token where nothing goes wrong."""
SLACK_S = 2.0
FORGET_S = 45.0
"""So late at most ends an answer that nobody reads, whatever went wrong before."""


@contextlib.contextmanager
def narrow() -> Iterator[None]:
    """Let logs, streams and replays be so small that a few words need a snapshot."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(channels, "SNAPSHOT_AFTER", 12)
        patch.setattr(channels, "Log", partial(Log, max_blocks=20))
        patch.setattr(track, "MAX_STORED", 600)
        patch.setattr(follower, "COUNT", 5)
        yield


class Dice(random.Random):
    """Dice that count their throws: each decides who is next, how long it takes, what is lost."""

    thrown = 0

    def choice(self, seq: Sequence[T]) -> T:  # type: ignore[override]
        """Throw; without the care for huge sequences, which costs more than all else."""
        Dice.thrown += 1
        return seq[int(self.random() * len(seq))]


class Provider:
    """Says numbered tokens, each naming its answer; sleeps and dies with its worker."""

    def __init__(
        self, id: str, count: int, rng: random.Random, store: FakeStore, pace_s: float = 0.0
    ) -> None:
        self.calls = 0
        self.said_at: list[float] = []
        self.closed_at: float | None = None
        self._pace_s = pace_s
        self.whole = "".join(f" {id}:{n}" for n in range(count))
        self._tokens = [f" {id}:{n}" for n in range(count)]
        self._rng = rng
        self._store = store

    def timeouts_of(self, _served_by: str) -> Timeouts:
        """Return clocks that never strike here."""
        return Timeouts(first_s=600, idle_s=600, total_s=3600)

    async def batches(self, _request: ChatRequest) -> AsyncGenerator[Batch, None]:
        """Say all."""
        self.calls += 1
        loop = asyncio.get_running_loop()
        try:
            yield (Started(model="m", served_by="p/m"),)
            for token in self._tokens:
                await asyncio.sleep(self._pace_s or self._rng.choice((0, 0, 0.002, 0.02, 0.2)))
                await self._store.awake.wait()
                if self._store.is_dead:
                    await asyncio.Event().wait()
                self.said_at.append(loop.time())
                yield (Text(token),)
            yield (Finished("stop"),)
        finally:
            self.closed_at = loop.time()


class Connection:
    """What a reader writes to: parsed at once, closed by either side."""

    is_paused = False

    def __init__(self, client: Client) -> None:
        self._client = client

    def push(self, data: bytes, chunk: bytes | None = None, *, is_last: bool = False) -> None:
        """Take blocks."""
        for block in data.split(b"\n\n"):
            if block:
                self._client.take(block)

    def flush(self) -> None:
        """Do nothing: no headers wait."""


class Worker:
    """One worker: its store, its log, its table."""

    def __init__(
        self, name: str, server: Server, rng: random.Random, *, is_strict: bool = False
    ) -> None:
        self.name = name
        self.store = FakeStore(server, rng)
        self.shared = SharedLog(
            self.store,  # type: ignore[arg-type]
            retention_s=600,
            make_lost=lambda _dialect, id, sequence: widget.lost(id, sequence),
            make_unavailable=lambda _dialect, _id, sequence: widget.unavailable(sequence),
            make_snapshot=widget.snapshot,
            worker=name,
            clock=asyncio.get_running_loop().time,
            is_strict=is_strict,
        )
        self.streams = Streams(Table(100), self.shared)
        self.connections: set[asyncio.Task[None]] = set()

    async def create(
        self, id: str, provider: Provider, leave: LeavePolicy = "drain", linger_s: float = 0.0
    ) -> Generation:
        """Begin an answer."""
        writer = widget.WidgetWriter(id, "m")
        channel = Channel(asyncio.get_running_loop(), None)
        generation = Generation(
            id=id, owner="me", caller="me", app="a", writer=writer, channel=channel,
            source=provider,
            request=ChatRequest(model="m", messages=(Message("user", (TextPart("x"),)),)),
            settle=self._settle, leave=leave, linger_s=linger_s,
        )  # fmt: skip
        channel.snapshot = lambda at: writer.snapshot(generation.transcript.answer, at)
        self.streams.table.add(generation)
        await self.streams.publish(generation, "widget")
        generation.start()
        return generation

    async def _settle(self, generation: Generation, _end: object) -> None:
        self.streams.table.retire(generation)

    def kill(self) -> None:
        """Be gone at once."""
        self.store.is_dead = True
        for connection in self.connections:
            connection.cancel()

    async def stop(self, id: str) -> str:
        """Answer a DELETE."""
        await self.store.awake.wait()
        try:
            followed = await self.streams.find(id, "me")
            return await self.streams.stop(followed) if followed is not None else "unknown"
        except StoreAway:
            return "away"

    async def serve(self, id: str, sequence: int, client: Client) -> None:
        """Answer a GET as the widget's route does."""
        await self.store.awake.wait()
        if sequence >= SEALED:
            return client.told(204)
        try:
            followed = await self.streams.find(id, "me")
        except StoreAway:
            return client.take(widget.unavailable(sequence).strip())
        if followed is None:
            return client.take(widget.gone(id, "gone", "").strip())
        channel = followed.channel
        if channel.is_sealed and sequence == channel.log.head and not channel.epilogue:
            return client.told(204)
        is_own = isinstance(followed, Generation)
        if sequence > channel.log.head and (channel.is_sealed or is_own):
            return client.take(widget.gone(id, "lost", "").strip())
        connection: Any = Connection(client)
        reader = Subscriber(channel, connection, sequence, 0.0)
        channel.attach(reader)
        followed.joined()
        try:
            await reader.follow()
        finally:
            channel.detach(reader)


class Client:
    """Holds text and a number, comes back after every cut, and never believes without looking.

    One who `leaves_at` some time leaves for good.
    """

    def __init__(self, world: World, id: str, number: int, leaves_at: float = float("inf")) -> None:
        self.world = world
        self.id = id
        self.text = ""
        self.sequence = 0
        self.code = ""
        self.violations: list[str] = []
        self.lag_s = 0.0
        self._leaves_at = leaves_at
        self._came_at = 0.0
        self.cut_in = 0
        self._dice = world.dice(f"{id} {number}")
        self.home = self._dice.choice((None, *world.workers))

    async def run(self) -> None:
        """Follow until told."""
        rng, loop = self._dice, asyncio.get_running_loop()
        while not self.code and loop.time() < self._leaves_at:
            worker = rng.choice(self.world.alive)
            if self.home in self.world.alive:  # one who always lands at the same worker
                worker = self.home
            self.cut_in = rng.choice((1, 5, 30, 1000))
            task = asyncio.create_task(worker.serve(self.id, self.sequence, self))
            worker.connections.add(task)
            self._task, self._came_at = task, loop.time()
            most_s = min(rng.choice((0.05, 2.0, 20.0)), self._leaves_at - loop.time())
            await asyncio.wait([task], timeout=most_s)
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
            worker.connections.discard(task)
            await asyncio.sleep(rng.choice((0.0, 0.05)))
        self.code = self.code or "left"

    def told(self, status: int) -> None:
        """Hear a status without a stream."""
        self.violations.append(f"{status} at {self.sequence}")
        self.code = str(status)

    def take(self, block: bytes) -> None:
        """Hear one block; after the end, or once the connection was cut, nothing is heard."""
        if self.code or self.cut_in < 0:
            return
        event = orjson.loads(block.partition(b"data: ")[2])
        kind, data, sequence = event["type"], event["data"], event["sequence"]
        if kind == "error":
            self.code = "" if data["code"] == TRY_AGAIN else data["code"]
            return
        if kind == "snapshot":
            if sequence <= self.sequence:
                self.violations.append(f"snapshot {sequence} at {self.sequence}")
            self.text, self.sequence = data, sequence
        elif sequence != self.sequence + 1:
            self.violations.append(f"{kind} {sequence} after {self.sequence}")
        elif kind == "done":
            self.code = data["finish_reason"]
        else:
            self.text, self.sequence = self.text + data, sequence
            said_at = self.world.providers[self.id].said_at[sequence - 1]
            now = asyncio.get_running_loop().time()
            self.lag_s = max(self.lag_s, now - max(said_at, self._came_at))
        server = self.world.server
        if self.world.is_strict and not self.world.forgot and server.last(self.id) < sequence:
            self.violations.append(f"{sequence} before the log")
        self.cut_in -= 1
        if self.cut_in < 0:
            self._task.cancel()


class World:
    """All of it, and what goes wrong."""

    def __init__(self, seed: int, workers: int = 3, *, is_strict: bool = False) -> None:
        self._seed = seed
        self.is_strict = is_strict
        self.rng = Dice(seed)
        self.server = Server()
        self.workers = [
            Worker(f"w{n}", self.server, self.dice(f"w{n}"), is_strict=is_strict)
            for n in range(workers)
        ]
        self.alive = list(self.workers)
        self.faults: list[str] = []
        self.clients: list[Client] = []
        self.providers: dict[str, Provider] = {}
        self.forgot = False
        self.owners: dict[str, str] = {}
        self.stopped: set[str] = set()
        self.healed_at = self.eased_at = 0.0
        self.is_calm = False
        self.hurt: set[str] = set()
        """Workers that were killed, slept, or could not reach the store while others could."""

    def dice(self, name: str) -> Dice:
        """Return dice of one's own, so that who throws first changes nothing for others."""
        return Dice(f"{self._seed} {name}")

    async def run(self, *, seconds: float, answers: int, faults: int) -> None:
        """Play: answers and their clients, faults that overlap, then heal, then wait for all."""
        for worker in self.workers:
            await worker.shared.start()
        self.is_calm = not faults
        at, self.healed_at = self.rng.uniform, asyncio.get_running_loop().time() + seconds
        parts = [self._answer(f"g{n}", at(0, seconds / 2)) for n in range(answers)]
        parts += [self._fault(at(0, seconds), seconds) for _ in range(faults)]
        tasks = [asyncio.create_task(part) for part in parts]
        await asyncio.sleep(seconds)
        self._heal()
        try:
            async with asyncio.timeout(120):
                await asyncio.gather(*tasks)
        except TimeoutError:
            open_ones = [f"{c.id} at {c.sequence}" for c in self.clients if not c.code]
            raise AssertionError(f"never told: {open_ones} {self.faults}") from None

    async def _answer(self, id: str, at: float) -> None:
        """Play an answer whose readers stay, stop it, or leave it for good."""
        await asyncio.sleep(at)
        rng, loop = self.rng, asyncio.get_running_loop()
        owner = rng.choice(self.alive)
        habit = rng.choice(("stay", "stay", "stay", "stop", "leave"))
        linger_s = rng.choice((0.0, 0.5, 3.0))
        leave: LeavePolicy = "linger" if linger_s else "drain"
        count, pace_s = (300, 1.0) if habit == "leave" and linger_s else (rng.choice(COUNTS), 0.0)
        provider = Provider(id, count, self.dice(id), owner.store, pace_s)
        self.providers[id], self.owners[id] = provider, owner.name
        await owner.store.awake.wait()
        generation = await owner.create(id, provider, leave, linger_s)
        away_at = loop.time() + rng.uniform(0.1, 6.0) if habit == "leave" else float("inf")
        clients = [Client(self, id, n, away_at) for n in range(rng.randint(1, 3))]
        self.clients += clients
        parts = [client.run() for client in clients]
        if habit == "stop":
            parts.append(self._stop(id, rng.uniform(0.0, 3.0)))
        await asyncio.gather(*parts)
        if linger_s:
            await self._ended(generation, linger_s, owner)

    async def _stop(self, id: str, in_s: float) -> None:
        """Stop an answer at any worker; whoever hears that it is over can rely on it."""
        await asyncio.sleep(in_s)
        self.stopped.add(id)
        worker = self.rng.choice(self.alive)
        task = asyncio.create_task(worker.stop(id))
        done, _ = await asyncio.wait([task], timeout=30)
        told = task.result() if done else "nothing"
        provider = self.providers[id]
        is_over = provider.calls == 0 or provider.closed_at is not None
        if self.is_calm:
            assert told not in ("away", "unknown", "nothing"), (id, told)
        if told not in ("away", "unknown", "nothing") and self.owners[id] not in self.hurt:
            assert is_over, f"{id}: {told}, and the provider goes on {self.faults}"

    async def _ended(self, generation: Generation, linger_s: float, owner: Worker) -> None:
        """Wait for the end of an answer that nobody reads any more."""
        limit_s = linger_s + (SLACK_S if self.is_calm else FORGET_S)
        left_s = max(0.0, self.healed_at - asyncio.get_running_loop().time())
        try:
            async with asyncio.timeout(left_s + limit_s):
                await asyncio.shield(generation.settled)
        except TimeoutError:
            assert owner not in self.alive, f"{generation.id} goes on for nobody {self.faults}"

    async def _fault(self, at: float, seconds: float) -> None:
        await asyncio.sleep(at)
        rng, left = self.rng, max(0.0, seconds - at)
        worker = rng.choice(self.alive)
        kind = rng.choice(("away", "empty", "older", "sleep", "sleep", "kill", "loss"))
        self.faults.append(f"{kind} {worker.name} at {at:.2f}")
        self.forgot |= kind in ("empty", "older")
        if kind in ("sleep", "kill", "loss"):
            self.hurt.add(worker.name)
        match kind:
            case "away":
                self.server.is_away = True
                await asyncio.sleep(min(left, rng.choice((0.1, 1.0, 12.0))))
                self.server.is_away = False
            case "empty":
                self.server.restart(empty=True)
            case "older":
                self.server.save()
                await asyncio.sleep(min(left, rng.choice((0.01, 0.3, 3.0))))
                self.server.restart(empty=False)
            case "sleep":
                worker.store.awake.clear()
                await asyncio.sleep(min(left, rng.choice((0.5, 5.0, 14.0))))
                worker.store.awake.set()
            case "kill" if len(self.alive) > 1:
                self.alive.remove(worker)
                worker.kill()
            case _:
                worker.store.loss = 0.3
                await asyncio.sleep(min(left, 3.0))
                worker.store.loss = 0.0
        self.eased_at = asyncio.get_running_loop().time()

    def _heal(self) -> None:
        self.server.is_away = False
        for worker in self.workers:
            worker.store.loss = 0.0
            worker.store.awake.set()

    def check(self) -> None:
        """Judge what the clients hold."""
        kinds = {fault.split()[0] for fault in self.faults}
        for client in self.clients:
            said = self.providers[client.id].whole
            assert client.violations == [], (client.id, client.violations, self.faults)
            assert said.startswith(client.text), (client.id, client.text, self.faults)
            assert client.code in CODES, (client.id, client.code)
            if client.code == "stop":
                assert client.text == said, (client.id, self.faults)
            if client.code == "lost":
                assert self.owners[client.id] in self.hurt, (client.id, self.faults)
            if client.code == "gone":
                hurt = self.owners[client.id] in self.hurt
                assert hurt or kinds & {"empty", "older", "away"}, self.faults
            if client.code == "cancelled":
                assert client.id in self.stopped or kinds, f"{client.id} ended in front of readers"
            if self.is_calm:
                assert client.lag_s < LAG_S, f"{client.id}: {client.lag_s:.2f} s behind"
        assert all(provider.calls <= 1 for provider in self.providers.values())
        self._check_lost()

    def _check_lost(self) -> None:
        """A log that was declared lost speaks for all: its owner goes on for nobody, but briefly.

        Where nothing was forgotten, a strict log lets nobody have another end than the others.
        """
        alive = {worker.name for worker in self.alive}
        for id, provider in self.providers.items():
            lost_at = self.server.lost_at.get(f"gw:{{{id}}}:log")
            if lost_at is not None and not self.forgot and self.owners[id] in alive:
                at = max(lost_at, self.eased_at) + SLACK_S
                said = [moment for moment in provider.said_at if moment > at]
                assert not said, f"{id} goes on though it is declared lost {self.faults}"
            codes = {client.code for client in self.clients if client.id == id}
            if self.is_strict and not self.forgot:
                assert not codes >= {"stop", "lost"}, f"{id} has two ends {self.faults}"


async def owned_answer(
    count: int, pace_s: float, *, after_s: float, is_strict: bool = False
) -> tuple[World, Provider]:
    """Return two workers that have run for a while; the first has just begun the answer `g`."""
    world = World(1, 2, is_strict=is_strict)
    for worker in world.workers:
        await worker.shared.start()
    await asyncio.sleep(after_s)
    owner = world.workers[0]
    provider = world.providers["g"] = Provider("g", count, world.dice("g"), owner.store, pace_s)
    await owner.create("g", provider)
    return world, provider
