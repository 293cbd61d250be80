"""Pages of another origin: native EventSource, and the shipped client in five lines."""

from __future__ import annotations

import gzip
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.browser.cutting_proxy import CuttingProxy
from tests.browser.driver import HERE, Browser, find_chromium
from tests.browser.gateway_process import GatewayProcess
from tests.browser.other_site import OtherSite

Start = Callable[..., GatewayProcess]
Proxy = Callable[..., CuttingProxy]

ANSWER = "Selamat datang, citt\u00e0 \u2615 and 100% exact."

NATIVE = """<!doctype html><meta charset=utf-8><title>x</title><script>
const text = [], kinds = []; let opens = 0;
const source = new EventSource("{url}/api/v2/bali-zero/chat-stream?query={query}");
source.onopen = () => opens++;
source.onmessage = (message) => {{
  const event = JSON.parse(message.data);
  kinds.push(event.type);
  if (event.type === "token") text.push(event.data);
  if (event.type === "done") {{ {at_end} }}
}};
const finish = () => window.result = {{
  text: text.join(""), kinds, opens, closed: source.readyState === 2,
}};
</script>"""

FIVE_LINES = """<!doctype html><meta charset=utf-8><title>x</title>
<pre id=out></pre>
<script src="{url}/client/v1.js"></script>
<script>
  const chat = Sluicegate.createChat({options}), states = new Set();
  chat.subscribe((answer) => {{ out.textContent = answer.text; states.add(answer.state); }});
  chat.send({prompt}).then((last) => {{
    window.result = {{ text: out.textContent, states: [...states], last }};
  }});
</script>"""

ABORTING = """<!doctype html><meta charset=utf-8><title>x</title>
<script src="{url}/client.js"></script>
<script>
  const chat = Sluicegate.createChat(), control = new AbortController();
  chat.subscribe(({{ state, text }}) => {{ {abort} }});
  chat.send("[[n=400]] [[delay=0.02]]", {{ signal: control.signal }}).then(({{ state }}) => {{
    window.result = {{ state, turns: chat.turns.length }};
  }});
</script>"""

MODULE = """<!doctype html><meta charset=utf-8><title>x</title>
<script type=module>
  import {{ createChat }} from "{url}/client.mjs";
  import "{url}/client/v1.js";
  const last = await createChat().send("[[text=from a module]]");
  window.result = {{ text: last.text, global: typeof window.Sluicegate.createChat }};
</script>"""


def native(url: str, prompt: str, at_end: str) -> str:
    return NATIVE.format(url=url, query=quote(prompt), at_end=at_end)


def test_native_event_source_reads_one_exact_answer_over_one_connection(
    browser: Browser, start: Start, proxy: Proxy, site: OtherSite
) -> None:
    gateway = start(GATEWAY_CORS_ORIGINS=site.origin)
    line = proxy(gateway.url)
    site.pages["/closes"] = native(line.url, f"[[text={ANSWER}]]", "source.close(); finish()")

    seen = browser.play("embedding", "read", page=f"{site.origin}/closes", waitMs=5000)

    result = seen["result"]
    assert (result["text"], result["opens"]) == (ANSWER, 1)
    assert (result["kinds"][0], result["kinds"][-1]) == ("metadata", "done")
    assert len(line.requests) == 1, "no preflight, no reconnect after the end"
    assert seen["console"] == []


def test_page_that_forgets_to_close_is_ended_by_204_and_pays_once(
    browser: Browser, start: Start, proxy: Proxy, site: OtherSite
) -> None:
    gateway = start(GATEWAY_CORS_ORIGINS=site.origin)
    line = proxy(gateway.url)
    at_end = "source.onerror = () => source.readyState === 2 && finish()"
    site.pages["/forgets"] = native(line.url, f"[[text={ANSWER}]]", at_end)

    seen = browser.play("embedding", "read", page=f"{site.origin}/forgets")

    assert (seen["result"]["text"], seen["result"]["closed"]) == (ANSWER, True)
    assert len(line.requests) == 2
    assert len(gateway.received()) == 1


def test_native_event_source_resumes_a_cut_line_exactly(
    browser: Browser, start: Start, proxy: Proxy, site: OtherSite
) -> None:
    gateway = start(GATEWAY_CORS_ORIGINS=site.origin)
    line = proxy(gateway.url, plan=[1500])
    answer = " ".join(f"w{number}" for number in range(60))
    prompt = f"[[text={answer}]] [[delay=0.02]]"
    site.pages["/cut"] = native(line.url, prompt, "source.close(); finish()")

    seen = browser.play("embedding", "read", page=f"{site.origin}/cut")

    assert (seen["result"]["text"], seen["result"]["opens"]) == (answer, 2)
    assert [r.split()[0] for r in line.requests] == ["GET", "GET"]
    assert len(gateway.received()) == 1


def test_client_works_from_another_site_in_five_lines(
    browser: Browser, start: Start, site: OtherSite
) -> None:
    gateway = start(GATEWAY_CORS_ORIGINS=site.origin)
    site.pages["/five"] = FIVE_LINES.format(
        url=gateway.url, options="", prompt=f'"[[text={ANSWER}]]"'
    )

    seen = browser.play("embedding", "read", page=f"{site.origin}/five")

    assert seen["result"]["text"] == ANSWER
    assert seen["result"]["states"] == ["submitted", "streaming", "done"]
    assert seen["result"]["last"]["usage"]["output_tokens"] > 0
    assert seen["console"] == []


