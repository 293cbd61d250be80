"""What the way to a gateway does to a stream: buffering, compression, idle cuts, TLS, clock."""

from __future__ import annotations

import socket
import ssl
import statistics
import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from itertools import pairwise
from urllib.parse import urlsplit

import msgspec

from gateway.reading import events_of

from .judging import TOGETHER_MS
from .site import NoAnswer, Site

REMEDIES = {
    "nginx": "proxy_buffering off; proxy_http_version 1.1; gzip off; proxy_read_timeout 3600s;",
    "cloudflare": "add a configuration rule for this path: compression and buffering off",
    "caddy": "reverse_proxy … { flush_interval -1 }, and no `encode` on this path",
    "envoy": "no buffer filter on this route; route timeout 0s, stream_idle_timeout 3600s",
    "awselb": "ALB: idle timeout above 60 s; do not use a Lambda target",
}
PIECES = 12
NO_STREAM = "switch the flag on, give --api-key"
ANYWHERE = "switch response buffering and compression off on this path, read timeout above 60 s"


class Found(msgspec.Struct, frozen=True):
    """One finding: whether it is well (None: not looked at), what was seen, what to change."""

    name: str
    ok: bool | None
    seen: str
    remedy: str = ""


def examine_path(site: Site, *, idle_s: float = 0.0, origin: str | None = None) -> list[Found]:
    """Return every finding; one that breaks off is a finding of its own."""
    checks: list[tuple[str, Callable[[], Found]]] = [
        ("reached", lambda: reached(site)),
        ("ready", lambda: ready(site)),
        ("clock", lambda: clock(site)),
        ("TLS", lambda: tls(site)),
        ("piece by piece", lambda: pieces(site)),
        ("compression", lambda: compression(site)),
        ("headers kept", lambda: headers_kept(site)),
        ("silence", lambda: silence(site, idle_s)),
        ("foreign pages", lambda: foreign(site)),
        ("own page", lambda: own_page(site, origin)),
    ]
    found = []
    for name, check in checks:
        try:
            found.append(check())
        except (NoAnswer, OSError, ValueError) as exc:
            found.append(Found(name, False, str(exc), "is the gateway running, and this its URL?"))
            if name == "reached":
                break
    return found


def _remedy(response_headers: dict[str, str]) -> str:
    told = " ".join(response_headers.get(name, "") for name in ("server", "via")).lower()
    return next((words for name, words in REMEDIES.items() if name in told), ANYWHERE)


def reached(site: Site) -> Found:
    """The health page answers."""
    answer = site.call("GET", "/healthz")
    version = answer.json.get("version", "?")
    seen = f"status {answer.status}, version {version}, server {answer.headers.get('server', '-')}"
    return Found("reached", answer.status == 200, seen, "check URL, DNS and port")


def ready(site: Site) -> Found:
    """The instance takes traffic."""
    answer = site.call("GET", "/readyz")
    reasons = ", ".join(answer.json.get("reasons", [])) or "takes traffic"
    degraded = ", ".join(answer.json.get("degraded", []))
    seen = reasons + (f", degraded: {degraded}" if degraded else "")
    return Found("ready", answer.status == 200 and not degraded, seen, "docs/runbooks.md")


def clock(site: Site) -> Found:
    """Both clocks agree: tickets and limits depend on it."""
    told = site.call("GET", "/healthz").headers.get("date")
    if not told:
        return Found("clock", None, "the answer has no date")
    apart_s = abs(time.time() - parsedate_to_datetime(told).timestamp())
    return Found("clock", apart_s < 5, f"{apart_s:.0f} s apart", "run NTP on both machines")


def tls(site: Site) -> Found:
    """Certificate, protocol and what is offered beside HTTP/1.1."""
    parts = urlsplit(site.url)
    if parts.scheme != "https":
        is_local = parts.hostname in ("127.0.0.1", "localhost", "::1")
        seen = "plain HTTP" + (" on this machine" if is_local else "")
        return Found("TLS", None if is_local else False, seen, "put a proxy with TLS before it")
    context = ssl.create_default_context()
    context.set_alpn_protocols(["h2", "http/1.1"])
    address = (parts.hostname or "", parts.port or 443)
    with (
        socket.create_connection(address, timeout=10) as plain,
        context.wrap_socket(plain, server_hostname=parts.hostname) as secure,
    ):
        certificate = secure.getpeercert() or {}
        until = ssl.cert_time_to_seconds(str(certificate.get("notAfter")))
        days = (until - time.time()) / 86_400
        chosen = secure.selected_alpn_protocol() or "http/1.1"
        seen = f"{secure.version()}, {chosen}, certificate for {days:.0f} days"
    if chosen != "h2":
        seen += "; browsers open at most six HTTP/1.1 streams a host"
    return Found("TLS", days > 7, seen, "renew the certificate")


