"""The checklist's numbers, read from the one file that holds them."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import msgspec
import yaml


class Band(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Limits of a verdict; the same names for keeping and for rolling back."""

    first_token_ms: float
    error_ratio: float
    connection_success: float
    chat_latency_rise: float


class Keep(Band, frozen=True):
    """What must hold to keep a release, and for a rollout to advance."""

    inter_token_ms: float


class Alerts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Thresholds that only alerts have."""

    first_token_p95_ms: float
    violations_per_hour: int
    memory_ratio: float
    min_streams: int


class Overhead(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the gateway may add by itself."""

    first_token_p99_ms: float
    inter_token_p99_ms: float


class Rollout(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The steps of a rollout, and what is needed to judge one."""

    steps: tuple[float, ...]
    flag_effect_s: float
    min_streams: int


class Guard(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When the gateway steps back by itself."""

    window_s: float
    cooldown_s: float


class Slo(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All numbers."""

    version: int
    keep: Keep
    rollback: Band
    alerts: Alerts
    overhead: Overhead
    rollout: Rollout
    guard: Guard


def load_slo(path: str | None = None) -> Slo:
    """Return the numbers of a file, or those of the package; raises ValueError for a wrong file."""
    text = Path(path).read_text() if path else (files("gateway") / "slo" / "slo.yaml").read_text()
    try:
        return msgspec.convert(yaml.safe_load(text), Slo)
    except (msgspec.ValidationError, yaml.YAMLError) as exc:
        raise ValueError(f"{path or 'slo.yaml'}: {exc}") from exc
