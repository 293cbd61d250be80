"""Makes docs/capacity.md, and the table of costs in the README, from docs/costs.yaml."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import msgspec

HERE = Path(__file__).resolve().parent
README = HERE.parent / "README.md"
TABLE = re.compile(
    r"^\| CPU a token, 200 streams.*?^\| memory of an idle stream[^\n]*\n", re.M | re.S
)
WIDGET = 2
"""The column of the widget's protocol with the log in Redis: what the arithmetic counts with."""
SHARE: Final = 0.6
RATE: Final = 25
ANSWER_S: Final = 20
RETENTION_S: Final = 600
COMPOSE_GIB: Final = 1
READERS = (1_000, 100_000, 10_000_000)


class Costs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Measured costs; lists are in the order of the columns of `make bench`."""

    machine: str
    paced_token_us: tuple[float, float, float, float]
    batched_token_us: tuple[float, float, float, float]
    request_ms: tuple[float, float, float, float]
    idle_stream_kib: tuple[float, float, float, float]
    burst_stream_kib: float
    further_reader_us: float
    silent_stream_kib: float
    answer_metrics_us: float
    worker_mib: float
    retained_mib: float
    redis_token_us: float
    redis_foreign_token_us: float
    redis_answer_kib: float
    redis_token_kib: float


def read() -> Costs:
    """Return the costs; raises `msgspec.ValidationError` for a file that is none."""
    return msgspec.yaml.decode((HERE / "costs.yaml").read_bytes(), type=Costs)


def readme() -> str:
    """Return the README with the table of today's costs."""
    costs = read()
    rows = [
        ("CPU a token, 200 streams at 20 ms", costs.paced_token_us, "µs"),
        ("CPU a token, 16 tokens a write", costs.batched_token_us, "µs"),
        ("CPU a request of one token", costs.request_ms, "ms"),
        ("memory of an idle stream", costs.idle_stream_kib, "KiB"),
    ]
    lines = [
        f"| {name} | {' | '.join(f'{value:g} {unit}' for value in values)} |\n"
        for name, values, unit in rows
    ]
    return TABLE.sub("".join(lines), README.read_text())


class Need(msgspec.Struct, frozen=True):
    """What a reader of an answer of 500 tokens takes, on average over the answer."""

    token_us: float
    request_us: float
    redis_us: float
    kept_kib: float

    @property
    def core_us(self) -> float:
        """CPU of a worker, a second."""
        return RATE * self.token_us + self.request_us / ANSWER_S

    @property
    def a_worker(self) -> int:
        """Readers whom one worker carries."""
        return int(SHARE * 1e6 / self.core_us)

    @property
    def a_redis(self) -> int:
        """Readers whom one core of Redis carries."""
        return int(SHARE * 1e6 / (RATE * self.redis_us))

    def redis_gib(self, readers: int, retention_s: float) -> float:
        """Memory of Redis: answers that run, and those that can still be resumed."""
        return readers * (1 + retention_s / ANSWER_S) * self.kept_kib / 2**20


def need(costs: Costs, token_us: float) -> Need:
    """Return what a reader takes where a token costs so much."""
    return Need(
        token_us=token_us,
        request_us=costs.request_ms[WIDGET] * 1000,
        redis_us=costs.redis_token_us + costs.redis_foreign_token_us,
        kept_kib=costs.redis_answer_kib + RATE * ANSWER_S * costs.redis_token_kib,
    )


def page() -> str:
    """Return docs/capacity.md."""
    costs = read()
    paced, batched = (
        need(costs, costs.paced_token_us[WIDGET]),
        need(costs, costs.batched_token_us[WIDGET]),
    )
    values = {
        "costs": costs, "paced": paced, "batched": batched, "rate": RATE, "length": ANSWER_S,
        "tokens": RATE * ANSWER_S, "request_us": paced.request_us, "token_us": paced.token_us,
        "kept": 1 + RETENTION_S // ANSWER_S, "batched_us": batched.token_us,
        "idle": costs.idle_stream_kib[WIDGET], "requests": int(SHARE * 1e6 / paced.request_us),
        "redis_core": f"{RATE * paced.redis_us:g}",
        "reader_mib": paced.redis_gib(1, RETENTION_S) * 1024,
        "short_mib": paced.redis_gib(1, 60) * 1024,
        "compose": int(COMPOSE_GIB / paced.redis_gib(1, RETENTION_S)),
        "compose_short": int(COMPOSE_GIB / paced.redis_gib(1, 60)),
        "rows": "".join(_row(costs, paced, batched, readers) for readers in READERS),
    }  # fmt: skip
    return (HERE / "capacity.md.in").read_text().format(**values)


def _row(costs: Costs, paced: Need, batched: Need, readers: int) -> str:
    workers = -(-readers // paced.a_worker)
    few = -(-readers // batched.a_worker)
    running = readers * costs.idle_stream_kib[WIDGET] / 2**20
    memory = running + workers * (costs.worker_mib + costs.retained_mib) / 1024
    cores = -(-readers // paced.a_redis)
    kept, short = (_size(paced.redis_gib(readers, seconds)) for seconds in (RETENTION_S, 60))
    cells = (
        f"{readers:,}", f"{workers:,}", f"{few:,}", _size(memory), f"{cores:,}", kept, short,
    )  # fmt: skip
    return f"| {' | '.join(cells)} |\n"


def _size(gib: float) -> str:
    return f"{gib:,.1f} GiB" if gib < 1000 else f"{gib / 1024:,.1f} TiB"
