"""What users of OpenAI's Python SDK do. The SDK is imported here and nowhere else in this room."""

from __future__ import annotations

from typing import Any

from .case import Case, wrong

NAME = "openai"
ASK = [{"role": "user", "content": "Say hello in five words."}]


def connect(url: str, key: str | None) -> tuple[Any, str, tuple[type[Exception], ...]]:
    """Return a client, the SDK's version and its errors; ImportError where it is not installed."""
    import openai

    client = openai.OpenAI(
        base_url=f"{url.rstrip('/')}/v1", api_key=key or "none", max_retries=0, timeout=60
    )
    return client, openai.__version__, (openai.OpenAIError,)


def _models(client: Any, model: str) -> str:
    names = [one.id for one in client.models.list()]
    return wrong(**{f"{model}_is_listed": model in names})


def _whole(client: Any, model: str) -> str:
    answer = client.chat.completions.create(model=model, messages=ASK)
    choice = answer.choices[0]
    return wrong(
        text=bool(choice.message.content),
        finish_reason=choice.finish_reason in ("stop", "length"),
        usage=answer.usage is not None and answer.usage.completion_tokens > 0,
    )


def _stream(client: Any, model: str) -> str:
    chunks = list(
        client.chat.completions.create(
            model=model, messages=ASK, stream=True, stream_options={"include_usage": True}
        )
    )
    texts = [c.choices[0].delta.content or "" for c in chunks if c.choices]
    ends = [c.choices[0].finish_reason for c in chunks if c.choices and c.choices[0].finish_reason]
    return wrong(
        several_pieces=len([text for text in texts if text]) > 1,
        one_finish_reason=len(ends) == 1,
        usage_at_the_end=chunks[-1].usage is not None,
        one_id=len({chunk.id for chunk in chunks}) == 1,
    )


def _responses(client: Any, model: str) -> str:
    events = list(client.responses.create(model=model, input="Say hello.", stream=True))
    kinds = [event.type for event in events]
    return wrong(
        begins_with_created=kinds[0] == "response.created",
        text_in_pieces="response.output_text.delta" in kinds,
        ends_with_completed=kinds[-1] == "response.completed",
    )


def _unknown(client: Any, model: str) -> str:
    import openai

    try:
        client.chat.completions.create(model="there-is-no-such-model", messages=ASK)
    except openai.NotFoundError as exc:
        return wrong(code=exc.code == "model_not_found", request_id=bool(exc.request_id))
    return "an unknown model is answered"


CASES = (
    Case("models", _models),
    Case("whole answer", _whole),
    Case("stream with usage", _stream),
    Case("responses stream", _responses),
    Case("unknown model", _unknown),
)
