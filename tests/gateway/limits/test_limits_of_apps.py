"""Which limits an app has: those it names, those nobody names, all, or none."""

from __future__ import annotations

import msgspec
import pytest

from gateway.config.schema import Config
from gateway.limits.policy import Policies

TEXT = """
backends: {demo: {kind: script}}
models: {default: {targets: [{backend: demo}]}}
apps: {web: {limits: [chat]}, batch: {limits: [slow]}, free: {limits: []}, other: {}}
limits:
  chat: {per: [user], requests: 20}
  slow: {per: [user], requests: 2}
  tokens: {per: [key], tokens: 100000}
  streams: {per: [key], concurrent: 50}
"""
CONFIG = msgspec.yaml.decode(TEXT, type=Config)


@pytest.mark.parametrize(
    "app, expected",
    [
        ("web", ["chat", "tokens", "streams"]),
        ("batch", ["slow", "tokens", "streams"]),
        ("free", []),
        ("other", ["chat", "slow", "tokens", "streams"]),
        ("unknown", []),
    ],
)
def test_a_limit_that_no_app_names_counts_for_all_but_those_without_limits(app, expected):
    assert [policy.limit.name for policy in Policies(CONFIG).of_app(app)] == expected
