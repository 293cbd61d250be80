"""The flag as a rule: who is in."""

from __future__ import annotations

from itertools import pairwise

import pytest

from gateway.rollout.flag import parse_flag

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


@pytest.mark.parametrize("text", ["maybe", "101%", "-1%", "5", "%", "users:", "25%%"])
def test_what_is_no_value_is_refused(text: str):
    with pytest.raises(ValueError, match="must be off, on"):
        parse_flag(text)
