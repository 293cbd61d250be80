"""Numbers the tool calls of one answer: dense from 0, id and name once, an id made if absent."""

from __future__ import annotations

import secrets

import msgspec

from .events import ToolCall


class _Call(msgspec.Struct):
    index: int
    id: str | None
    name: str | None = None
    held: str = ""
    has_arguments: bool = False
    is_custom: bool = False


class ToolCalls:
    """Turns a provider's fragments into `ToolCall` events, whatever it calls its calls."""

    __slots__ = ("_calls", "_latest", "_of_key")

    def __init__(self) -> None:
        self._calls: list[_Call] = []
        self._of_key: dict[int, _Call] = {}
        self._latest: _Call | None = None

    def __bool__(self) -> bool:
        return bool(self._calls)

    def fragment(
        self,
        key: int | None,
        id: str | None,
        name: str | None,
        arguments: str,
        *,
        is_custom: bool = False,
    ) -> ToolCall | None:
        """Take one fragment; `key` is the provider's own index. Held back until a name is known."""
        call = self._find(key, id, name)
        call.is_custom = call.is_custom or is_custom
        if call.name is None:
            call.held += arguments
            if not name:
                return None
            call.name = name
            call.id = id or call.id or f"call_{secrets.token_hex(12)}"
            call.has_arguments = bool(call.held)
            return ToolCall(call.index, call.held, call.id, name, call.is_custom)
        if not arguments:
            return None
        call.has_arguments = True
        return ToolCall(call.index, arguments, is_custom=call.is_custom)

    def close(self, key: int) -> ToolCall | None:
        """End one call: arguments that never came are the empty object."""
        call = self._of_key.get(key)
        return self._complete(call) if call else None

    def close_all(self) -> list[ToolCall]:
        """End every call that is still open."""
        return [event for call in self._calls if (event := self._complete(call))]

    def has_nameless(self) -> bool:
        """Tell whether a call came to the end without ever being named."""
        return any(call.name is None for call in self._calls)

    def forget_key(self, key: int) -> None:
        """Let the next fragment of this index begin another call."""
        self._of_key.pop(key, None)

    def forget_keys(self) -> None:
        """Begin to count the provider's own indexes anew."""
        self._of_key.clear()

    def _complete(self, call: _Call) -> ToolCall | None:
        if call.has_arguments or call.name is None or call.is_custom:
            return None
        call.has_arguments = True
        return ToolCall(call.index, "{}")

    def _find(self, key: int | None, id: str | None, name: str | None) -> _Call:
        if key is not None:
            known = self._of_key.get(key)
        else:
            known = self._by_id(id) if id else self._latest
            key = known.index if known else len(self._calls)
        # Some makers give every parallel call the same index: a new id with a name is a new call.
        is_other = known is not None and known.name and name and id and known.id != id
        if known is None or is_other:
            known = _Call(len(self._calls), id)
            self._calls.append(known)
            self._of_key[key] = known
        self._latest = known
        return known

    def _by_id(self, id: str) -> _Call | None:
        return next((call for call in self._calls if call.id == id), None)
