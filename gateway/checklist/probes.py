"""Questions that a command asks a running gateway: stream, reconnect, limit, isolation, faults."""

from __future__ import annotations

import random
import re
import time
from concurrent.futures import ThreadPoolExecutor

from gateway.reading import Event, events_of, text_of

from .judging import judge
from .row import Outcome, not_looked
from .site import Answer, NoAnswer, Site

CHAT_KEYS = {
    "success", "response", "model_used", "ai_used", "sources", "usage", "used_rag", "tools_used",
}  # fmt: skip
CUT, FAILED = "upstream_truncated", "upstream_error"
FAULTS: dict[str, tuple[str, ...]] = {
    "cut@3": (CUT,), "err@3": (FAILED,), "reset@3": (CUT, FAILED), "garbage@3": (FAILED,),
    "no_finish@3": (CUT,), "503": (FAILED,), "429": ("upstream_rate_limited",), "401": (FAILED,),
}  # fmt: skip
POLICY = re.compile(r"q=(\d+)(?:;w=(\d+))?")
MAX_QUOTA = 1_000


def probe_stream(site: Site) -> Outcome:
    """A stream by GET: status, headers, first event, contiguous ids, a true end, the close."""
    started = time.monotonic()
    with site.opened("GET", site.ask_path("[[n=20]] [[delay=0.02]]")) as response:
        status, media = response.status, response.headers.get("Content-Type", "")
        events = list(events_of(response)) if status == 200 else []
    limit = "200, text/event-stream, metadata first, ids from 1, done last"
    if status != 200 or not media.startswith("text/event-stream"):
        remedy = "switch the flag on, and give --api-key where keys are set"
        return Outcome(False, f"status {status}, {media or 'no type'}", limit, remedy)
    return _judged(events, started, limit)


def _judged(events: list[Event], started: float, limit: str) -> Outcome:
    findings = judge(events, started)
    bad = [found for found in findings if not found.ok]
    seen = "; ".join(f"{found.name}: {found.seen}" for found in bad or findings[1:3])
    remedy = next((found.remedy for found in bad if found.remedy), "")
    return Outcome(not bad, seen, limit, remedy)


def probe_reconnect(site: Site, cuts: int = 12) -> Outcome:
    """Cut a stream at random bytes and resume by id: the same text, one run of the prompt."""
    words = " ".join(f"w{number}" for number in range(60))
    created = site.call(
        "POST", f"{site.base}/streams", {"query": f"[[text={words}]] [[delay=0.01]]"}
    )
    if created.status != 201:
        return Outcome(False, f"create answered {created.status} {created.code}", "201")
    where, events, last, drawn = str(created.json["url"]), [], "", random.Random()
    for _ in range(cuts):
        got = _some(site, where, last, drawn.randint(1, 900))
        events += got
        last = next((event.id for event in reversed(got) if event.id), last)
    status, rest = _rest(site, where, last)
    events += rest
    numbers = [event.data["sequence"] for event in events if event.id]
    is_same = text_of(events) == words or status == 204
    is_whole = numbers == list(range(1, len(numbers) + 1)) and text_of(events) == words
    seen = f"{cuts} cuts, {len(numbers)} events, text {'identical' if is_whole else 'differs'}"
    return Outcome(is_same and is_whole, seen, "identical text, nothing lost, nothing twice")


def _some(site: Site, path: str, last: str, size: int) -> list[Event]:
    """Return the whole events in the next `size` bytes, then cut the connection."""
    headers = {"Last-Event-ID": last} if last else {}
    with site.opened("GET", path, headers=headers) as response:
        data = b""
        while len(data) < size and (part := response.read1(size - len(data))):
            data += part
    return _parsed(data)


def _parsed(data: bytes) -> list[Event]:
    import io

    blocks = data.replace(b"\r\n", b"\n").rpartition(b"\n\n")[0]
    return list(events_of(io.BytesIO(blocks + b"\n\n")))  # type: ignore[arg-type]


def _rest(site: Site, path: str, last: str) -> tuple[int, list[Event]]:
    headers = {"Last-Event-ID": last} if last else {}
    with site.opened("GET", path, headers=headers) as response:
        return response.status, list(events_of(response)) if response.status == 200 else []


