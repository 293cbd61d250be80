"""What operators see of a caller: its own counters, all of them, nobody else's."""

from __future__ import annotations

import msgspec
import pytest

from gateway.config.schema import Config
from gateway.limits.account import accounts_of, identity_of, rows_of
from gateway.limits.policy import Policies
from ratelimit import Charge, MemoryLimiter

TEXT = """
backends: {demo: {kind: script}}
models: {default: {targets: [{backend: demo}]}, fast: {targets: [{backend: demo}]}}
apps: {web: {limits: [user, key, pair, address, tenant, app, exempt]}, other: {}}
keys: [{id: one, hash: "x", tenant: acme}, {id: two, hash: "y"}]
limits:
  user: {per: [user], requests: 5}
  key: {per: [key], tokens: 100, match: {keys: [one]}}
  pair: {per: [user, model], requests: 5, match: {routes: ["/v1/*"]}}
  address: {per: [address], requests: 5, anonymous: true}
  tenant: {per: [tenant], requests: 5}
  app: {per: [app], requests: 5}
  both: {per: [key, address], requests: 5}
  exempt: {per: [user], requests: 5, exempt: {keys: [two], users: [ann]}}
"""
CONFIG = msgspec.yaml.decode(TEXT, type=Config)


def found(kind: str, name: str) -> list[tuple[str, str, str | None]]:
    identity = identity_of(CONFIG, kind, name)
    assert identity is not None
    accounts = accounts_of(CONFIG, Policies(CONFIG), identity, kind, lambda _, value: value)
    return [(one.charge.limit.name, one.charge.subject, one.model) for one in accounts]


@pytest.mark.parametrize(
    "kind, name, expected",
    [("key", "one", {"key"}), ("key", "two", set()),
     ("tenant", "acme", {"tenant"}), ("tenant", "none", {"tenant"})],
)  # fmt: skip
def test_a_key_has_the_counters_of_its_name(kind, name, expected):
    names = {limit for limit, _, _ in found(kind, name)}

    shared = {"user", "pair", "exempt"} if kind == "key" else set()
    tenantless = {"tenant"} if name == "two" else set()
    assert names == expected | shared | tenantless


def test_a_combination_with_the_model_is_one_counter_for_each():
    pairs = [(s, m) for limit, s, m in found("user", "ann") if limit == "pair"]

    assert pairs == [("user:ann|model:default", "default"), ("user:ann|model:fast", "fast")]


def test_an_address_has_its_counters_and_ipv6_those_of_its_household():
    assert ("address", "address:192.0.2.7", None) in found("address", "192.0.2.7")
    assert ("address", "address:2001:db8::/64", None) in found("address", "2001:db8::7")
    assert ("address", "address:2001:db8::/64", None) in found("address", "2001:db8::/64")


@pytest.mark.parametrize("kind, name", [("key", "three"), ("address", "here")])
def test_who_cannot_exist_is_nobody(kind, name):
    assert identity_of(CONFIG, kind, name) is None


async def test_used_and_left_are_what_was_charged():
    limiter = MemoryLimiter()
    identity = identity_of(CONFIG, "key", "one")
    assert identity is not None
    accounts = accounts_of(CONFIG, Policies(CONFIG), identity, "key", lambda _, value: value)
    tokens = next(one for one in accounts if one.charge.limit.name == "key")
    await limiter.take("a", [Charge(tokens.charge.limit, tokens.charge.subject, 30)])

    row = next(row for row in await rows_of(limiter, accounts) if row.limit == "key")

    assert (row.used, row.remaining, row.quota, row.unit) == (30, 70, 100, "tokens")


async def test_who_is_exempt_is_said_to_be():
    identity = identity_of(CONFIG, "key", "two")
    assert identity is not None
    accounts = accounts_of(CONFIG, Policies(CONFIG), identity, "key", lambda _, value: value)

    assert {a.charge.limit.name for a in accounts if a.is_exempt} == {"exempt"}
