"""The trail: one durable start before a provider is called, exactly one end after it.

It looks on and is never in the way, with one exception: without a trail there is no new chat.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence

import msgspec

from .commit import Committer, Observer, Written
from .encode import Open, RecordWriter
from .follow import Followers
from .housekeeping import Housekeeping
from .journal import Draft, Journal, Recovered
from .journal.draft import head
from .policy import Handling, Policy, Rule
from .pseudonym import Pseudonyms
from .record import Ended, Level, Notice, Received
from .redact import Redactor
from .redaction_point import RedactionPoint, Words
from .sink import AuditUnavailable, Entry, Sink
from .space import Space
from .subjects import FRESH_S, Subject, Subjects

MAX_OPEN = 100_000
REFUSED_S = 10.0
"""How long after a refused start the trail counts as not ready."""


def _ignore(_name: str, _value: float) -> None:
    """Observe nothing."""


class Trail:
    """Takes what happened, redacts it once, and keeps it; one for each process."""

    def __init__(
        self,
        *,
        journal: Journal,
        pseudonyms: Pseudonyms,
        redactor: Redactor,
        level: Level = "redacted",
        sinks: Sequence[Sink] = (),
        clock: Callable[[], float] = time.time,
        observer: Observer | None = None,
        housekeeping: Housekeeping | None = None,
        rules: Sequence[Rule] = (),
        purpose: str = "",
        max_bytes: int | None = None,
    ) -> None:
        self._journal = journal
        self._pseudonyms = pseudonyms
        self._policy = Policy(level, redactor, rules)
        self._purpose = purpose
        self._clock = clock
        observer = observer or _ignore
        self._redactor = redactor
        self._point = RedactionPoint(redactor)
        self._writer = RecordWriter(self._point)
        self._subjects = Subjects(journal.folder, pseudonyms)
        self._housekeeping = housekeeping or Housekeeping(journal, clock=clock)
        self._followers = Followers(
            sinks,
            folder=journal.folder,
            writer=journal.writer,
            observer=observer,
            on_change=self._tell,
        )
        self._committer = Committer(journal, on_commit=self._committed, observer=observer)
        self._space = Space(journal.folder, max_bytes, observer=observer, on_change=self._tell)
        self._refused_at = float("-inf")
        self._open: dict[str, Open] = {}
        self._late: set[asyncio.Task[None]] = set()

    @property
    def is_ready(self) -> bool:
        """Whether a new chat would be recorded."""
        if self._committer.problem is not None or self._space.pressure == "refusing":
            return False
        return time.monotonic() - self._refused_at > REFUSED_S

    def pseudonym(self, kind: str, value: str) -> str:
        """Return the stable name of an identity, such as `u_…` for kind `user`."""
        return self._pseudonyms.name(kind, value)

    async def start(self) -> list[Recovered]:
        """Open the journal and end what dead writers left open; raises AuditUnavailable."""
        await self._committer.start()
        try:
            recovered = await asyncio.to_thread(self._housekeeping.recover)
            self._space.update(await asyncio.to_thread(self._space.measure))
        except OSError as exc:
            await self.aclose()
            raise AuditUnavailable(f"{self._journal.folder}: {exc.strerror}") from exc
        self._followers.start()
        self._housekeeping.start(self._committer.run, self._space, self._tell)
        if self._policy.has_words:
            self._point.warm()
        return recovered

    async def received(self, call: Received) -> None:
        """Record a start durably; raises AuditUnavailable, and then the call must not go on."""
        handling = self._policy.of(call.app, call.model)
        if handling.level == "none":
            return
        try:
            await self._receive(call, handling)
        except AuditUnavailable:
            self._refused_at = time.monotonic()
            raise
        self._refused_at = float("-inf")

    async def _receive(self, call: Received, handling: Handling) -> None:
        if call.stream_id in self._open:
            raise ValueError("this stream has been received already")
        if len(self._open) >= MAX_OPEN:
            raise AuditUnavailable("too many chats are open in the trail")
        self._space.check()
        begun = await self._begin(call, handling)
        self._open[call.stream_id] = begun
        try:
            draft = await self._start_of(call, begun)
            written = self._committer.enqueue(draft)
        except BaseException:
            self._open.pop(call.stream_id, None)
            raise
        await self._settle_start(begun, written)

    async def ended(self, end: Ended) -> None:
        """Record how a call ended; a second end of the same stream is ignored. Does not raise."""
        begun = self._open.pop(end.stream_id, None)
        if begun is None:
            return
        has_content = self._keeps_words(begun) and self._is_known(begun)
        texts = [end.answer, end.reasoning, *end.tool_arguments] if has_content else []
        record = self._writer.ended(end, begun, self._clock())
        draft = Draft(record=record, is_urgent=True)
        if any(texts):
            words = await self._point.words(texts, begun.memory, begun.handling.redactor)
            answer, reasoning, *arguments = words.texts
            content = {"answer": answer, "reasoning": reasoning, "tool_arguments": arguments}
            draft.content = {key: value for key, value in content.items() if value}
            self._seal(draft.content, texts, begun)
            _describe(record, words)
        self._say_if_lowered(record, begun)
        await self._committer.keep(draft)

    async def notice(self, notice: Notice) -> None:
        """Record anything else, as soon as the disk allows. Does not raise."""
        subject = None
        if notice.identity is not None:
            _, who = await self._identify(notice.identity_kind or "user", notice.identity)
            subject = who.id
        record = self._writer.notice(notice, self._clock(), subject)
        await self._committer.keep(Draft(record=record))

    @property
    def redactor(self) -> Redactor:
        """What finds personal values; also asked before words leave for a provider."""
        return self._redactor

    async def aclose(self) -> None:
        """End what is open as `shutdown`, write everything, seal the files."""
        for stream_id in list(self._open):
            await self.ended(Ended(stream_id=stream_id, outcome="shutdown"))
        if self._late:
            await asyncio.wait(self._late, timeout=1)
        await self._housekeeping.stop()
        await self._committer.aclose(self._housekeeping.finish)
        await self._followers.aclose()
        self._point.close()

    def _committed(self, entries: Sequence[Entry]) -> None:
        self._space.add(sum(len(one.line) + len(one.content) + 2 for one in entries))
        self._followers.offer(entries)

    def _keeps_words(self, begun: Open) -> bool:
        return begun.handling.has_words and self._space.has_words

    def _say_if_lowered(self, record: dict[str, object], begun: Open) -> None:
        if begun.handling.has_words and not self._space.has_words:
            record["content_withheld"] = "no_space"

    async def _begin(self, call: Received, handling: Handling) -> Open:
        pseudonym, subject = await self._identify(call.identity_kind, call.identity)
        people = {pseudonym: subject}
        email = None
        if call.user_email:
            name, owner = await self._identify("email", call.user_email.strip().casefold())
            people[name], email = owner, owner.id
        return self._writer.begin(call, people, subject, email, handling)

    def _is_known(self, begun: Open) -> bool:
        """Tell whether nobody of a call has been erased since it began."""
        known = self._subjects.known
        return all(known(name, FRESH_S) == one for name, one in begun.people.items())

    async def _identify(self, kind: str, value: str) -> tuple[str, Subject]:
        """Return pseudonym and subject of an identity; raises AuditUnavailable."""
        pseudonym = self._pseudonyms.current(kind, value)
        subject = self._subjects.known(pseudonym)
        if subject is None:
            try:
                subject = await asyncio.to_thread(self._subjects.get, pseudonym)
            except OSError as exc:
                raise AuditUnavailable(f"{self._journal.folder}: {exc.strerror}") from exc
        return pseudonym, subject

    def _seal(self, content: dict[str, object], words: object, begun: Open) -> None:
        """At level `sealed`, keep everything, readable with the subject's own key alone."""
        if begun.handling.level == "sealed":
            content["sealed"] = begun.subject.seal(msgspec.json.encode(words), begun.stream_id)

    async def _start_of(self, call: Received, begun: Open) -> Draft:
        handling, has_words = begun.handling, self._keeps_words(begun)
        record = self._writer.received(call, begun, self._clock(), has_words)
        record |= {"level": handling.level, "key_id": self._pseudonyms.key_id}
        if handling.level == "sealed":
            record["purpose"] = self._purpose
        self._say_if_lowered(record, begun)
        draft = Draft(record=record, is_urgent=True)
        if has_words and call.turns:
            texts = [turn.text for turn in call.turns]
            words = await self._point.words(texts, begun.memory, handling.redactor)
            turns = [
                {"role": self._point.name(turn.role), "text": text}
                for turn, text in zip(call.turns, words.texts, strict=True)
            ]
            draft.content = {"turns": turns}
            self._seal(draft.content, texts, begun)
            _describe(record, words)
        return draft

    async def _settle_start(self, begun: Open, written: Written) -> None:
        """Wait for the disk. Who stops waiting may leave a start behind: it gets its end."""
        try:
            await self._committer.wait(written)
        except BaseException:
            self._open.pop(begun.stream_id, None)
            task = asyncio.create_task(self._end_if_written(begun, written))
            self._late.add(task)
            task.add_done_callback(self._late.discard)
            raise

    async def _end_if_written(self, begun: Open, written: Written) -> None:
        while (is_durable := await written.told()) is None:
            pass
        if is_durable:
            end = Ended(
                stream_id=begun.stream_id, outcome="internal", error_code="audit_unavailable"
            )
            await self._committer.keep(Draft(record=self._writer.ended(end, begun, self._clock())))

    def _tell(self, event: str, fields: dict[str, object]) -> None:
        """Record something about the trail itself, without waiting."""
        self._committer.add(Draft(record={**head(event, self._clock()), **fields}))


def _describe(record: dict[str, object], words: Words) -> None:
    record["redacted"] = words.found
    if words.withheld:
        record["content_withheld"] = words.withheld
    if words.is_truncated:
        record["is_truncated"] = True
