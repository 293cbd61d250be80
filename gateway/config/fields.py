"""What each field of the file is for, for the reference page and for editors."""

from __future__ import annotations

from collections.abc import Mapping

SECTIONS: Mapping[str, str] = {
    "Config": "The whole file. Every section may be absent.",
    "Server": "Where the gateway listens and how it stops.",
    "Redis": "The store that workers and replicas share.",
    "Backend": "A provider. Further fields depend on `kind`.",
    "Timeouts": "Clocks of one attempt at a provider, in seconds.",
    "Model": "A name that clients use, and where it leads.",
    "Target": "One backend and the model that it is asked for.",
    "App": "An application profile: the `{app}` in the widget's paths.",
    "Disconnect": "What happens to an answer that nobody listens to any more.",
    "Limit": "One policy: exactly one of `requests`, `tokens`, `money`, `concurrent`.",
    "Match": "The calls that a limit is about; what is absent matches all.",
    "Exempt": "The callers that a limit passes over.",
    "Price": "What a model costs, in currency units for a million tokens. The name is an alias of "
    "`models`, a `backend/model`, or a provider's model name; the most exact one counts.",
    "Key": "An API key; only its hash is stored.",
    "Audit": "The audit trail.",
    "AuditRule": "What is different for some apps and models: the first rule that matches counts. "
    "Changes, refusals and rights of persons are recorded at any level.",
    "Sink": "Where audit records go.",
    "Retention": "How long audit records are kept, in days.",
}