def probe_ratelimit(site: Site, wait_s: float = 75.0) -> Outcome:
    """Use a limit up: N pass, the next is refused with headers, and passes after the wait."""
    first = _small(site)
    found = POLICY.search(first.headers.get("ratelimit-policy", ""))
    if found is None:
        remedy = "set GATEWAY_LIMIT=5/5s, or give `limits:` and --limited-app"
        return Outcome(False, "no limit is in force for this caller", "N pass, N+1 is 429", remedy)
    quota = int(found[1])
    limit = f"{quota} pass in {found[2]} s, then 429"
    if quota > MAX_QUOTA:
        remedy = "give --limited-app with a smaller limit"
        return not_looked(f"the limit of {quota} is too large to use up", limit, remedy)
    passed, refused = int(first.status == 201), None
    for _ in range(quota + 1):
        answer = first if first.status == 429 else _small(site)
        if answer.status == 429:
            refused = answer
            break
        passed += 1
    if refused is None:
        return Outcome(False, f"{passed} passed and none was refused", limit)
    return _after_wait(site, refused, passed, quota, limit, wait_s)


def _after_wait(
    site: Site, refused: Answer, passed: int, quota: int, limit: str, wait_s: float
) -> Outcome:
    retry_s = int(refused.headers.get("retry-after", "0"))
    told = {"retry-after", "ratelimit", "x-ratelimit-remaining"} <= refused.headers.keys()
    if retry_s > wait_s:
        return Outcome(False, f"Retry-After is {retry_s} s", limit, "give a shorter window")
    time.sleep(retry_s)
    again = _small(site)
    seen = f"{passed} passed, then 429 with Retry-After {retry_s}, then {again.status}"
    return Outcome(passed <= quota and told and retry_s > 0 and again.status == 201, seen, limit)


def _small(site: Site) -> Answer:
    return site.call("POST", f"{site.base}/streams", {"query": "[[n=1]] [[delay=0]]"})


def probe_isolation(site: Site, streams: int = 10) -> Outcome:
    """Run streams at once, each with its own marker: each gets its own and no other."""
    markers = [f"marker-{number}-{random.randrange(10**9)}" for number in range(streams)]

    def one(marker: str) -> str:
        return text_of(site.events(f"[[text={marker} {marker} {marker}]] [[delay=0.02]]"))

    with ThreadPoolExecutor(streams) as pool:
        texts = list(pool.map(one, markers))
    wrong = sum(text != f"{m} {m} {m}" for text, m in zip(texts, markers, strict=True))
    return Outcome(not wrong, f"{streams} at once, {wrong} with foreign or missing text", "0")


def probe_chat(site: Site) -> Outcome:
    """The older endpoint: status, type and every field of its golden answer."""
    answer = site.call("POST", f"{site.base}/chat", {"query": "[[n=3]] [[delay=0]]"})
    keys = set(answer.json)
    media = answer.headers.get("content-type", "")
    is_json = media.startswith("application/json")
    is_good = answer.status == 200 and keys == CHAT_KEYS and is_json
    seen = (
        f"status {answer.status} {answer.code}, {len(keys & CHAT_KEYS)} of {len(CHAT_KEYS)} fields"
    )
    return Outcome(is_good, seen, "200 and exactly the known fields")


def probe_faults(site: Site) -> Outcome:
    """Let the scripted backend fail in every way: each is told with its code, none looks done."""
    wrong = []
    for fault, codes in FAULTS.items():
        try:
            last = site.events(f"[[n=9]] [[delay=0]] [[fault={fault}]]")[-1]
        except (NoAnswer, IndexError):
            wrong.append(f"{fault}: no terminal event")
            continue
        if last.kind != "error" or last.data["data"]["code"] not in codes:
            told = last.data.get("data", {}).get("code", last.kind)
            wrong.append(f"{fault}: {told} instead of {codes[0]}")
    seen = f"{len(FAULTS) - len(wrong)} of {len(FAULTS)} told as what they are"
    remedy = "needs a model of kind `script`; GATEWAY_BREAKER=off" if wrong else ""
    return Outcome(
        not wrong, "; ".join(wrong) or seen, "every fault an `error` with its code", remedy
    )


def stop_probe(site: Site) -> Outcome:
    """Create, follow, stop: the end is `done` with `cancelled`, and the usage so far."""
    created = site.call("POST", f"{site.base}/streams", {"query": "[[n=500]] [[delay=0.05]]"})
    if created.status != 201:
        return Outcome(False, f"create answered {created.status} {created.code}", "201")
    url = str(created.json["url"])
    with site.opened("GET", url) as response:
        events = events_of(response)
        next(events)
        site.call("DELETE", url)
        last = list(events)[-1]
    reason = last.data.get("data", {}).get("finish_reason", last.kind)
    return Outcome(reason == "cancelled", f"ended with {reason}", "done, cancelled")
