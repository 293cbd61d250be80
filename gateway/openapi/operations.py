"""Every documented route in one table; a test compares it with the routes that are served."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from gateway.api.embeddings import Embeddings
from gateway.dialects.agui.request import RunInput
from gateway.dialects.ai_sdk.request import UIChat
from gateway.dialects.anthropic_messages import Messages
from gateway.dialects.openai_chat.request import OpenAIChat
from gateway.dialects.openai_responses import Responses
from gateway.dialects.widget_request import WidgetRequest

from .answers import ChatAnswer, Created, Health, Ready, Stopped, Ticket
from .events import WidgetEvent

SSE = "text/event-stream"
JSON = "application/json"
Open = dict[str, Any]
"""An answer in a provider's protocol: their documentation is the reference."""


class Parameter(msgspec.Struct, frozen=True):
    """A parameter of the path, the query or a header."""

    name: str
    place: Literal["path", "query", "header"]
    description: str
    is_required: bool = False


class Operation(msgspec.Struct, frozen=True):
    """One method of one path; `answer` is what its success looks like."""

    method: str
    path: str
    summary: str
    answer: Any
    status: int = 200
    media: str = JSON
    body: Any = None
    parameters: tuple[Parameter, ...] = ()
    needs_key: bool | None = True
    """None: in production only, or where the second port is not used."""
    family: str = "widget"


APP = Parameter("app", "path", "The application profile of the configuration.", True)
ID = Parameter("id", "path", "The stream's id.", True)
LAST = Parameter("last_event_id", "query", "Go on after this event, for a fresh EventSource.")
LAST_HEADER = Parameter("Last-Event-ID", "header", "Go on after this event; browsers send it.")
TICKET = Parameter("ticket", "query", "Stands for credentials, because EventSource sends none.")
QUERY = (
    Parameter("query", "query", "The question; required unless an event id is given."),
    Parameter("conversation_history", "query", "JSON list of {role, content}."),
    Parameter("user_email", "query", "For the audit trail only; reaches no provider."),
    Parameter("user_role", "query", "For the audit trail only; reaches no provider."),
    Parameter("model", "query", "A model alias; absent: the app's."),
)
IDEMPOTENCY = Parameter("Idempotency-Key", "header", "The same key leads to the same stream.")
BASE = "/api/v2/{app}"

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "get", f"{BASE}/chat-stream", "Ask and stream; made for native EventSource", WidgetEvent,
        media=SSE, parameters=(APP, *QUERY, TICKET, LAST, LAST_HEADER),
    ),
    Operation(
        "post", f"{BASE}/chat-stream", "Ask with JSON; the answer is the stream", WidgetEvent,
        media=SSE, body=WidgetRequest, parameters=(APP, LAST_HEADER),
    ),
    Operation(
        "post", f"{BASE}/streams", "Create a stream; the prompt is in no URL", Created,
        status=201, body=WidgetRequest, parameters=(APP, IDEMPOTENCY),
    ),
    Operation(
        "get", f"{BASE}/streams/{{id}}", "Follow a stream, from any tab, resumable", WidgetEvent,
        media=SSE, parameters=(APP, ID, TICKET, LAST, LAST_HEADER),
    ),
    Operation(
        "delete", f"{BASE}/streams/{{id}}", "Stop a stream", Stopped, parameters=(APP, ID, TICKET),
    ),
    Operation(
        "post", f"{BASE}/tickets", "Exchange credentials for a ticket", Ticket, status=201,
        parameters=(APP,),
    ),
    Operation(
        "post", f"{BASE}/chat", "Ask and get the whole answer", ChatAnswer, body=WidgetRequest,
        parameters=(APP,),
    ),
    Operation(
        "post", "/v1/chat/completions", "OpenAI chat, streaming or not", Open, body=OpenAIChat,
        family="OpenAI",
    ),
    Operation("post", "/v1/responses", "OpenAI responses, stateless", Open, body=Responses,
              family="OpenAI"),
    Operation("post", "/v1/embeddings", "OpenAI embeddings, passed through", Open,
              body=Embeddings, family="OpenAI"),
    Operation("get", "/v1/models", "The model aliases that the key may use", Open,
              family="OpenAI"),
    Operation(
        "get", "/v1/models/{model}", "One model alias", Open, family="OpenAI",
        parameters=(Parameter("model", "path", "The alias.", True),),
    ),
    Operation("post", "/v1/messages", "Anthropic messages, streaming or not", Open,
              body=Messages, family="Anthropic"),
    Operation("post", "/v1/messages/count_tokens", "Count the tokens of a request", Open,
              body=Messages, family="Anthropic"),
    Operation("post", "/api/chat", "AI SDK UI message stream", Open, media=SSE, body=UIChat,
              family="AI SDK"),
    Operation(
        "get", "/api/chat/{chat}/stream", "Resume a chat's stream: a full replay", Open, media=SSE,
        parameters=(Parameter("chat", "path", "The chat's id.", True),), family="AI SDK",
    ),
    Operation(
        "delete", "/api/chat/{chat}/stream", "Stop a chat's stream", Open,
        parameters=(Parameter("chat", "path", "The chat's id.", True),), family="AI SDK",
    ),
    Operation("post", "/agui", "AG-UI run", Open, media=SSE, body=RunInput, family="AG-UI"),
    Operation("get", "/healthz", "The process lives", Health, needs_key=False,
              family="operations"),
    Operation("get", "/readyz", "May this instance take traffic? 503 when not", Ready,
              needs_key=False, family="operations"),
    Operation("get", "/metrics", "Prometheus exposition", str, media="text/plain",
              needs_key=None, family="operations"),
    Operation(
        "get", "/report", "Numbers of the last hours, as `gateway report` reads them", Open,
        parameters=(Parameter("since", "query", "How far back: 30m, 24h, 7d."),),
        family="operations",
    ),
)  # fmt: skip
