"""The widget's request, from a query string or a JSON body, as one `ChatRequest`."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import unquote_to_bytes

import msgspec

from backends import ChatRequest, Message, TextPart
from gateway.config.schema import App
from gateway.errors import bad_field

from .body import clean_text, convert, decode

MAX_PROMPT = 32_000
MAX_TURNS = 200
MAX_NAME = 320
NAMES = ("user_email", "user_role", "model")
"""Optional fields, in the order of `WidgetRequest`; a form sends those without a value blank."""


class Turn(msgspec.Struct):
    """One earlier turn of the conversation."""

    role: str
    content: str


class WidgetRequest(msgspec.Struct):
    """The fields of the widget protocol; unknown ones are tolerated."""

    query: str
    conversation_history: list[Turn] | None = None
    user_email: str | None = None
    user_role: str | None = None
    model: str | None = None


def from_body(body: bytes) -> WidgetRequest:
    """Read the JSON form."""
    return checked(decode(body, WidgetRequest))


def from_query(query: Mapping[str, str], raw: str = "") -> WidgetRequest:
    """Read the query-string form; `conversation_history` is a JSON list there.

    `raw` is the query as it was sent: what is no UTF-8 in it does not show once it is decoded.
    """
    for part in raw.split("&"):
        _check_utf8(part)
    if "query" not in query:
        raise bad_field("query", "is required.")
    history = query.get("conversation_history") or "null"
    turns = None
    if history != "null":
        try:
            turns = convert(msgspec.json.decode(history), list[Turn], "conversation_history")
        except (msgspec.DecodeError, UnicodeEncodeError, RecursionError) as exc:
            raise bad_field("conversation_history", "must be a JSON list.") from exc
    names = [query.get(name) for name in NAMES]
    return checked(WidgetRequest(query["query"], turns, *names))


def _check_utf8(part: str) -> None:
    name, _, value = part.partition("=")
    try:
        unquote_to_bytes(value).decode()
    except UnicodeDecodeError as exc:
        raise bad_field(name[:64], "is not valid UTF-8.") from exc


def checked(request: WidgetRequest) -> WidgetRequest:
    """Raise an error that names the first field that is wrong."""
    clean_text("query", request.query, MAX_PROMPT)
    turns = request.conversation_history or []
    if len(turns) > MAX_TURNS:
        raise bad_field("conversation_history", f"at most {MAX_TURNS} turns.")
    for index, turn in enumerate(turns):
        at = f"conversation_history[{index}]"
        if turn.role not in ("user", "assistant"):
            raise bad_field(f"{at}.role", "must be user or assistant.")
        if turn.role == "user":  # what a model said is as long as it is, and holds what it holds
            clean_text(f"{at}.content", turn.content, MAX_PROMPT, allow_blank=True)
    for name in NAMES:
        value = getattr(request, name)
        if value is not None:
            clean_text(name, value, MAX_NAME, allow_blank=True)
            setattr(request, name, value if value.strip() else None)
    return request


def chat_request(request: WidgetRequest, app: App) -> ChatRequest:
    """Return the question for a backend; who asks stays here."""
    messages = [
        Message(turn.role, (TextPart(turn.content),))  # type: ignore[arg-type]
        for turn in request.conversation_history or ()
        if turn.content.strip()
    ]
    messages.append(Message("user", (TextPart(request.query),)))
    system = (TextPart(app.system_prompt),) if app.system_prompt else ()
    return ChatRequest(model=request.model or app.model, messages=tuple(messages), system=system)
