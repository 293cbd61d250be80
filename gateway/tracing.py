"""What a span is told of a generation: names, numbers and codes, never a word of a person."""

from __future__ import annotations

from gateway.call import Call
from gateway.stream.end import End
from gateway.stream.generation import Generation
from gateway.telemetry import genai
from gateway.telemetry.measure import NO_ERRORS
from gateway.telemetry.spans import Told, Value


def told_of(call: Call, generation: Generation, end: End, kind: str) -> Told:
    """Return what a span is told; `kind` is that of the backend that served."""
    chat, first_ms = call.chat, end.first_token_ms
    attributes: dict[str, Value | None] = {
        genai.OPERATION_NAME: genai.OPERATION,
        genai.PROVIDER: genai.PROVIDERS.get(kind, kind),
        genai.REQUEST_MODEL: chat.model,
        genai.REQUEST_STREAM: True,
        genai.MAX_TOKENS: chat.max_tokens,
        genai.TEMPERATURE: chat.temperature,
        genai.TOP_P: chat.top_p,
        genai.RESPONSE_MODEL: end.model,
        genai.FINISH_REASONS: [end.finish_reason] if end.finish_reason else [],
        genai.FIRST_CHUNK_S: None if first_ms is None else first_ms / 1000,
        genai.INPUT_TOKENS: end.usage.input_tokens,
        genai.OUTPUT_TOKENS: end.usage.output_tokens,
        genai.STREAM_ID: generation.id,
        genai.APP: call.app_name,
        genai.DIALECT: call.dialect,
        genai.ATTEMPTS: len(end.attempts),
    }
    return Told(
        trace=call.trace,
        model=chat.model,
        duration_ms=end.duration_ms,
        error=None if end.outcome in NO_ERRORS else end.code,
        attributes=attributes,
    )
