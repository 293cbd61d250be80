"""File and environment become one judged `Config`; the rest of the gateway reads only that."""

from .check import is_loopback
from .hashing import hash_key, is_hash, new_key
from .load import Loaded, examine, load
from .local import local_address
from .problems import ConfigInvalid, Problem, explain, nearest
from .processing import record_of_processing
from .schema import (
    App,
    Audit,
    Backend,
    Config,
    Disconnect,
    Key,
    Limit,
    Model,
    Per,
    Profile,
    Redis,
    Retention,
    Server,
    Sink,
    Target,
)
from .show import fingerprint

__all__ = [
    "App", "Audit", "Backend", "Config", "ConfigInvalid", "Disconnect", "Key", "Limit",
    "Loaded", "Model", "Per", "Problem", "Profile", "Redis", "Retention", "Server", "Sink",
    "Target", "examine", "explain", "fingerprint", "hash_key", "is_hash", "is_loopback", "load",
    "local_address", "nearest", "new_key", "record_of_processing",
]  # fmt: skip
