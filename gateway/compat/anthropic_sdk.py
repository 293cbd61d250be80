"""What users of Anthropic's Python SDK do. It is imported here and nowhere else in this room."""

from __future__ import annotations

from typing import Any

from .case import Case, wrong

NAME = "anthropic"
ASK: dict[str, Any] = {
    "messages": [{"role": "user", "content": "Say hello in five words."}],
    "max_tokens": 256,
}


def connect(url: str, key: str | None) -> tuple[Any, str, tuple[type[Exception], ...]]:
    """Return a client, the SDK's version and its errors; ImportError where it is not installed."""
    import anthropic

    client = anthropic.Anthropic(
        base_url=url.rstrip("/"), api_key=key or "none", max_retries=0, timeout=60
    )
    return client, anthropic.__version__, (anthropic.AnthropicError,)


def _whole(client: Any, model: str) -> str:
    answer = client.messages.create(model=model, **ASK)
    return wrong(
        text=bool(answer.content and answer.content[0].text),
        stop_reason=answer.stop_reason in ("end_turn", "max_tokens"),
        usage=answer.usage.output_tokens > 0,
    )


def _stream(client: Any, model: str) -> str:
    with client.messages.stream(model=model, **ASK) as stream:
        texts = list(stream.text_stream)
        final = stream.get_final_message()
    return wrong(
        several_pieces=len(texts) > 1,
        whole_text="".join(texts) == "".join(block.text for block in final.content),
        stop_reason=final.stop_reason in ("end_turn", "max_tokens"),
        usage=final.usage.output_tokens > 0,
    )


def _count(client: Any, model: str) -> str:
    counted = client.messages.count_tokens(model=model, messages=ASK["messages"])
    return wrong(tokens=counted.input_tokens > 0)


def _unknown(client: Any, model: str) -> str:
    import anthropic

    try:
        client.messages.create(model="there-is-no-such-model", **ASK)
    except anthropic.NotFoundError as exc:
        return wrong(request_id=bool(exc.request_id))
    return "an unknown model is answered"


CASES = (
    Case("whole answer", _whole),
    Case("stream", _stream),
    Case("count tokens", _count),
    Case("unknown model", _unknown),
)
