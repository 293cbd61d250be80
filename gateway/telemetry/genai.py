"""The names of OpenTelemetry's GenAI conventions that we use, in one place.

Read from semantic-conventions-genai (status: development). Texts of people are never attributes.
"""

from __future__ import annotations

OPERATION = "chat"
OPERATION_NAME = "gen_ai.operation.name"
PROVIDER = "gen_ai.provider.name"
REQUEST_MODEL = "gen_ai.request.model"
REQUEST_STREAM = "gen_ai.request.stream"
MAX_TOKENS = "gen_ai.request.max_tokens"
TEMPERATURE = "gen_ai.request.temperature"
TOP_P = "gen_ai.request.top_p"
RESPONSE_MODEL = "gen_ai.response.model"
FINISH_REASONS = "gen_ai.response.finish_reasons"
FIRST_CHUNK_S = "gen_ai.response.time_to_first_chunk"
INPUT_TOKENS = "gen_ai.usage.input_tokens"
OUTPUT_TOKENS = "gen_ai.usage.output_tokens"
ERROR = "error.type"
STREAM_ID = "sluicegate.stream_id"
APP = "sluicegate.app"
DIALECT = "sluicegate.dialect"
ATTEMPTS = "sluicegate.attempts"

PROVIDERS = {
    "openai_chat": "openai",
    "openai_responses": "openai",
    "anthropic_messages": "anthropic",
}
"""The conventions' word for the provider behind a kind of backend; other kinds are their own."""
