"""Rules and dashboard: made from slo.yaml, tested by promtool, about metrics that exist."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from deploy.dashboard import dashboard, runbooks
from deploy.generate import pages
from deploy.panels import panels
from deploy.rules import alerts, recordings, rules
from deploy.runbooks import inside_grafana, section
from gateway.slo import load_slo
from gateway.telemetry.catalogue import CATALOGUE

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
SERIES = {name for row in CATALOGUE for name in row.series}
NAME = re.compile(r"\bgateway[_:][a-z0-9_:]+\b")
METRIC = re.compile(r"^(gateway_[a-z0-9_]+)(?:\{| )", re.MULTILINE)


def promtool(*words: str) -> subprocess.CompletedProcess[str]:
    binary = shutil.which("promtool")
    assert binary, "promtool is missing: apt-get install prometheus"
    return subprocess.run([binary, *words], capture_output=True, text=True, timeout=60, check=False)


def test_the_files_are_what_slo_yaml_makes():
    for name, text in pages(load_slo()).items():
        assert (DEPLOY / name).read_text() == text, "run python deploy/generate.py"


def test_promtool_accepts_and_proves_the_rules():
    checked = promtool("check", "rules", str(DEPLOY / "alerts.yml"))
    proven = promtool("test", "rules", str(DEPLOY / "tests" / "alerts.test.yml"))

    assert checked.returncode == 0, checked.stderr
    assert proven.returncode == 0, proven.stderr + proven.stdout


@pytest.mark.parametrize("old, new", [
    ("0.15", "0.3"), ("ratio > 0.05", "ratio > 0.1"), ("> 10", "> 100"),
])  # fmt: skip
def test_a_changed_threshold_is_noticed(tmp_path: Path, old: str, new: str):
    text = (DEPLOY / "alerts.yml").read_text()
    assert old in text
    (tmp_path / "tests").mkdir()
    (tmp_path / "alerts.yml").write_text(text.replace(old, new))
    proof = tmp_path / "tests" / "alerts.test.yml"
    proof.write_text((DEPLOY / "tests" / "alerts.test.yml").read_text())

    assert promtool("test", "rules", str(proof)).returncode != 0


def test_every_metric_of_a_rule_or_panel_is_exported_or_recorded():
    known = SERIES | set(recordings())
    queries = [query for panel in panels(load_slo()) for query in panel.queries.values()]
    expressions = [*recordings().values(), *(alert.expr for alert in alerts(load_slo())), *queries]

    used = {name for expression in expressions for name in NAME.findall(expression)}

    assert used - known == set()


def test_every_alert_has_its_runbook_and_a_test_in_which_it_fires():
    headings = {
        line.removeprefix("## ").lower()
        for line in (ROOT / "docs" / "runbooks.md").read_text().splitlines()
        if line.startswith("## ")
    }
    tests = yaml.safe_load((DEPLOY / "tests" / "alerts.test.yml").read_text())["tests"]
    fired = {
        case["alertname"]
        for test in tests
        for case in test["alert_rule_test"]
        if case.get("exp_alerts")
    }

    for alert in alerts(load_slo()):
        assert alert.runbook.partition("#")[2] in headings, alert.name
        assert alert.name in fired, f"{alert.name} has no test in which it fires"


def test_every_panel_links_to_a_runbook_that_exists():
    pages = {page["id"]: page for page in runbooks()["panels"]}
    names = {alert.name for alert in alerts(load_slo())}

    assert {page["title"] for page in pages.values()} == names
    for panel, drawn in zip(panels(load_slo()), dashboard(load_slo())["panels"], strict=True):
        [link] = drawn["links"]
        path, _, number = link["url"].partition("?viewPanel=")
        assert path == f"/d/{runbooks()['uid']}"
        if panel.runbook:
            text = pages[int(number)]["options"]["content"]
            assert pages[int(number)]["title"] == panel.runbook
            assert drawn["description"] == text == inside_grafana(section(panel.runbook))
            assert "](" not in text.replace("](http", ""), "Grafana does not have that page"


def test_both_boards_are_provisioned():
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    mounted = " ".join(compose["services"]["grafana"]["volumes"])

    assert all(f"./deploy/{name}:" in mounted for name in pages(load_slo()) if "grafana" in name)


def test_the_dashboard_fits_on_one_screen_of_1080_lines():
    drawn = json.loads(json.dumps(dashboard(load_slo())))["panels"]
    grid = [panel["gridPos"] for panel in drawn]

    assert all(place["x"] + place["w"] <= 24 for place in grid)
    assert max(place["y"] + place["h"] for place in grid) <= 24  # 38 px each
    cells = [(x, y) for p in grid for x in range(p["x"], p["x"] + p["w"])
             for y in range(p["y"], p["y"] + p["h"])]  # fmt: skip
    assert len(set(cells)) == len(cells), "panels overlap"
    assert len({panel["id"] for panel in drawn}) == len(drawn)


def test_the_dashboard_says_what_grafana_knows():
    board = dashboard(load_slo())
    marks = board["annotations"]["list"]

    assert {panel["type"] for panel in board["panels"]} <= {"stat", "timeseries"}
    assert {panel["fieldConfig"]["defaults"]["unit"] for panel in board["panels"]} <= {
        "short", "percent", "percentunit", "s", "suffix: /min", "suffix: /h",
    }  # fmt: skip
    sources = [target["datasource"] for panel in board["panels"] for target in panel["targets"]]
    assert {source["uid"] for source in sources} == {"${datasource}"}
    assert board["templating"]["list"][0]["name"] == "datasource"
    assert {name for mark in marks for name in NAME.findall(mark["target"]["expr"])} <= SERIES


def test_limits_of_the_dashboard_are_those_of_slo_yaml_and_turn_the_right_way():
    slo = load_slo()
    drawn = {panel["title"]: panel["fieldConfig"]["defaults"] for panel in
             dashboard(slo)["panels"]}  # fmt: skip

    def steps(title: str) -> list[tuple[str, float | None]]:
        return [(step["color"], step["value"]) for step in drawn[title]["thresholds"]["steps"]]

    assert steps("Errors") == [
        ("green", None), ("orange", slo.keep.error_ratio), ("red", slo.rollback.error_ratio),
    ]  # fmt: skip
    assert steps("Connections") == [
        ("red", None), ("orange", slo.rollback.connection_success),
        ("green", slo.keep.connection_success),
    ]  # fmt: skip
    assert steps("Flag") == [("green", None)]


def test_only_what_is_now_is_told_as_firing():
    [panel] = [p for p in dashboard(load_slo())["panels"] if p["title"] == "Firing alerts"]
    [target] = panel["targets"]

    assert target["instant"] is True
    for alert in alerts(load_slo()):
        assert (alert.name in target["expr"]) is (alert.severity != "info")


def test_every_rule_name_is_unique():
    found = yaml.safe_load(rules(load_slo()))["groups"]
    names = [rule.get("alert") or rule["record"] for group in found for rule in group["rules"]]

    assert len(names) == len(set(names))


def test_the_metrics_page_is_not_stale():
    from gateway.telemetry.reference import reference

    assert (ROOT / "docs" / "metrics.md").read_text() == reference()
