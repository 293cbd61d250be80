"""A report as one HTML page: no script, nothing from elsewhere; light, dark and on paper."""

from __future__ import annotations

import html
from collections.abc import Sequence
from importlib.resources import files

from gateway.rollout.verdict import Verdict
from gateway.slo import Slo

from .chart import bars, lines
from .numbers import Report
from .render import Rows, sections, span

STATES = {"KEEP": "ok", "HOLD": "hold", "ROLL BACK": "back"}
COUNTED = ("what", "count")


def page(report: Report, verdict: Verdict, slo: Slo) -> str:
    """Return the page: the word, the numbers that matter, charts, then every table."""
    targets, *rest = sections(report, verdict)
    tables = [found for found in rest if tuple(found[1][0]) != COUNTED]
    counts = [found for found in rest if tuple(found[1][0]) == COUNTED]
    body = [
        _head(report, verdict),
        _tiles(report, verdict),
        _section("Targets", _table(targets[1], [gate.state for gate in verdict.gates])),
        _section("Over time", _charts(report, slo)),
        f'<div class="pair">{"".join(_section(name, _bars(rows)) for name, rows in counts)}</div>',
        *(_section(name, _table(rows)) for name, rows in tables),
    ]
    style = (files("gateway") / "report" / "page.css").read_text(encoding="utf-8")
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Streaming report</title>'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<style>{style}</style><body>{''.join(body)}</body></html>\n"
    )


def _head(report: Report, verdict: Verdict) -> str:
    told = f"{span(report)} · gateway {report.gateway or '?'} · flag {report.flag or '-'}"
    reasons = "".join(f"<li>{html.escape(reason)}</li>" for reason in verdict.reasons)
    return (
        f"<header><div><h1>Streaming report</h1><p>{html.escape(told)}</p></div>"
        f'<p class="word {STATES[verdict.word]}">{verdict.word}</p></header>'
        + (f'<ul class="reasons">{reasons}</ul>' if reasons else "")
    )


def _tiles(report: Report, verdict: Verdict) -> str:
    first, name = report.judged_first_token, _first_token(report)
    state = {row: gate.state for gate in verdict.gates for row in gate.rows.split(", ")}
    tiles = [
        ("streams", f"{report.streams:,}", ""),
        (f"{name}, average", f"{first.mean_ms:.0f} ms", state.get("63", "")),
        (f"{name}, p95", f"{first.p95_ms:.0f} ms", ""),
        ("between tokens, average", f"{report.inter_token_ms:.1f} ms", state.get("64", "")),
        ("errors", f"{report.error_ratio:.2%}", state.get("65", "")),
        ("connections begun", f"{report.connection_success:.1%}", state.get("66", "")),
        ("refused an hour", f"{report.violations_per_hour:g}", ""),
        ("open streams now", str(report.active), ""),
    ]
    drawn = (
        f'<div class="tile"><b class="{kind}">{value}</b><span>{name}</span></div>'
        for name, value, kind in tiles
    )
    return f'<div class="tiles">{"".join(drawn)}</div>'


def _first_token(report: Report) -> str:
    """Name the part of it that is judged."""
    return "first token, own part" if report.is_hosted else "first token"


def _charts(report: Report, slo: Slo) -> str:
    parts = report.parts
    at = [part.at for part in parts]
    own = report.is_hosted
    first = {
        "average": [p.first_token_own_ms if own else p.first_token_ms for p in parts],
        "p95": [p.first_token_own_p95_ms if own else p.first_token_p95_ms for p in parts],
    }
    failed = [part.errors for part in parts]
    drawn = [
        bars("Streams", at, [part.streams for part in parts], failed),
        lines(_first_token(report).capitalize(), "ms", at, first, slo.keep.first_token_ms),
        bars("Errors", at, failed, kind="bad"),
        bars("Refused by limits", at, [part.refused for part in parts]),
    ]
    return f'<div class="charts">{"".join(drawn)}</div>'


def _section(title: str, inside: str) -> str:
    return f"<section><h2>{html.escape(title)}</h2>{inside}</section>"


def _table(rows: Rows, states: Sequence[str] = ()) -> str:
    head, *body = rows
    lines = [
        _row(line, f' class="mark {states[index]}"' if states else "")
        for index, line in enumerate(body)
    ]
    heads = "".join(f'<th scope="col">{html.escape(cell)}</th>' for cell in head)
    return (
        f'<div class="scroll"><table><thead><tr>{heads}</tr></thead>'
        f"<tbody>{''.join(lines)}</tbody></table></div>"
    )


def _row(cells: Sequence[str], first: str) -> str:
    kinds = [first, *("" for _ in cells[1:])]
    told = zip(kinds, cells, strict=True)
    return f"<tr>{''.join(f'<td{kind}>{html.escape(cell)}</td>' for kind, cell in told)}</tr>"


def _bars(rows: Rows) -> str:
    """Return counts as bars beside their numbers."""
    found = [(name, int(count)) for name, count in rows[1:]]
    most = max(count for _, count in found)
    lines = "".join(
        f"<tr><td>{html.escape(name)}</td><td>{count:,}</td>"
        f'<td class="share"><i style="width:{100 * count / most:.1f}%"></i></td></tr>'
        for name, count in found
    )
    return f"<table><tbody>{lines}</tbody></table>"