FIELDS: Mapping[str, Mapping[str, str]] = {
    "Config": {
        "profile": "`production` refuses unsafe settings",
        "server": "address, workers, shutdown",
        "redis": "the shared store",
        "backends": "providers by name; absent: from the environment, else the scripted one",
        "models": "names for clients; absent: `default` and one for each backend",
        "apps": "profiles by name; absent: `bali-zero`",
        "limits": "policies by name; absent: 20 requests a minute for each user",
        "prices": "what models cost, for limits in money",
        "keys": "API keys; absent: nobody is asked for one",
        "admin_key_hash": "hash of the key that opens `/admin`; absent: `/admin` is off",
        "jwt_secret": "secret of signed user claims (HS256), shared with the embedding site",
        "audit": "the audit trail",
        "flags": "start values of flags",
        "breaker": "stop asking a failing backend for a while",
        "otel_endpoint": "collector of OpenTelemetry spans (OTLP over HTTP); absent: none are made",
        "guard": "take a step of the rollout back while a rollback criterion holds",
    },
    "Server": {
        "host": "address to listen on",
        "port": "port to listen on; 0 takes a free one",
        "hosts": "further Host names that are ours",
        "workers": "processes; more than one needs Redis",
        "drain_s": "seconds that running answers get at shutdown",
        "metrics_port": "second port for metrics and all of `/admin`; the main one still asks for "
        "the admin key",
        "trusted_proxies": "addresses or networks whose forwarding headers are believed",
        "max_streams": "running answers of one worker; beyond it new ones get 503",
        "max_body_mib": "largest body of a provider protocol, up to 64 MiB: pictures are in it",
        "retention_s": "seconds for which an answer that has ended can be resumed",
        "warm": "keep a connection to each provider open, so that no first word waits for a TLS "
        "handshake; absent: in the production profile",
    },
    "Redis": {
        "url": "`redis://`, `rediss://` or `unix://`; empty: in memory, one worker",
        "durability": "`relaxed`: readers first, the log within 25 ms; `strict`: the log first",
        "lease_s": "seconds after which others settle the calls of a worker that died, and free "
        "its slots",
    },
    "Backend": {
        "kind": "the adapter",
        "base_url": "address of the provider; absent: its public one",
        "api_key": "key of the provider",
        "timeouts": "clocks",
    },
    "Timeouts": {
        "connect_s": "until a connection to the provider stands",
        "first_s": "until the first words",
        "idle_s": "between two signs of life",
        "total_s": "for the whole answer",
    },
    "Model": {
        "targets": "where it leads",
        "strategy": "`fallback`: in order; `weighted`: by weight; `fastest`: who spoke soonest; "
        "`hedged`: the next one too after `hedge_after_s` of silence",
        "hedge_after_s": "seconds before `hedged` asks the next target",
        "continues": "let a text that broke off go on at another target, announced",
    },
    "Target": {
        "backend": "name of a backend",
        "model": "model name of that provider",
        "weight": "share of the calls with `weighted`",
    },
    "App": {
        "model": "model where the caller names none",
        "origins": "pages that may use it, as `https://host`",
        "limits": "names of limits, beside those that no app names; absent: all, `[]`: none",
        "disconnect": "what happens when nobody listens",
        "system_prompt": "put before every conversation",
        "redact": "`outbound` hides personal values from the provider and restores them in the "
        "answer",
        "flag": "the flag that opens streaming",
    },
    "Disconnect": {
        "policy": "`linger`: go on for a while; `cancel`: stop at once; `drain`: run to the end",
        "linger_s": "seconds for `linger`",
    },
    "Limit": {
        "per": "who is counted; several make a combination. `user` is the signed user, else the "
        "key, else the address; `tenant` is the key's tenant, else the key, else the address",
        "requests": "calls in the window",
        "tokens": "input and output tokens in the window",
        "money": "cost in the window, in the currency of `prices`",
        "concurrent": "running answers",
        "window_s": "length of the window in seconds",
        "period": "count by the calendar instead of a window: a day or a month",
        "timezone": "where days and months begin, such as `Asia/Makassar`",
        "burst": "spread requests or tokens evenly: so many at once, the rest over the window",
        "match": "the calls that it is about",
        "exempt": "the callers that it passes over",
        "anonymous": "true: only callers without key and signed user; false: only the others; "
        "absent: both",
        "on_outage": "without Redis: `local` counts alone, `closed` refuses, `open` lets all pass",
        "shadow": "report, never refuse",
    },
    "Match": {
        "apps": "names of apps",
        "models": "names that callers use: aliases, `backend/model` or `backend/*`",
        "routes": "paths such as `/v1/messages`, with `*` at the end for all that begin so",
        "keys": "ids of keys",
    },
    "Exempt": {
        "keys": "ids of keys",
        "users": "names of signed users",
        "addresses": "addresses or networks such as `10.0.0.0/8`; of IPv6 at most `/64`",
    },
    "Price": {
        "input": "input that no cache served",
        "output": "output, reasoning included",
        "cache_read": "input read from the provider's cache; absent: as `input`",
        "cache_write": "input written to it; absent: as `input`",
    },
    "Key": {
        "id": "name for logs and audit",
        "hash": "`sha256:` and 64 hex digits, from `gateway keys create`",
        "apps": "apps it opens; absent: all",
        "models": "models it opens, `backend/model`, or `backend/*` for all of one; absent: all",
        "origins": "pages that may use it",
        "tenant": "the customer that it belongs to, for limits `per: [tenant]`",
    },
    "Audit": {
        "level": "`none`, `metadata`, `redacted` (words without personal data) or `sealed`",
        "rules": "other levels and strategies for some apps and models",
        "strategies": "what stands for a value, by type such as `EMAIL`, `*` for all: "
        "`pseudonym` (default), `placeholder`, `mask`, `hash`, `encrypt`, `drop`, `keep`",
        "purpose": "why chats are sealed; stands in their records, and level `sealed` needs it",
        "detectors": "installed plug-ins of the entry-point group `sluicegate.detectors`",
        "key": "secret that makes pseudonyms; production needs it",
        "rotation_days": "after so many days a person gets a new random name; 0: never",
        "max_bytes": "what the files may take: above 70 % no words are kept, above 90 % new chats "
        "get 503; absent: as much as the disk has",
        "sinks": "where records go",
        "published": "folder of a second place, such as a mounted share, that gets a copy of each "
        "signed checkpoint and public key: against it a cut trail shows",
        "retention_days": "how long they are kept",
    },
    "AuditRule": {
        "apps": "names of apps; absent: all",
        "models": "names that callers use: aliases, `backend/model` or `backend/*`; absent: all",
        "level": "as `audit.level`; absent: that one",
        "strategies": "as `audit.strategies`, on top of those",
    },
    "Sink": {
        "kind": "`jsonl`: files, one JSON object a line, first and once; behind it, each at its "
        "own pace: `sqlite`, `stdout`, `redis` (a stream), `postgres` (a table)",
        "path": "folder of `jsonl`, file of `sqlite`",
        "url": "address of `redis` or `postgres`",
        "name": "stream of `redis`, table of `postgres`; absent: `sluicegate:audit`, "
        "`sluicegate_audit`",
    },
    "Retention": {
        "content": "words",
        "sealed": "words of which all is kept, encrypted",
        "metadata": "records, and the link of a random name to a person",
        "rights": "receipts, holds, and who read what",
    },
}
