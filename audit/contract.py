"""What every sink must do, as a pytest class: subclass it and give it a `sink` and a `read`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from .chain import Chain
from .sink import Entry, Forget, Sink

Read = Callable[[], Awaitable[list[bytes]]]
"""Returns the lines that a sink holds, in its order."""
Words = Callable[[], Awaitable[list[bytes]]]
"""Returns the words that a sink holds; a sink that takes none returns none."""


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
    """Tests of a sink; the fixtures `sink`, `read` and `words` come from the subclass.

    `is_store`: it keeps records, so it holds each once and loses what is past its retention.
    """

    is_store = True

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

        held = await read()
        assert set(held) == {entry.line for entry in made}
        assert len(held) == 3 or not self.is_store

    async def test_what_follows_a_repetition_is_taken(self, sink: Sink, read: Read) -> None:
        """A batch may begin with entries that are known."""
        made = entries("d" * 12, 4)

        await sink.write(made[:2])
        await sink.write(made)

        assert set(await read()) == {entry.line for entry in made}

    async def test_writers_do_not_get_in_each_others_way(self, sink: Sink, read: Read) -> None:
        """Numbers count for each writer on its own."""
        one, other = entries("e" * 12, 2), entries("f" * 12, 3)

        await sink.write([*other, *one])

        assert set(await read()) == {entry.line for entry in [*one, *other]}

    async def test_erased_words_are_gone_and_their_record_stays(
        self, sink: Sink, read: Read, words: Words
    ) -> None:
        """Erasure takes the words that it names and no others."""
        made = entries("a" * 12, 3, content=b'{"answer":"marmalade"}')
        await sink.write(made)
        before = len(await words())

        await sink.forget(Forget(words=(("a" * 12, 2),)))
        await sink.forget(Forget(words=(("a" * 12, 2),)))

        assert len(await words()) == max(0, before - 1)
        assert len(await read()) == 3

    async def test_what_is_past_its_retention_goes(
        self, sink: Sink, read: Read, words: Words
    ) -> None:
        """Words go before records do."""
        await sink.write(entries("a" * 12, 2, content=b'{"answer":"marmalade"}'))
        later = "2999-01-01T00:00:00.000Z"

        await sink.forget(Forget(words_before=later))

        assert await words() == []
        assert len(await read()) == 2
        await sink.forget(Forget(words_before=later, records_before=later))
        assert len(await read()) == (0 if self.is_store else 2)

    async def test_sealed_words_may_go_before_others(
        self, sink: Sink, read: Read, words: Words
    ) -> None:
        """What was kept as a whole is kept for a shorter time."""
        await sink.write(entries("a" * 12, 1, content=b'{"answer":"x","sealed":"c2VhbGVk"}'))
        await sink.write(entries("b" * 12, 1, content=b'{"answer":"x [CARD sealed:c2Vh]"}'))
        await sink.write(entries("c" * 12, 1, content=b'{"answer":"marmalade"}'))
        has_words = bool(await words())

        await sink.forget(Forget(sealed_before="2999-01-01T00:00:00.000Z"))

        assert await words() == ([b'{"answer":"marmalade"}'] if has_words else [])
        assert len(await read()) == 3

    async def test_nothing_to_write_is_no_error(self, sink: Sink, read: Read) -> None:
        """An empty batch changes nothing."""
        await sink.write([])

        assert await read() == []

    async def test_close_may_be_called_without_a_write(self, sink: Sink) -> None:
        """Closing an unused sink is fine."""
        await sink.aclose()
