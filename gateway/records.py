"""What the audit trail is told of a call: its start, before anything is asked, and its one end."""

from __future__ import annotations

import msgspec

from audit import Ended, Received, Turn
from backends import TextPart, ToolResultPart
from gateway.call import Call
from gateway.dialects.widget import usage_view
from gateway.stream.end import End
from gateway.stream.generation import Generation


def received_of(call: Call, id: str) -> Received:
    """Return what the audit trail notes of a call before anything is asked."""
    chat, identity = call.chat, call.identity
    turns = [Turn("system", part.text) for part in chat.system]
    for message in chat.messages:
        texts = [part.text for part in message.parts if isinstance(part, TextPart)]
        for part in message.parts:
            if isinstance(part, ToolResultPart):
                texts += [item.text for item in part.content if isinstance(item, TextPart)]
        turns.append(Turn(message.role, "\n".join(texts)))
    return Received(
        stream_id=id,
        request_id=call.request_id,
        trace_id=call.trace.id,
        app=call.app_name,
        route=call.route,
        dialect=call.dialect,
        model=chat.model,
        identity=identity.id,
        identity_kind=identity.kind,
        address=identity.address,
        user_email=call.user_email,
        user_role=call.user_role,
        turns=tuple(turns),
        parameters=_parameters(call),
    )


def _parameters(call: Call) -> dict[str, object]:
    chat = call.chat
    values = {"max_tokens": chat.max_tokens, "temperature": chat.temperature, "top_p": chat.top_p}
    values |= {"tools": len(chat.tools) or None}
    return {name: value for name, value in values.items() if value is not None}


def ended_of(generation: Generation, end: End) -> Ended:
    """Return the end of a generation, with the words that redaction will see."""
    seen = generation.transcript
    return Ended(
        stream_id=generation.id,
        outcome=end.outcome,
        model_served=end.model,
        backend=end.backend,
        finish_reason=end.finish_reason,
        error_code=None if end.finish_reason else end.code,
        usage=usage_view(end.usage),
        attempts=tuple(msgspec.structs.asdict(attempt) for attempt in end.attempts),
        first_token_ms=end.first_token_ms,
        duration_ms=end.duration_ms,
        answer=seen.answer,
        reasoning=seen.reasoning,
        tools=tuple(tool.name for tool in seen.tools.values()),
        tool_arguments=tuple("".join(tool.arguments) for tool in seen.tools.values()),
    )
