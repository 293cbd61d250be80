"""The flag as a rule: who is in."""

from __future__ import annotations

from itertools import pairwise

import pytest

from gateway.rollout.flag import parse_flag, without_names
from gateway.rollout.steps import step_up, written
from tests.gateway.conftest import Inside

CALLERS = [f"user::u{number}" for number in range(4000)]
NOBODY: frozenset[str] = frozenset()


def inside(text: str) -> set[str]:
    flag = parse_flag(text)
    return {caller for caller in CALLERS if flag.is_on_for(caller, NOBODY)}


def test_zero_is_nobody_and_a_hundred_is_everybody():
    assert inside("0%") == inside("off") == set()
    assert inside("100%") == inside("on") == set(CALLERS)


def test_who_is_in_at_a_lower_share_is_in_at_every_higher_one():
    shares = [inside(f"{share}%") for share in (1, 5, 25, 50, 99)]

    assert all(lower < higher for lower, higher in pairwise(shares))


@pytest.mark.parametrize("share", [5, 25, 50])
def test_the_share_is_about_what_it_says(share: int):
    assert abs(len(inside(f"{share}%")) / len(CALLERS) * 100 - share) < 3


def test_a_listed_user_is_in_at_any_share():
    assert parse_flag("users:ann,bob").is_on_for("user::ann", frozenset({"ann"}))
    assert not parse_flag("users:ann,bob").is_on_for("user::eve", frozenset({"eve"}))


def test_every_caller_of_a_listed_app_is_in():
    flag = parse_flag("apps:bali-zero,shop")

    assert flag.is_on_for("user::eve", NOBODY, "shop")
    assert not flag.is_on_for("user::eve", NOBODY, "other")
    assert not flag.is_on_for("user::eve", NOBODY)


@pytest.mark.parametrize(
    "text",
    [
        "25%,users:ann,bob,apps:shop",
        "25%,apps:shop,users:ann,bob",
        "25% users:ann,bob, apps:shop",
        "25%;users:bob,apps:shop,users:ann",
    ],
)
def test_a_share_and_both_lists_may_be_joined_in_any_order(text: str):
    flag = parse_flag(text)

    assert (flag.percent, flag.users, flag.apps) == (25, {"ann", "bob"}, {"shop"})


@pytest.mark.parametrize(("app", "status"), [("bali-zero", b"200"), ("other", b"403")])
async def test_a_stream_of_a_listed_app_is_let_in(inside: Inside, app: str, status: bytes):
    running = await inside(ENABLE_SSE_STREAMING=f"apps:{app}")

    answer = await running.exchange(
        b"GET /api/v2/bali-zero/chat-stream?query=[[n=1]] HTTP/1.1\r\n"
        b"Host: localhost\r\nConnection: close\r\n\r\n"
    )

    assert answer.split()[1] == status


def test_a_step_keeps_both_lists():
    flag = parse_flag("5%,users:bob,ann,apps:shop")

    assert step_up(flag, (5, 25, 50, 100)) == "25%,users:ann,bob,apps:shop"
    assert parse_flag(written(100, flag)).apps == {"shop"}


@pytest.mark.parametrize(
    "text", ["maybe", "101%", "-1%", "5", "%", "users:", "apps:", "25%%", "x,apps:a"]
)
def test_what_is_no_value_is_refused(text: str):
    with pytest.raises(ValueError, match="must be off, on"):
        parse_flag(text)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("25%", "25%"),
        ("users:ann@example.com,bob", "users:(2)"),
        ("5%, users:ann, bob; apps:shop", "5%, users:(2); apps:shop"),
        ("apps:shop,users:ann", "apps:shop,users:(1)"),
        ("nonsense", "unreadable"),
    ],
)
def test_what_is_told_of_a_flag_names_nobody(text, told):
    assert without_names(text) == told
