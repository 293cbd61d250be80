"""The guides against the program: commands exist, numbers are the code's, files are there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.main import get_command

from docs.generate import PAGES
from gateway.api.body import IDLE_S, MAX_MIB, TOTAL_S
from gateway.auth.tickets import TICKET_S
from gateway.cli.main import COMMANDS, root
from gateway.config import Server, examine
from gateway.report.rollup import KEPT_S
from gateway.server.connection import HEADER_S
from gateway.stream.table import RETENTION_S
from gateway.stream.ticker import HEARTBEAT_S, PAUSE_LIMIT_S
from gateway.stream.transcript import MAX_CHARS

ROOT = Path(__file__).parents[2]
DOCS = sorted((ROOT / "docs").glob("*.md"))
GUIDES = ("deployment", "runbooks", "capacity", "known-limits", "threat-model", "troubleshooting")
LINK = re.compile(r"\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)")
PATHS = re.compile(r"`(tests/[\w/.]+)`")


def commands() -> list[str]:
    """Every command of the gateway in the guides, in a block or between backticks."""
    found: list[str] = []
    for name in GUIDES:
        text = (ROOT / "docs" / f"{name}.md").read_text()
        found += [
            line.strip()[2:] for line in text.splitlines() if line.strip().startswith("$ gateway")
        ]
        found += [hit for hit in re.findall(r"`(gateway [^`]+)`", text) if "…" not in hit]
    return sorted(set(found))


def resolved(words: list[str]) -> tuple[Any, list[str]]:
    """Return the command that the words lead to, and the words left for it."""
    command: Any = get_command(root)
    while words and hasattr(command, "get_command"):
        inner = command.get_command(None, words[0])
        if inner is None:
            break
        command, words = inner, words[1:]
    return command, words


@pytest.mark.parametrize("line", commands())
def test_a_command_of_a_guide_exists_with_its_options(line: str):
    command, rest = resolved(shlex.split(line)[1:])
    known = {option for parameter in command.params for option in parameter.opts}

    assert command.name not in ("gateway", None), line
    assert {word for word in rest if word.startswith("--")} <= known, line


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_links_of_the_documents_lead_somewhere(path: Path):
    missing = [link for link in LINK.findall(path.read_text()) if not (path.parent / link).exists()]

    assert missing == []


def test_no_generated_page_is_stale():
    assert [name for name, make in PAGES.items() if (ROOT / "docs" / name).read_text() != make()] \
        == [], "run make docs"  # fmt: skip


def test_every_row_of_the_threat_model_names_a_test_that_exists():
    text = (ROOT / "docs" / "threat-model.md").read_text()
    rows = [line for line in text.splitlines() if line.startswith("| ") and "---" not in line]

    assert all(PATHS.search(row) for row in rows if not row.startswith("| threat"))
    assert [path for path in PATHS.findall(text) if not (ROOT / path).is_file()] == []


def test_every_row_of_the_asvs_names_a_test_that_exists():
    shown = (ROOT / "docs" / "asvs.md").read_text().partition("## Not met")[0]
    rows = [line for line in shown.splitlines() if re.match(r"\| \d", line)]
    named = [re.findall(r"`(tests/[\w/.]+)::(\w+)`", row) for row in rows]

    assert len(rows) > 40
    assert [row for row, tests in zip(rows, named, strict=True) if not tests] == []
    missing = [
        (path, test)
        for tests in named
        for path, test in tests
        if not re.search(rf"def {test}\(", (ROOT / path).read_text())
    ]
    assert missing == []


def test_the_known_limits_are_those_of_the_code():
    text = (ROOT / "docs" / "known-limits.md").read_text()
    cells = dict(re.findall(r"^\| ([^|]+) \| ([^|]+) \|", text, re.MULTILINE))

    assert cells["body of a request"] == f"{MAX_MIB} MiB"
    raised = "the same in the provider protocols (`server.max_body_mib`, up to 64)"
    assert cells[raised] == f"{Server().max_body_mib} MiB"
    assert cells["headers"] == f"{HEADER_S:g} s"
    assert cells["body"] == f"{TOTAL_S:g} s in all, {IDLE_S:g} s between reads"
    assert cells["running answers of a worker (`server.max_streams`)"] == str(Server().max_streams)
    assert cells["text of one answer"] == f"{MAX_CHARS >> 20} MiB"
    assert cells["an answer can be resumed after its end"] == f"{RETENTION_S:g} s"
    assert cells["heartbeat"] == f"{HEARTBEAT_S:g} s"
    assert cells["a reader that takes nothing"] == f"{PAUSE_LIMIT_S:g} s"
    assert cells["ticket that was not used"] == f"{TICKET_S:g} s"
    assert cells["report"] == f"{KEPT_S / 86_400:g} days"


def test_every_command_of_the_table_is_mounted():
    mounted = get_command(root).list_commands(None)  # type: ignore[attr-defined]

    assert {"checklist", "doctor", "report", "verdict", "rollout", "rollback"} <= set(mounted)
    assert set(mounted) <= set(COMMANDS)


def test_the_files_for_a_checklist_run_and_for_copying_are_sound():
    names = ("GATEWAY_AUDIT_KEY", "GATEWAY_API_KEYS", "OPENAI_API_KEY", "ANTHROPIC_API_KEY")
    environ = dict.fromkeys(names, "0123456789abcdef" * 4)
    environ["REDIS_URL"] = "redis://127.0.0.1:6379/0"
    for name in ("checklist.yaml", "gateway.example.yaml"):
        loaded = examine(str(ROOT / "deploy" / name), environ)
        assert loaded.problems == (), name
    assert examine(str(ROOT / "deploy" / "checklist.yaml"), environ).config.profile == "production"


def manifests() -> dict[str, Any]:
    text = (ROOT / "deploy" / "kubernetes" / "gateway.yaml").read_text()
    return {found["kind"]: found for found in yaml.safe_load_all(text)}


def test_the_pod_has_probes_a_pause_and_time_for_its_drain():
    pod = manifests()["StatefulSet"]["spec"]["template"]["spec"]
    container = pod["containers"][0]
    environ = {item["name"]: item["value"] for item in container["env"]}
    pause_s = int(container["lifecycle"]["preStop"]["exec"]["command"][1])
    drain_s = int(environ["GATEWAY__SERVER__DRAIN_S"])

    assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"
    assert container["livenessProbe"]["httpGet"]["path"] == "/healthz"
    assert pod["terminationGracePeriodSeconds"] > pause_s + drain_s
    assert pod["enableServiceLinks"] is False
    assert container["resources"]["limits"]["memory"]
    assert environ["GATEWAY__SERVER__METRICS_PORT"] == str(container["ports"][1]["containerPort"])


def test_a_budget_and_scaling_on_streams_go_with_it():
    found = manifests()

    assert found["PodDisruptionBudget"]["spec"]["minAvailable"] == 1
    metric = found["HorizontalPodAutoscaler"]["spec"]["metrics"][0]["pods"]["metric"]["name"]
    assert metric == "gateway_streams_active"
