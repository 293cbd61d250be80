"""Every code has its entry, in the page that problems point to and in the guide."""

from __future__ import annotations

from pathlib import Path

from gateway.api.errors_page import render
from gateway.errors import FAULTS
from gateway.troubleshooting import ENTRIES, markdown
from tests.gateway.rollout.conftest import Start, start

__all__ = ["start"]
ROOT = Path(__file__).parents[3]
OF_STREAMS = {
    "upstream_error", "upstream_truncated", "upstream_rate_limited", "timeout_first",
    "timeout_idle", "timeout_total", "shutdown", "lost", "gone", "replay_unavailable", "internal",
}  # fmt: skip


def test_every_code_has_an_entry_and_none_is_left_over():
    assert set(ENTRIES) == set(FAULTS) | OF_STREAMS


def test_the_page_has_a_section_for_each_code():
    page = render()

    assert all(f'<section id="{code}">' in page for code in ENTRIES)
    assert "<script" not in page


def test_the_guide_is_not_stale():
    assert (ROOT / "docs" / "troubleshooting.md").read_text().startswith(markdown())


async def test_a_problem_leads_to_the_page_without_a_key(start: Start):
    gateway = await start(GATEWAY_API_KEYS="a-client-key-of-this-test-0001")
    problem = await (await gateway.get("/report")).json()

    path, _, code = problem["type"].partition("#")
    answer = await gateway.get(path)

    assert answer.status == 200
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert f'id="{code}"' in await answer.text()
