"""What was said so far, and when: the source of snapshots, audit, usage and measurements."""

from __future__ import annotations

import msgspec

from audit import Outcome
from backends import (
    Attempt,
    ChatRequest,
    Event,
    Started,
    Text,
    TextPart,
    TextRun,
    ToolCall,
    Usage,
)

from .end import End

MAX_CHARS = 4 << 20
"""Output beyond which a generation is ended with `length`: every buffer has a bound."""
CHARS_PER_TOKEN = 4


class Tool(msgspec.Struct):
    """A tool call as collected so far."""

    id: str
    name: str
    arguments: list[str]
    is_custom: bool = False


class Transcript:
    """Collects the events of one generation; cheap enough for every event."""

    __slots__ = (
        "_answer", "_reasoning", "attempts", "chars", "dropped", "first_at", "last_at",
        "longest_gap_s", "model", "outputs", "served_by", "signature", "started_at", "tools",
        "usage",
    )  # fmt: skip

    def __init__(self, model: str, now: float) -> None:
        self.model = model
        self.served_by = ""
        self.attempts: tuple[Attempt, ...] = ()
        self.dropped: tuple[str, ...] = ()
        self.started_at = now
        self.first_at: float | None = None
        self.last_at = now
        self.longest_gap_s = 0.0
        self.outputs = 0
        self.chars = 0
        self.usage: Usage | None = None
        self.tools: dict[int, Tool] = {}
        self.signature: str | None = None
        self._answer: list[str] = []
        self._reasoning: list[str] = []

    def observe(self, event: Event, now: float) -> None:
        """Take one event of the backend into account."""
        kind = type(event)
        if kind is Text:
            self._text(event, now)  # type: ignore[arg-type]
        elif kind is ToolCall:
            self._tool(event, now)  # type: ignore[arg-type]
        elif kind is Usage:
            self.usage = event  # type: ignore[assignment]
        elif kind is Started:
            self.model = event.model or self.model  # type: ignore[union-attr]
            self.served_by = event.served_by  # type: ignore[union-attr]
            self.attempts = event.attempts  # type: ignore[union-attr]
            self.dropped = event.dropped  # type: ignore[union-attr]

    def observe_run(self, run: TextRun, now: float) -> None:
        """Take pieces of the answer in a row into account."""
        said = "".join(run.texts)
        self._answer.append(said)
        self._output(len(said), now, len(run.texts))

    def _text(self, event: Text, now: float) -> None:
        if event.channel == "answer":
            self._answer.append(event.text)
        else:
            self._reasoning.append(event.text)
            self.signature = event.signature or self.signature
        if event.text:
            self._output(len(event.text), now)

    def _tool(self, event: ToolCall, now: float) -> None:
        tool = self.tools.get(event.index)
        if tool is None:
            tool = Tool(event.id or "", event.name or "", [], event.is_custom)
            self.tools[event.index] = tool
        tool.arguments.append(event.arguments)
        self._output(len(event.arguments), now)

    def _output(self, chars: int, now: float, pieces: int = 1) -> None:
        self.chars += chars
        self.outputs += pieces
        if self.first_at is None:
            self.first_at = now
        elif now - self.last_at > self.longest_gap_s:
            self.longest_gap_s = now - self.last_at
        self.last_at = now

    @property
    def answer(self) -> str:
        """The text of the answer so far."""
        if len(self._answer) > 1:
            self._answer = ["".join(self._answer)]
        return self._answer[0] if self._answer else ""

    @property
    def reasoning(self) -> str:
        """The reasoning so far."""
        return "".join(self._reasoning)

    @property
    def first_token_ms(self) -> int | None:
        """Milliseconds from the start to the first output."""
        return None if self.first_at is None else round((self.first_at - self.started_at) * 1000)

    def final_usage(self, request: ChatRequest) -> Usage:
        """Return the provider's usage, else an estimate that says so (never a silent zero)."""
        if self.usage is not None:
            return self.usage
        output = -(-self.chars // CHARS_PER_TOKEN)
        return Usage(input_tokens=estimate_input(request), output_tokens=output, estimated=True)

    def end(self, outcome: Outcome, request: ChatRequest, now: float, **fields: object) -> End:
        """Return an end that tells what was seen."""
        return End(
            outcome=outcome,
            usage=self.final_usage(request),
            model=self.model,
            backend=self.served_by,
            attempts=self.attempts,
            first_token_ms=self.first_token_ms,
            duration_ms=round((now - self.started_at) * 1000),
            **fields,  # type: ignore[arg-type]
        )


def estimate_input(request: ChatRequest) -> int:
    """Estimate the tokens of a request from its characters; no tokenizer on the loop."""
    chars = sum(len(part.text) for part in request.system)
    for message in request.messages:
        chars += sum(len(part.text) for part in message.parts if isinstance(part, TextPart))
    return max(1, -(-chars // CHARS_PER_TOKEN))
