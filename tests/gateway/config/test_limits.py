"""Limits of the file: what cannot be counted is told with its remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

import gateway
from gateway.config.limits import ROUTES

PRICED = "prices: {default: {input: 1, output: 2}, demo: {input: 1}}\n"


@pytest.mark.parametrize(
    "limit",
    ["{requests: 5, period: day}",
     "{tokens: 5, period: month, timezone: Asia/Makassar}",
     "{requests: 60, burst: 5}",
     "{concurrent: 5, anonymous: true}",
     "{requests: 5, match: {apps: [bali-zero], models: [default, demo/x], routes: ['/v1/*']}}",
     "{requests: 5, exempt: {users: [ann], addresses: [10.0.0.0/8, '2001:db8::/48']}}",
     "{requests: 5, per: [tenant, model]}"],
)  # fmt: skip
def test_a_sound_limit_has_no_problems(judge, limit):
    assert judge(f"limits: {{a: {limit}}}").problems == ()


@pytest.mark.parametrize(
    "limit, path",
    [("{requests: 5, tokens: 1}", ""),
     ("{tokens: 1000000000000000}", ".tokens"),
     ("{requests: 5, period: day, window_s: 5}", ".window_s"),
     ("{requests: 5, period: week}", ".period"),
     ("{requests: 5, timezone: UTC}", ".timezone"),
     ("{requests: 5, period: day, timezone: Mars/Base}", ".timezone"),
     ("{requests: 5, burst: 5}", ".burst"),
     ("{requests: 5, burst: 2, period: day}", ".burst"),
     ("{concurrent: 5, burst: 2}", ".burst"),
     ("{concurrent: 5, period: day}", ".period"),
     ("{requests: 5, match: {apps: []}}", ".match.apps"),
     ("{requests: 5, match: {apps: [bali-zer]}}", ".match.apps[0]"),
     ("{requests: 5, match: {models: [nope]}}", ".match.models[0]"),
     ("{requests: 5, match: {routes: [/v2/x]}}", ".match.routes[0]"),
     ("{requests: 5, match: {keys: [web]}}", ".match.keys[0]"),
     ("{requests: 5, exempt: {keys: [web]}}", ".exempt.keys[0]"),
     ("{requests: 5, exempt: {addresses: [here]}}", ".exempt.addresses[0]"),
     ("{requests: 5, exempt: {addresses: ['2001:db8::1']}}", ".exempt.addresses[0]"),
     ("{requests: 5, anonymous: maybe}", ".anonymous")],
)  # fmt: skip
def test_what_cannot_be_counted_is_one_problem_with_a_remedy(problem, limit, path):
    assert problem(f"limits: {{a: {limit}}}").path == f"limits.a{path}"


def test_a_name_must_fit_into_a_header(problem):
    assert problem("limits: {'a b': {requests: 5}}").path == "limits.a b"


def test_a_limit_in_money_needs_a_price_for_every_model_that_it_matches(judge):
    bare = judge("limits: {a: {money: 5, period: day}}").problems
    priced = judge(PRICED + "limits: {a: {money: 5, period: day}}").problems
    narrow = judge("prices: {default: {input: 1}}\n"
                   "limits: {a: {money: 5, match: {models: [default]}}}").problems  # fmt: skip

    assert {problem.path for problem in bare} == {"limits.a.money"}
    assert len(bare) == 2
    assert priced == narrow == ()


def test_a_price_belongs_to_a_model(problem):
    found = problem("prices: {defaul: {input: 1}}")  # codespell:ignore

    assert found.path == "prices.defaul"  # codespell:ignore
    assert found.nearest == "default"


def test_the_routes_are_those_that_are_charged():
    folder = Path(gateway.__file__).parent / "api"
    text = "".join(path.read_text() for path in folder.glob("*.py"))

    assert [route for route in ROUTES if route.replace("/api/v2/{app}", "") not in text] == []
