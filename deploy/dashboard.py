"""The Grafana dashboard as Grafana imports it; what it shows stands in `deploy/panels.py`.

Beside it a second board holds the runbooks, so that every panel's link leads somewhere inside
Grafana; the same text stands behind the "i" of each panel.
"""

from __future__ import annotations

from typing import Any

from deploy.panels import Panel, panels
from deploy.runbooks import headings, inside_grafana, section
from gateway.slo import Slo

SOURCE = {"type": "prometheus", "uid": "${datasource}"}
RUNBOOKS = "sluicegate-runbooks"
COLUMNS = 24
ABSENT = "\u2013"


def dashboard(slo: Slo) -> dict[str, Any]:
    """Return the dashboard as Grafana imports it."""
    return {
        "uid": "sluicegate",
        "title": "sluicegate",
        "tags": ["sluicegate"],
        "schemaVersion": 39,
        "editable": True,
        "graphTooltip": 1,
        "refresh": "10s",
        "time": {"from": "now-1h", "to": "now"},
        "templating": {
            "list": [
                {
                    "name": "datasource",
                    "label": "Prometheus",
                    "type": "datasource",
                    "query": "prometheus",
                }
            ]
        },
        "annotations": {
            "list": [
                _marks("Flag changed", "changes(max(gateway_flag_percent)[1m:10s]) > 0", "blue"),
                _marks("Guard stepped back", "increase(gateway_guard_steps_back_total[1m]) > 0",
                       "red"),
            ]
        },
        "panels": _placed([(panel.size, _drawn(panel)) for panel in panels(slo)]),
    }  # fmt: skip


def runbooks() -> dict[str, Any]:
    """Return the board of the runbooks, one panel each."""
    return {
        "uid": RUNBOOKS,
        "title": "sluicegate: runbooks",
        "tags": ["sluicegate"],
        "schemaVersion": 39,
        "editable": True,
        "time": {"from": "now-1h", "to": "now"},
        "panels": _placed([((COLUMNS // 2, 10), _page(name)) for name in headings()]),
    }


def _page(name: str) -> dict[str, Any]:
    text = inside_grafana(section(name))
    return {"type": "text", "title": name, "options": {"mode": "markdown", "content": text}}


def _marks(name: str, expr: str, colour: str) -> dict[str, Any]:
    """Moments that are drawn into every graph."""
    return {
        "name": name,
        "datasource": SOURCE,
        "enable": True,
        "iconColor": colour,
        "target": {"refId": "Anno", "expr": expr, "interval": "10s"},
    }


def _placed(items: list[tuple[tuple[int, int], dict[str, Any]]]) -> list[dict[str, Any]]:
    placed, x, y, row = [], 0, 0, 0
    for number, ((width, height), drawn) in enumerate(items, 1):
        if x + width > COLUMNS:
            x, y, row = 0, y + row, 0
        place = {"x": x, "y": y, "w": width, "h": height}
        placed.append({"id": number, **drawn, "gridPos": place})
        x, row = x + width, max(row, height)
    return placed


def _drawn(panel: Panel) -> dict[str, Any]:
    asked = {"instant": True, "range": False} if panel.is_now else {"range": True}
    targets = [
        {"refId": chr(65 + index), "expr": expr, "legendFormat": legend, **asked,
         "datasource": SOURCE}
        for index, (legend, expr) in enumerate(panel.queries.items())
    ]  # fmt: skip
    return {
        "type": panel.kind,
        "title": panel.title,
        "description": inside_grafana(section(panel.runbook)),
        "links": [_link(panel.runbook)],
        "datasource": SOURCE,
        "targets": targets,
        "fieldConfig": {"defaults": _defaults(panel), "overrides": _overrides(panel)},
        "options": _options(panel),
    }


def _link(runbook: str) -> dict[str, Any]:
    """Link to the panel of the other board; Grafana puts its own address before the path."""
    place = f"?viewPanel={headings().index(runbook) + 1}" if runbook else ""
    return {
        "title": f"Runbook {runbook}".strip(), "url": f"/d/{RUNBOOKS}{place}", "type": "link",
        "icon": "doc", "tooltip": "", "tags": [], "targetBlank": True, "asDropdown": False,
        "includeVars": False, "keepTime": False,
    }  # fmt: skip


def _options(panel: Panel) -> dict[str, Any]:
    if panel.kind == "stat":
        is_plain = panel.is_name or len(panel.queries) == 1
        return {
            "colorMode": "value",
            "graphMode": "none" if panel.is_now else "area",
            "justifyMode": "auto",
            "orientation": "horizontal" if panel.is_list else "auto",
            "textMode": "name" if panel.is_name else "value" if is_plain else "value_and_name",
            "text": {"valueSize": 20} if panel.is_list else {},
            "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        }
    return {
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []},
        "tooltip": {"mode": "multi", "sort": "desc"},
    }


def _defaults(panel: Panel) -> dict[str, Any]:
    defaults: dict[str, Any] = {
        "unit": panel.unit,
        "min": 0,
        "noValue": ABSENT if panel.kind == "stat" else panel.empty,
        "color": _colour(panel),
        "thresholds": {"mode": "absolute", "steps": _steps(panel)},
        "mappings": _mappings(panel),
        "custom": {},
    }
    if panel.decimals is not None:
        defaults["decimals"] = panel.decimals
    if panel.kind == "timeseries":
        is_limited = len(_steps(panel)) > 1
        defaults["custom"] = {
            "thresholdsStyle": {"mode": "dashed" if is_limited else "off"},
            "fillOpacity": 8,
            "lineWidth": 1,
            "showPoints": "never",
        }
    return defaults


def _colour(panel: Panel) -> dict[str, str]:
    is_number = panel.kind == "stat"
    if panel.hue:
        return {"mode": "fixed" if is_number else "shades", "fixedColor": panel.hue}
    return {"mode": "thresholds" if is_number else "palette-classic"}


def _steps(panel: Panel) -> list[dict[str, Any]]:
    """Return the colours from the lowest value up."""
    given = [("orange", panel.warn), ("red", panel.bad)]
    limits = sorted((value, colour) for colour, value in given if value is not None)
    colours = [colour for _, colour in limits]
    order = [*colours, "green"] if panel.is_lower_bad else ["green", *colours]
    values = [None, *(value for value, _ in limits)]
    return [{"color": colour, "value": value} for colour, value in zip(order, values, strict=True)]


def _mappings(panel: Panel) -> list[dict[str, Any]]:
    """Return the names of values; a number that is not there is no good and no bad one."""
    if panel.kind != "stat":
        return []
    absent = {"match": "null", "result": {"text": ABSENT, "color": "text"}}
    said = {f"{value:g}": {"text": text} for value, text in panel.words.items()}
    named = [{"type": "value", "options": said}] if said else []
    return [*named, {"type": "special", "options": absent}]


def _overrides(panel: Panel) -> list[dict[str, Any]]:
    """Return the colours of single series, by name or by an expression between slashes."""
    return [
        {
            "matcher": {"id": "byRegexp" if is_many else "byName", "options": name},
            "properties": [
                {
                    "id": "color",
                    "value": {"mode": "shades" if is_many else "fixed", "fixedColor": colour},
                }
            ],
        }
        for name, colour in panel.colours.items()
        for is_many in [name.startswith("/")]
    ]
