"""What `serve` says once it is ready: where, what answers, who may come in. No colour."""

from __future__ import annotations

from urllib.parse import urlsplit

from gateway.config import Config, is_loopback

FLAG = "ENABLE_SSE_STREAMING"
EVERYWHERE = {"0.0.0.0", "::", ""}  # nosec B104 - compared with, not bound


HEAD = "The gateway is ready: "
STORE_AWAY = "; IT DOES NOT ANSWER: look at the warnings of the log, and at REDIS_URL"
NAMES = ("try", "answers", "reach", "flag", "store")


def is_start_text(line: str) -> bool:
    """Whether a line is one of these; they may stand among the records of the log."""
    return line.startswith((HEAD, *(f"  {name:<9} " for name in NAMES)))


def start_text(config: Config, bound_url: str, *, is_store_away: bool = False) -> list[str]:
    """Return six lines: page, curl line, backend, reach, flag, store."""
    url = _reachable(bound_url)
    return [
        f"{HEAD}{url}/",
        f"  try       {_curl(config, url)}",
        f"  answers   {_answers(config)}",
        f"  reach     {_reach(config)}",
        f"  flag      {FLAG}={config.flags.get(FLAG, 'off')}",
        f"  store     {_store(config)}{STORE_AWAY if is_store_away else ''}",
    ]


def _reachable(bound_url: str) -> str:
    """Return an address that works on this machine for one that means all of them."""
    parts = urlsplit(bound_url)
    if (parts.hostname or "") not in EVERYWHERE:
        return bound_url.rstrip("/")
    return f"{parts.scheme}://127.0.0.1:{parts.port}"


def _curl(config: Config, url: str) -> str:
    app = next(iter(config.apps), "bali-zero")
    key = " -H 'Authorization: Bearer KEY'" if config.keys else ""
    return f"curl -N{key} '{url}/api/v2/{app}/chat-stream?query=Hello'"


def _answers(config: Config) -> str:
    app = next(iter(config.apps.values()), None)
    model = config.models.get(app.model) if app else None
    if app is None or model is None:
        return "nothing yet: no model is configured"
    names = [target.backend for target in model.targets]
    kinds = {name: config.backends[name].kind for name in names}
    shown = (", else " if model.strategy == "fallback" else " or ").join(
        f"{name} ({kind})" for name, kind in kinds.items()
    )
    note = "; for a real model set OPENAI_API_KEY or ANTHROPIC_API_KEY"
    return f"model {app.model}: {shown}" + (note if set(kinds.values()) == {"script"} else "")


def _reach(config: Config) -> str:
    host = config.server.host
    who = "this machine only" if is_loopback(host) else f"every machine that reaches {host}"
    if config.keys:
        count = len(config.keys)
        return f"{who}, with one of {count} keys" if count > 1 else f"{who}, with the key"
    return f"{who}, no key is asked for"


def _store(config: Config) -> str:
    workers = config.server.workers
    count = f"{workers} workers" if workers > 1 else "one worker"
    if config.redis.url:
        return f"Redis, {count}"
    return f"in memory, {count}; set REDIS_URL for more"
