"""The backend to copy: it says back what was asked, word by word. A new kind needs no more."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator

from .backend import BackendOptions, Capabilities, Timeouts
from .events import Event, Finished, Started, Text, Usage
from .request import ChatRequest, last_user_text


class EchoBackend:
    """Answers with the words of the question."""

    capabilities = Capabilities()

    def __init__(self, name: str, timeouts: Timeouts) -> None:
        self.name = name
        self.timeouts = timeouts

    async def stream(self, request: ChatRequest) -> AsyncGenerator[Event, None]:
        """Yield `Started`, one `Text` a word, `Usage`, `Finished`."""
        words = re.findall(r"\s*\S+", last_user_text(request))
        yield Started(model=request.model)
        for word in words:
            yield Text(word)
        yield Usage(input_tokens=len(words), output_tokens=len(words))
        yield Finished("stop")

    async def aclose(self) -> None:
        """Hold nothing, so give nothing back."""


def create(name: str, options: BackendOptions) -> EchoBackend:
    """Build it from its entry in the configuration."""
    return EchoBackend(name, options.timeouts)
