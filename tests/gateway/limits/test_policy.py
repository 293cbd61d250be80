"""Whom a limit is about, whom it counts, and whom it passes over."""

from __future__ import annotations

from types import SimpleNamespace

import msgspec
import pytest

from backends import ChatRequest
from gateway.auth.identity import Identity
from gateway.config.schema import Config, Key, Limit
from gateway.limits.charges import charges_of
from gateway.limits.policy import Asking, Policies, compile_limit, compile_policy
from gateway.limits.price import Price, Prices

WEB = Key("web", "sha256:", tenant="acme")
LOOSE = Key("loose", "sha256:")
KEYED = Identity("192.0.2.1", WEB)
SIGNED = Identity("192.0.2.1", WEB, "ann")
ANYBODY = Identity("192.0.2.1")
HOUSEHOLD = Identity("2001:db8:1:2::/64")


def asking(identity: Identity = ANYBODY, **fields: str) -> Asking:
    return Asking(identity, **({"app": "web", "model": "fast", "route": "/agui"} | fields))


def policy(text: str):
    return compile_policy("a", msgspec.yaml.decode(f"{{requests: 5, {text}}}", type=Limit))


@pytest.mark.parametrize(
    "text, ask, is_covered",
    [("", asking(), True),
     ("match: {apps: [web]}", asking(), True),
     ("match: {apps: [other]}", asking(), False),
     ("match: {models: [fast], apps: [web]}", asking(), True),
     ("match: {models: [slow], apps: [web]}", asking(), False),
     ("match: {models: ['echo/*']}", asking(model="echo/any"), True),
     ("match: {models: ['echo/*']}", asking(), False),
     ("match: {routes: ['/v1/*']}", asking(), False),
     ("match: {routes: ['/v1/*']}", asking(route="/v1/messages"), True),
     ("match: {keys: [web]}", asking(), False),
     ("match: {keys: [web]}", asking(SIGNED), True),
     ("anonymous: true", asking(), True),
     ("anonymous: true", asking(KEYED), False),
     ("anonymous: true", asking(Identity("192.0.2.1", None, "ann")), False),
     ("anonymous: false", asking(), False),
     ("anonymous: false", asking(KEYED), True),
     ("exempt: {keys: [web]}", asking(SIGNED), False),
     ("exempt: {keys: [web]}", asking(), True),
     ("exempt: {users: [ann]}", asking(SIGNED), False),
     ("exempt: {users: [ann]}", asking(KEYED), True),
     ("exempt: {addresses: [192.0.2.0/24]}", asking(), False),
     ("exempt: {addresses: [10.0.0.0/8, '2001:db8::/32']}", asking(), True),
     ("exempt: {addresses: ['2001:db8::/32']}", asking(HOUSEHOLD), False),
     ("exempt: {addresses: ['2001:db8:1:3::/64']}", asking(HOUSEHOLD), True),
     ("exempt: {addresses: [0.0.0.0/0]}", asking(Identity("local")), True)],
)  # fmt: skip
def test_a_limit_is_about_what_matches_and_is_not_exempt(text, ask, is_covered):
    assert policy(text).covers(ask) is is_covered


@pytest.mark.parametrize(
    "per, identity, subject",
    [("[user]", ANYBODY, "address:192.0.2.1"),
     ("[user]", KEYED, "key:web"),
     ("[user]", SIGNED, "user:ann"),
     ("[key]", SIGNED, "key:web"),
     ("[tenant]", SIGNED, "tenant:acme"),
     ("[tenant]", Identity("192.0.2.1", LOOSE), "key:loose"),
     ("[tenant]", ANYBODY, "address:192.0.2.1"),
     ("[app, model]", ANYBODY, "app:web|model:fast"),
     ("[key, address]", KEYED, "key:web|address:192.0.2.1")],
)  # fmt: skip
def test_a_combination_counts_each_pair_for_itself(per, identity, subject):
    assert policy(f"per: {per}").subject(asking(identity)) == subject


def test_money_is_counted_in_whole_micro_units():
    limit = compile_limit("a", Limit(money=12.5, period="month", timezone="Asia/Makassar"))

    assert (limit.unit, limit.quota, limit.window_s) == ("money", 12_500_000, 0.0)
    assert (limit.period, limit.timezone) == ("month", "Asia/Makassar")


def prices(text: str) -> Prices:
    backends = "{one: {kind: script}, two: {kind: script}}"
    models = "{both: {targets: [{backend: one, model: m}, {backend: two, model: n}]}}"
    document = f"{{backends: {backends}, models: {models}, prices: {text}}}"
    return Prices(msgspec.yaml.decode(document, type=Config))


def usage(**tokens: int):
    from backends import Usage

    return Usage(**tokens)


def test_a_call_reserves_what_its_dearest_target_costs_and_pays_the_one_that_served():
    table = prices("{m: {input: 1, output: 2}, two/n: {input: 10, output: 0.5}}")
    used = usage(input_tokens=100, output_tokens=10)

    assert table.reserve("both", used) == 1005
    assert table.spent("both", "one/m", used) == 120
    assert table.spent("both", "two/n", used) == 1005


def test_the_alias_has_a_price_for_targets_without_one():
    table = prices("{both: {input: 3}, m: {input: 1}}")
    used = usage(input_tokens=7)

    assert table.spent("both", "one/m", used) == 7
    assert table.spent("both", "two/n", used) == 21
    assert table.reserve("both", used) == 21


def test_a_model_without_a_price_costs_what_the_dearest_does():
    table = prices("{both: {input: 3}, m: {input: 1}}")

    assert table.spent("one/unheard-of", "one/unheard-of", usage(input_tokens=7)) == 21


def test_cached_tokens_have_prices_of_their_own_and_fractions_are_rounded_up():
    assert Price(1_250_000, 0, 125_000, 0).of(usage(input_tokens=1, cache_read_tokens=1)) == 2


def test_the_limiter_is_told_no_name_of_a_caller():
    limits = "{users: {per: [user, app], requests: 5}, keys: {per: [key, tenant], requests: 5}}"
    config = msgspec.yaml.decode(
        f"{{apps: {{web: {{model: fast}}}}, limits: {limits}}}", type=Config
    )
    asked = SimpleNamespace(
        identity=SIGNED, app_name="web", route="/agui", chat=ChatRequest(model="fast", messages=())
    )

    charges = charges_of(asked, Policies(config), lambda kind, name: f"{kind}-{len(name)}")

    assert [charge.subject for charge in charges] == ["limit-16", "limit-19"]