def pieces(site: Site) -> Found:
    """Tokens sent a tenth of a second apart arrive like that; those of a real model not at once."""
    with site.opened("GET", site.ask_path(f"[[n={PIECES}]] [[delay=0.1]]")) as response:
        told = {name.lower(): value for name, value in response.headers.items()}
        if response.status != 200:
            seen = f"the stream was answered with {response.status}"
            return Found("piece by piece", False, seen, NO_STREAM)
        events = list(events_of(response))
    if events and events[-1].kind == "error":
        failure = events[-1].data["data"]
        seen, page = f"{failure['code']}: {failure['message']}", f"/docs/errors#{failure['code']}"
        return Found("piece by piece", False, f"no answer to look at: {seen}", f"see {page}")
    times = [event.at_s for event in events if event.kind == "token"]
    gaps_ms = [(b - a) * 1000 for a, b in pairwise(times)] or [0.0]
    median = statistics.median(gaps_ms)
    seen = f"{len(times)} pieces, median gap {median:.0f} ms, longest {max(gaps_ms):.0f} ms"
    if len(times) == PIECES:
        return Found("piece by piece", 40 < median < 400, seen, _remedy(told))
    is_spread = median >= TOGETHER_MS if len(times) > 3 else None
    return Found("piece by piece", is_spread, seen, _remedy(told))


def compression(site: Site) -> Found:
    """Nobody on the way compresses a stream: a compressor holds pieces back."""
    headers = {"Accept-Encoding": "gzip, br, zstd"}
    path = site.ask_path("[[n=2]] [[delay=0]]")
    with site.opened("GET", path, headers=headers) as response:
        encoding = response.headers.get("Content-Encoding", "")
        told = {name.lower(): value for name, value in response.headers.items()}
    return Found("compression", not encoding, encoding or "none", _remedy(told))


def headers_kept(site: Site) -> Found:
    """The headers that keep proxies and caches from touching a stream arrive."""
    with site.opened("GET", site.ask_path("[[n=1]] [[delay=0]]")) as response:
        control = response.headers.get("Cache-Control", "")
        media = response.headers.get("Content-Type", "")
        version = {10: "HTTP/1.0", 11: "HTTP/1.1"}.get(response.version, str(response.version))
    is_kept = "no-transform" in control and media.startswith("text/event-stream")
    seen = f"{version}, {media or 'no type'}, {control or 'no cache-control'}"
    is_new = version != "HTTP/1.0"
    return Found("headers kept", is_kept and is_new, seen, "proxy_http_version 1.1; add no headers")


def silence(site: Site, idle_s: float) -> Found:
    """A stream whose provider is silent is kept open by heartbeats."""
    if not idle_s:
        return Found("silence", None, "not looked at; --idle 70 waits as long as common limits")
    path = site.ask_path(f"[[ttft={idle_s:g}]] [[n=1]]")
    with site.opened("GET", path) as response:
        told = {name.lower(): value for name, value in response.headers.items()}
        if response.status != 200:
            return Found("silence", False, f"status {response.status}", NO_STREAM)
        kinds = [event.kind for event in events_of(response)]
    end = kinds[-1] if kinds else "nothing"
    return Found("silence", end == "done", f"after {idle_s:g} s of silence: {end}", _remedy(told))


def foreign(site: Site) -> Found:
    """A page from elsewhere is refused, and gets no permission to read."""
    headers = {"Origin": "https://foreign.example"}
    answer = site.call("GET", site.ask_path("[[n=1]]"), headers=headers)
    allowed = answer.headers.get("access-control-allow-origin", "")
    seen = f"status {answer.status}, {'may read' if allowed else 'may not read'}"
    remedy = "a proxy adds CORS headers or removes Origin: let the gateway decide"
    return Found("foreign pages", answer.status == 403 and not allowed, seen, remedy)


def own_page(site: Site, origin: str | None) -> Found:
    """The page that embeds the chat may use it."""
    if origin is None:
        return Found("own page", None, "not looked at; --origin https://your-site.example")
    answer = site.call("OPTIONS", f"{site.base}/streams", headers={
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type",
    })  # fmt: skip
    allowed = answer.headers.get("access-control-allow-origin", "")
    remedy = f"add {origin} to `apps.{site.app}.origins`, or to GATEWAY_CORS_ORIGINS"
    return Found("own page", allowed == origin, f"allowed: {allowed or 'no'}", remedy)
