"""The API described once: OpenAPI 3.1 and a page for people, from the Structs that requests use."""

from .document import build_document

__all__ = ["build_document"]
