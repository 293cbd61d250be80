"""Providers behind one small protocol; knows neither our routes nor Redis."""

from .backend import Backend, BackendFactory, BackendOptions, Capabilities, Timeouts
from .batches import Batch, TextRun, batches_of, each, events_of
from .countdown import Alarm, Countdown
from .errors import (
    BackendError,
    BackendLimited,
    BackendRefused,
    BackendTimeout,
    BackendTruncated,
    BackendUnavailable,
)
from .events import (
    Attempt,
    Channel,
    Event,
    Finished,
    FinishReason,
    Other,
    Started,
    Text,
    ToolCall,
    Usage,
    Wire,
)
from .registry import known_kinds, load_backend, nearest_kind
from .request import (
    ChatRequest,
    DocumentPart,
    Effort,
    ImagePart,
    Message,
    Origin,
    Part,
    ReasoningPart,
    ResponseFormat,
    TextPart,
    Tool,
    ToolChoice,
    ToolResultPart,
    ToolUsePart,
    last_user_text,
)
from .routes import NOTICE, Plan, Router, Strategy, Target

__all__ = [
    "NOTICE", "Alarm", "Attempt", "Backend", "BackendError", "BackendFactory", "BackendLimited",
    "BackendOptions", "BackendRefused", "BackendTimeout", "BackendTruncated", "BackendUnavailable",
    "Batch", "Capabilities", "Channel", "ChatRequest", "Countdown", "DocumentPart", "Effort",
    "Event", "FinishReason", "Finished", "ImagePart", "Message", "Origin", "Other", "Part", "Plan",
    "ReasoningPart", "ResponseFormat", "Router", "Started", "Strategy", "Target", "Text",
    "TextPart", "TextRun", "Timeouts", "Tool", "ToolCall", "ToolChoice", "ToolResultPart",
    "ToolUsePart", "Usage", "Wire", "batches_of", "each", "events_of", "known_kinds",
    "last_user_text", "load_backend", "nearest_kind",
]  # fmt: skip
