"""The journey of one call, in one screen: limits, audit, a generation, and how it is settled."""

from __future__ import annotations

import asyncio
from typing import Protocol

import structlog

from audit import AuditUnavailable, Ended
from gateway.call import Call
from gateway.errors import ApiError
from gateway.limits import charges_of, refusal, spent
from gateway.outbound import HidingSource
from gateway.records import ended_of, received_of
from gateway.rooms import Rooms
from gateway.stream.channel import Channel
from gateway.stream.end import End
from gateway.stream.generation import Generation
from gateway.stream.grace import LeavePolicy
from gateway.stream.ids import new_generation_id
from gateway.stream.source import Source
from gateway.stream.writer import Writer
from gateway.telemetry.measure import Asked, measure_generation
from gateway.tracing import told_of
from ratelimit import Decision

log = structlog.get_logger("sluicegate.flow")


class WriterFactory(Protocol):
    """Makes the writer of a dialect for a generation."""

    def __call__(self, generation: str) -> Writer:
        """Return a new writer."""
        ...


async def open_generation(
    call: Call,
    rooms: Rooms,
    make_writer: WriterFactory,
    *,
    leave: LeavePolicy,
    linger_s: float = 0.0,
    id: str | None = None,
) -> tuple[Generation, Decision]:
    """Carry a call through the rooms up to a generation that is ready to start.

    Raises `ApiError` where a room says no; then nothing is charged and nothing was asked.
    """
    try:
        return await _open(call, rooms, make_writer, leave, linger_s, id or new_generation_id())
    except ApiError as error:
        if error.status >= 500:
            rooms.metrics.errors.labels(error.code, "start").inc()
        raise


async def _open(
    call: Call,
    rooms: Rooms,
    make_writer: WriterFactory,
    leave: LeavePolicy,
    linger_s: float,
    id: str,
) -> tuple[Generation, Decision]:
    if rooms.is_draining:
        raise ApiError("shutdown", "This instance is going down.", headers={"Retry-After": "1"})
    _check_room(rooms)
    decision = await admit(call, rooms, id)
    try:
        _check_room(rooms)  # others may have come in meanwhile
    except ApiError:
        await _give_back(rooms, decision)
        raise
    generation = _generation(call, rooms, id, make_writer(id), decision, leave, linger_s)
    rooms.table.add(generation)
    rooms.metered.watch(generation, decision, rooms.settings.policies.prices)
    rooms.metrics.active.inc()
    try:
        await rooms.trail.received(received_of(call, id))
        await rooms.streams.publish(generation, call.dialect)
    except AuditUnavailable as exc:
        await _withdraw(generation, rooms, decision)
        raise ApiError(
            "audit_unavailable",
            "No record can be written, so no answer is started.",
            headers={"Retry-After": "5"},
        ) from exc
    except BaseException as exc:  # whatever broke: nothing may stay that never ends
        await _withdraw(generation, rooms, decision)
        if isinstance(exc, asyncio.CancelledError):
            await rooms.trail.ended(Ended(stream_id=id, outcome="client_gone"))
        raise
    return generation, decision


async def _withdraw(generation: Generation, rooms: Rooms, decision: Decision) -> None:
    """Take back a call that never reached the provider: it costs nothing."""
    rooms.table.retire(generation)
    rooms.metered.forget(generation.id)
    rooms.streams.withdraw(generation)
    generation.withdraw()
    rooms.metrics.active.dec()
    await _give_back(rooms, decision)


def _check_room(rooms: Rooms) -> None:
    if rooms.table.is_full:
        raise ApiError("overloaded", "Too many answers are running.", headers={"Retry-After": "2"})


async def _give_back(rooms: Rooms, decision: Decision) -> None:
    """Take back what a call was charged that did not happen."""
    await rooms.limiter.settle(decision, {c.limit.name: 0 for c in decision.charges})


async def admit(call: Call, rooms: Rooms, id: str) -> Decision:
    """Charge a call to its limits; raise where one says no."""
    charges = charges_of(call, rooms.settings.policies, rooms.trail.pseudonym)
    if not charges:
        return Decision(allowed=True, call_id=id)  # no limit is about it: no store need be asked
    decision = await rooms.limiter.take(id, charges)
    if decision.violated:
        rooms.hits.note(call, decision)
    if not decision.allowed:
        raise refusal(decision, call.dialect)
    return decision


def _generation(
    call: Call,
    rooms: Rooms,
    id: str,
    writer: Writer,
    decision: Decision,
    leave: LeavePolicy,
    linger_s: float,
) -> Generation:
    router: Source = rooms.settings.router
    if call.app.redact == "outbound":
        router = HidingSource(router, rooms.redactor)
    asked = Asked(router, call.received_at)

    async def settle(generation: Generation, end: End) -> None:
        measure_generation(rooms.metrics, generation, end, call.app_name, call.dialect, asked)
        if rooms.spans is not None:
            rooms.spans.tell(told_of(call, generation, end, rooms.settings.kind_of(end.backend)))
        await settle_generation(generation, end, call, rooms, decision)

    snapshot = getattr(writer, "snapshot", None)
    channel = Channel(asyncio.get_running_loop(), None)
    channel.replays = getattr(writer, "replays", False)
    generation = Generation(
        id=id,
        owner=call.identity.owner,
        caller=call.identity.caller,
        app=call.app_name,
        request=call.chat,
        writer=writer,
        channel=channel,
        source=asked,
        settle=settle,
        leave=leave,
        linger_s=linger_s,
    )
    if snapshot is not None:
        seen = generation.transcript
        channel.snapshot = lambda at: snapshot(seen.answer, at)
    return generation


async def settle_generation(
    generation: Generation, end: End, call: Call, rooms: Rooms, decision: Decision
) -> None:
    """Do what must happen exactly once at the end, for every protocol alike."""
    seen = generation.transcript
    rooms.table.retire(generation)
    rooms.metered.forget(generation.id)
    usage = end.usage
    prices = rooms.settings.policies.prices
    costs = spent(decision.charges, prices, call.chat.model, seen.served_by, usage)
    try:
        await rooms.limiter.settle(decision, costs)
    finally:
        await rooms.trail.ended(ended_of(generation, end))
    log.info(
        "stream_finished",
        stream_id=generation.id,
        request_id=call.request_id,
        trace_id=call.trace.id,
        app=call.app_name,
        outcome=end.outcome,
        backend=end.backend,
        ttft_ms=end.first_token_ms,
        duration_ms=end.duration_ms,
        output_tokens=usage.output_tokens,
    )
