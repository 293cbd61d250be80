"""Workers, answers and clients in one process and in virtual time; a seed names the whole run.

Real generations, logs, leases and readers; only Redis, the provider and the sockets are played.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncGenerator, Sequence
from typing import Any, TypeVar

import orjson

from backends import Batch, ChatRequest, Finished, Message, Started, Text, TextPart, Timeouts
from gateway.dialects import widget
from gateway.store import StoreAway
from gateway.stream.channel import Channel
from gateway.stream.generation import Generation
from gateway.stream.ids import SEALED
from gateway.stream.shared import SharedLog
from gateway.stream.streams import Streams
from gateway.stream.subscriber import Subscriber
from gateway.stream.table import Table
from tests.gateway.stream.shared.fake_redis import FakeStore, Server

T = TypeVar("T")
TRY_AGAIN = "replay_unavailable"


class Dice(random.Random):
    """Dice that count their throws: each decides who is next, how long it takes, what is lost."""

    thrown = 0

    def choice(self, seq: Sequence[T]) -> T:  # type: ignore[override]
        """Throw; without the care for huge sequences, which costs more than all else."""
        Dice.thrown += 1
        return seq[int(self.random() * len(seq))]


class Provider:
    """Says numbered tokens, each naming its answer; sleeps and dies with its worker."""

    def __init__(self, id: str, count: int, rng: random.Random, store: FakeStore) -> None:
        self.calls = 0
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
        yield (Started(model="m", served_by="p/m"),)
        for token in self._tokens:
            await asyncio.sleep(self._rng.choice((0, 0, 0.002, 0.02, 0.2)))
            await self._store.awake.wait()
            if self._store.is_dead:
                await asyncio.Event().wait()
            yield (Text(token),)
        yield (Finished("stop"),)


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
            make_snapshot=widget.snapshot,
            worker=name,
            clock=asyncio.get_running_loop().time,
            is_strict=is_strict,
        )
        self.streams = Streams(Table(100), self.shared)
        self.connections: set[asyncio.Task[None]] = set()

    async def create(self, id: str, provider: Provider) -> Generation:
        """Begin an answer."""
        writer = widget.WidgetWriter(id, "m")
        channel = Channel(asyncio.get_running_loop(), None)
        generation = Generation(
            id=id, owner="me", caller="me", app="a", writer=writer, channel=channel,
            source=provider,
            request=ChatRequest(model="m", messages=(Message("user", (TextPart("x"),)),)),
            settle=self._settle, leave="drain", linger_s=0,
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
    """Holds text and a number, comes back after every cut, and never believes without looking."""

    def __init__(self, world: World, id: str, number: int) -> None:
        self.world = world
        self.id = id
        self.text = ""
        self.sequence = 0
        self.code = ""
        self.violations: list[str] = []
        self._cut_in = 0
        self._dice = world.dice(f"{id} {number}")
        self._home = self._dice.choice((None, *world.workers))

    async def run(self) -> None:
        """Follow until told."""
        rng = self._dice
        while not self.code:
            worker = rng.choice(self.world.alive)
            if self._home in self.world.alive:  # one who always lands at the same worker
                worker = self._home
            self._cut_in = rng.choice((1, 5, 30, 1000))
            task = asyncio.create_task(worker.serve(self.id, self.sequence, self))
            worker.connections.add(task)
            self._task = task
            await asyncio.wait([task], timeout=rng.choice((0.05, 2.0, 20.0)))
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
            worker.connections.discard(task)
            await asyncio.sleep(rng.choice((0.0, 0.05)))

    def told(self, status: int) -> None:
        """Hear a status without a stream."""
        self.violations.append(f"{status} at {self.sequence}")
        self.code = str(status)

    def take(self, block: bytes) -> None:
        """Hear one block; after the end, or once the connection was cut, nothing is heard."""
        if self.code or self._cut_in < 0:
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
        server = self.world.server
        if self.world.is_strict and not self.world.forgot and server.last(self.id) < sequence:
            self.violations.append(f"{sequence} before the log")
        self._cut_in -= 1
        if self._cut_in < 0:
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
        self.hurt: set[str] = set()
        """Workers that were killed, slept, or could not reach the store while others could."""

    def dice(self, name: str) -> Dice:
        """Return dice of one's own, so that who throws first changes nothing for others."""
        return Dice(f"{self._seed} {name}")

    async def run(self, *, seconds: float, answers: int, faults: int) -> None:
        """Play: answers and their clients, faults that overlap, then heal, then wait for all."""
        for worker in self.workers:
            await worker.shared.start()
        at = self.rng.uniform
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
        await asyncio.sleep(at)
        owner = self.rng.choice(self.alive)
        provider = Provider(id, self.rng.choice((0, 3, 40, 150)), self.dice(id), owner.store)
        self.providers[id] = provider
        self.owners[id] = owner.name
        await owner.store.awake.wait()
        await owner.create(id, provider)
        clients = [Client(self, id, n) for n in range(self.rng.randint(1, 3))]
        self.clients += clients
        await asyncio.gather(*(client.run() for client in clients))

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
            assert client.code in {"stop", "lost", "gone"}, (client.id, client.code)
            if client.code == "stop":
                assert client.text == said, (client.id, self.faults)
            if client.code == "lost":
                assert self.owners[client.id] in self.hurt, (client.id, self.faults)
            if client.code == "gone":
                hurt = self.owners[client.id] in self.hurt
                assert hurt or kinds & {"empty", "older", "away"}, self.faults
        assert all(provider.calls <= 1 for provider in self.providers.values())
