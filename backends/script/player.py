"""Plays a score as events: the embedded demo and the fault injector of everyone's tests."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncGenerator

from ..backend import Capabilities, Timeouts
from ..errors import BackendError, BackendLimited, BackendRefused, BackendTruncated
from ..events import Event, Finished, Started, Text, ToolCall, Usage
from ..request import ChatRequest, TextPart, last_user_text
from .score import SLOW_DELAY_S, Score, compose, count_words

_TURN_EVERY = 16


class ScriptBackend:
    """Answers by itself; nothing leaves the process."""

    capabilities = Capabilities(
        tools=True, images=True, documents=True, reasoning=True, structured_output=True
    )

    def __init__(self, name: str, timeouts: Timeouts) -> None:
        self.name = name
        self.timeouts = timeouts

    async def stream(self, request: ChatRequest) -> AsyncGenerator[Event, None]:
        """Play the score that the newest user message asks for."""
        score = score_of(request)
        self._refuse(score)
        yield Started(model=request.model)
        await asyncio.sleep(score.ttft_s)
        async for event in self._play(score):
            yield event
        if score.fault in ("no_finish", "empty"):
            raise BackendTruncated("The scripted answer ended without a finish.", backend=self.name)
        yield Usage(
            input_tokens=score.input_tokens,
            output_tokens=score.output_tokens,
            reasoning_tokens=len(score.reasoning),
        )
        yield Finished(score.reason, stop_sequence=score.stop_sequence)

    async def aclose(self) -> None:
        """Hold nothing, so give nothing back."""

    async def _play(self, score: Score) -> AsyncGenerator[Event, None]:
        delay_s = score.delay_s
        events = events_of(score)
        for position, event in enumerate(events):
            if position and (delay_s or position % _TURN_EVERY == 0):
                await asyncio.sleep(delay_s)
            if score.fault and position == score.fault_at:
                if score.fault in ("no_finish", "empty"):
                    return
                delay_s = await self._fail(score, delay_s)
            yield event
        if score.fault and score.fault_at >= len(events):
            await self._fail(score, delay_s)

    async def _fail(self, score: Score, delay_s: float) -> float:
        match score.fault:
            case "cut" | "reset":
                raise BackendTruncated("The scripted answer was cut.", backend=self.name)
            case "err":
                raise BackendError("The scripted provider reported an error.", backend=self.name)
            case "garbage":
                raise BackendError("A frame was not understood.", backend=self.name)
            case "stall":
                await asyncio.Event().wait()
            case "slow":
                return max(delay_s, SLOW_DELAY_S)
            case _:
                pass
        return delay_s

    def _refuse(self, score: Score) -> None:
        match score.fault:
            case "429":
                raise BackendLimited(
                    "The scripted provider is at its limit.",
                    retry_after_s=1.0, status=429, backend=self.name,
                )  # fmt: skip
            case "400" | "404":
                raise BackendRefused(
                    "The scripted provider refused the request.",
                    status=int(score.fault), backend=self.name,
                    reason="model_not_found" if score.fault == "404" else None,
                )  # fmt: skip
            case "401" | "403":
                raise BackendError(
                    "The provider refused the gateway's own credentials.",
                    is_retryable=False, status=int(score.fault), backend=self.name,
                )  # fmt: skip
            case "500" | "503" | "529":
                raise BackendError(
                    "The scripted provider is not available.",
                    retry_after_s=None if score.fault == "500" else 1.0,
                    status=int(score.fault), backend=self.name,
                )  # fmt: skip
            case _:
                pass


def score_of(request: ChatRequest) -> Score:
    """Write the score for a request; only the newest user message can carry instructions."""
    said = [part.text for part in request.system]
    for message in request.messages:
        said += [part.text for part in message.parts if isinstance(part, TextPart)]
    return compose(
        last_user_text(request),
        input_tokens=count_words(said),
        max_tokens=request.max_tokens,
        stop=request.stop,
        tools={tool.name: tool.parameters for tool in request.tools},
    )


def events_of(score: Score) -> list[Event]:
    """List what a score says between `Started` and `Usage`, one event a token."""
    events: list[Event] = [Text(piece, channel="reasoning") for piece in score.reasoning]
    events += [Text(token) for token in score.tokens]
    for index, call in enumerate(score.calls):
        first, *others = call.fragments or ("{}",)
        events.append(ToolCall(index, first, id=f"call_{secrets.token_hex(12)}", name=call.name))
        events += [ToolCall(index, fragment) for fragment in others]
    return events
