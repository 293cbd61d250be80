"""Tickets: one stream each, bounded in time and number, not to be forged."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.auth.identity import Identity
from gateway.auth.shared import SharedTickets
from gateway.auth.tickets import (
    BOUND_S,
    MAX_TICKETS,
    TICKET_S,
    MemoryTickets,
    StreamTickets,
    TicketStore,
)
from gateway.store import Store

ME = Identity(address="192.0.2.1", user="me")


class Clock:
    """A time that moves by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(params=["memory", "redis"])
async def tickets(request: pytest.FixtureRequest) -> AsyncIterator[TicketStore]:
    """Tickets of one worker, and those that all workers share."""
    if request.param == "memory":
        yield MemoryTickets(600)
        return
    store = Store(request.getfixturevalue("redis_url"))
    yield SharedTickets(store, 600)
    await store.aclose()


async def test_a_ticket_is_claimed_by_its_first_use_alone(tickets: TicketStore):
    ticket = await tickets.issue(ME, "app")

    claims = await asyncio.gather(*(tickets.claim(ticket, "app", f"s{n}") for n in range(24)))

    assert len(set(claims)) == 1
    found = await tickets.look(ticket, "app")
    assert found is not None
    assert (found.stream, found.identity) == (claims[0], ME)


async def test_a_ticket_that_was_not_used_ends_soon():
    clock = Clock()
    tickets = MemoryTickets(600, clock)
    ticket = await tickets.issue(ME, "app")

    clock.now += TICKET_S + 1

    assert await tickets.look(ticket, "app") is None
    assert await tickets.claim(ticket, "app", "s") is None


async def test_a_used_ticket_lives_as_long_as_its_stream_can_be_resumed():
    clock = Clock()
    tickets = MemoryTickets(600, clock)
    ticket = await tickets.issue(ME, "app")
    await tickets.claim(ticket, "app", "s1")

    clock.now += 600 + BOUND_S - 1
    assert await tickets.claim(ticket, "app", "s2") == "s1"
    clock.now += 2

    assert await tickets.claim(ticket, "app", "s2") is None


async def test_a_ticket_of_another_app_or_of_nobody_is_none(tickets: TicketStore):
    ticket = await tickets.issue(ME, "app")

    assert await tickets.look(ticket, "other") is None
    assert await tickets.claim(ticket, "other", "s") is None
    assert await tickets.look("nobody's", "app") is None


async def test_a_shared_ticket_ends_by_itself_and_its_key_names_nobody(redis_url: str):
    store = Store(redis_url)
    tickets = SharedTickets(store, 600)
    ticket = await tickets.issue(ME, "app")
    [key] = await store.client.keys("*")

    unused_s = await store.client.ttl(key)
    await tickets.claim(ticket, "app", "s1")
    used_s = await store.client.ttl(key)
    await tickets.release(ticket, "s1")
    again_s = await store.client.ttl(key)
    await store.aclose()

    assert ticket not in key.decode()
    assert 0 < unused_s <= TICKET_S
    assert 600 < used_s <= 600 + BOUND_S
    assert 0 < again_s <= TICKET_S


async def test_tickets_are_bounded_and_random():
    tickets = MemoryTickets(600)

    issued = [await tickets.issue(ME, "app") for _ in range(MAX_TICKETS + 50)]

    assert len(set(issued)) == len(issued)
    assert all(len(ticket) >= 22 for ticket in issued)
    assert len(tickets._tickets) <= MAX_TICKETS
    assert await tickets.look(issued[-1], "app") is not None


def test_a_signed_ticket_opens_its_stream_and_no_other():
    tickets = StreamTickets(b"k" * 32, 600)
    ticket = tickets.sign("s1")

    assert tickets.opens(ticket, "s1")
    assert not tickets.opens(ticket, "s2")
    assert not StreamTickets(b"x" * 32, 600).opens(ticket, "s1")


def test_a_signed_ticket_ends():
    tickets = StreamTickets(b"k" * 32, -1)

    assert not tickets.opens(tickets.sign("s1"), "s1")


TICKETS = StreamTickets(b"k" * 32, 600)
GOOD = TICKETS.sign("s1")


@given(at=st.integers(0, len(GOOD) - 1), sign=st.characters(max_codepoint=0x17F))
def test_no_changed_character_is_accepted(at: int, sign: str):
    changed = GOOD[:at] + sign + GOOD[at + 1 :]

    assert TICKETS.opens(changed, "s1") == (changed == GOOD)


@given(text=st.text(max_size=60))
def test_nothing_else_is_a_ticket(text: str):
    for head in ("", "ffffffffff.", GOOD.split(".")[0] + "."):
        assert not TICKETS.opens(head + text, "s1")


@pytest.mark.parametrize("change", ["0{}", " {}", "+{}", "0x{}", "{}=", "{} ", "_{}"])
def test_another_way_to_write_the_same_number_is_none(change: str):
    assert not TICKETS.opens(change.format(GOOD), "s1")


def test_a_signature_has_at_least_128_bits():
    mac = GOOD.split(".")[1]

    assert len(mac) * math.log2(64) >= 128