def test_client_with_a_key_works_from_another_site_and_hides_the_key_from_addresses(
    browser: Browser, start: Start, proxy: Proxy, site: OtherSite
) -> None:
    secret = "sk-embedding-test-0123456789abcdef"
    gateway = start(GATEWAY_CORS_ORIGINS=site.origin, GATEWAY_API_KEYS=secret)
    line = proxy(gateway.url)
    site.pages["/key"] = FIVE_LINES.format(
        url=line.url, options=f'{{ apiKey: "{secret}" }}', prompt=f'"[[text={ANSWER}]]"'
    )

    seen = browser.play("embedding", "read", page=f"{site.origin}/key")

    assert seen["result"]["text"] == ANSWER
    assert [r for r in line.requests if secret in r] == []


def test_lines_that_the_page_offers_work_on_another_site_as_they_are(
    browser: Browser, start: Start, site: OtherSite
) -> None:
    gateway = start(GATEWAY_CORS_ORIGINS=site.origin)
    lines = browser.play("chat", "embedding", url=gateway.url)
    site.pages["/offered"] = f"""<!doctype html><meta charset=utf-8><title>x</title>{lines}
<script>
  ask.question.value = "[[text={ANSWER}]]";
  ask.requestSubmit();
  chat.subscribe(({{ state }}) => {{ if (state === "done") window.result = answer.textContent; }});
</script>"""

    seen = browser.play("embedding", "read", page=f"{site.origin}/offered")

    assert 'integrity="sha384-' in lines
    assert (seen["result"], seen["console"]) == (ANSWER, [])


@pytest.mark.parametrize(
    "abort, turns",
    [
        ('if (state === "submitted") setTimeout(() => control.abort())', 0),
        ("if (text.length > 20) control.abort()", 2),
    ],
    ids=["question on its way", "mid-answer"],
)
def test_abort_signal_ends_the_call_at_the_provider(
    browser: Browser, start: Start, site: OtherSite, abort: str, turns: int
) -> None:
    gateway = start(GATEWAY_CORS_ORIGINS=site.origin)
    site.pages["/abort"] = ABORTING.format(url=gateway.url, abort=abort)

    seen = browser.play("embedding", "read", page=f"{site.origin}/abort")

    assert seen["result"] == {"state": "stopped", "turns": turns}
    [end] = gateway.ended(1)
    assert end["outcome"] == "cancelled"


def test_client_is_a_module_too(browser: Browser, start: Start, site: OtherSite) -> None:
    gateway = start(GATEWAY_CORS_ORIGINS=site.origin)
    site.pages["/module"] = MODULE.format(url=gateway.url)

    seen = browser.play("embedding", "read", page=f"{site.origin}/module")

    assert seen["result"] == {"text": "from a module", "global": "function"}


def test_refused_site_is_told_which_origin_to_add_and_where(
    browser: Browser, start: Start, site: OtherSite
) -> None:
    gateway = start(GATEWAY_CORS_ORIGINS="https://chat.example.com")
    page = FIVE_LINES.format(url=gateway.url, options="", prompt='"hello"')
    site.pages["/refused"] = page.replace("<script src", "<script crossorigin=anonymous src")

    seen = browser.play("embedding", "read", page=f"{site.origin}/refused")

    last = seen["result"]["last"]
    assert (last["state"], last["error"]["code"]) == ("error", "origin_not_allowed")
    [hint] = [line for line in seen["console"] if line.startswith("Sluicegate:")]
    assert f'Add "{site.origin}" to apps.bali-zero.origins' in hint
    assert gateway.received() == []


def test_dead_server_is_told_from_a_refusal(
    browser: Browser, start: Start, site: OtherSite
) -> None:
    gateway = start(GATEWAY_CORS_ORIGINS=site.origin)
    options = '{ base: "http://127.0.0.1:9/" }'
    site.pages["/dead"] = FIVE_LINES.format(url=gateway.url, options=options, prompt='"hello"')

    seen = browser.play("embedding", "read", page=f"{site.origin}/dead")

    assert seen["result"]["last"]["error"]["code"] == "network"


def test_types_of_the_client_hold() -> None:
    find_chromium()

    run = subprocess.run(
        ["node", "node_modules/typescript/bin/tsc", "-p", "tsconfig.json"],
        cwd=HERE,
        capture_output=True,
        text=True,
        timeout=80,
        check=False,
    )

    assert run.returncode == 0, run.stdout


def test_client_is_small_and_has_no_dependency() -> None:
    source = (HERE.parents[1] / "gateway" / "static" / "client.js").read_bytes()

    assert len(gzip.compress(source)) < 10_000
    assert b"import " not in source.split(b"*/", 1)[1].replace(b"import(", b"")


PACKAGE_USE = {
    "a.mts": 'import { createChat, type Chat } from "sluicegate-client";\n'
    'const chat: Chat = createChat({ base: "http://x/", app: "shop" });\n'
    "console.log(typeof createChat, chat.constructor.name);\n",
    "b.cts": 'import client = require("sluicegate-client");\n'
    "const make: typeof client.createChat = client.createChat;\nconsole.log(typeof make);\n",
}


def test_the_client_is_a_package_for_both_kinds_of_modules(tmp_path: Path) -> None:
    (tmp_path / "node_modules").mkdir()
    shutil.copytree(
        HERE.parents[1] / "gateway" / "static", tmp_path / "node_modules" / "sluicegate-client"
    )
    for name, text in PACKAGE_USE.items():
        (tmp_path / name).write_text(text)

    built = subprocess.run(
        ["node", str(HERE / "node_modules/typescript/bin/tsc"), "--strict", "--target", "es2022",
         "--lib", "es2022,dom", "--module", "nodenext", *PACKAGE_USE],
        cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert built.returncode == 0, built.stdout
    said = [
        subprocess.run(["node", name], cwd=tmp_path, capture_output=True, text=True, check=True)
        for name in ("a.mjs", "b.cjs")
    ]

    assert [one.stdout.strip() for one in said] == ["function Chat", "function"]
