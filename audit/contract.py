"""What every sink must do, as a pytest class: subclass it and give it a `sink` and a `read`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from .chain import Chain
from .sink import Entry, Sink

Read = Callable[[], Awaitable[list[bytes]]]
"""Returns the lines that a sink holds, in its order."""


def entries(writer: str, count: int, *, content: bytes = b"") -> list[Entry]:
    """Return entries of one writer as the journal gives them."""
    chain = Chain(writer)
    made = []
    for n in range(count):
        fields = {
            "event": "chat.received",
            "time": "2026-11-24T00:00:00.000Z",
            "stream_id": f"s{n}",
        }
        line = chain.seal({**fields, "subject": "u_x"})
        entry = Entry(
            writer=writer,
            seq=chain.seq,
            event=fields["event"],
            time=fields["time"],
            stream_id=fields["stream_id"],
            subject="u_x",
            line=line,
            content=content,
        )
        made.append(entry)
    return made


class SinkContract:
    """Tests of a sink; fixtures `sink` and `read` come from the subclass's module."""

    async def test_lines_are_stored_in_order_and_unchanged(self, sink: Sink, read: Read) -> None:
        """What is given is what is kept, byte for byte."""
        made = entries("a" * 12, 5)

        await sink.write(made[:2])
        await sink.write(made[2:])

        assert await read() == [entry.line for entry in made]

    async def test_entries_given_twice_are_not_lost_and_not_changed(
        self, sink: Sink, read: Read
    ) -> None:
        """After a crash the journal repeats itself; `(writer, seq)` names an entry."""
        made = entries("b" * 12, 3)

        await sink.write(made)
        await sink.write(made)

        assert set(await read()) == {entry.line for entry in made}

    async def test_nothing_to_write_is_no_error(self, sink: Sink, read: Read) -> None:
        """An empty batch changes nothing."""
        await sink.write([])

        assert await read() == []

    async def test_close_may_be_called_without_a_write(self, sink: Sink) -> None:
        """Closing an unused sink is fine."""
        await sink.aclose()
