"""The scripted provider on the wire: real sockets, both big dialects, every fault at byte level.

For tests and for trying a client without paying; `python -m backends.provider --help`.
"""

from .app import create_provider

__all__ = ["create_provider"]
