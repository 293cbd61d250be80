"""Charts of a report as SVG: bars and lines over the window, one row of bars for counts."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Literal

WIDTH, HEIGHT = 600.0, 120.0


def clock(at: float) -> str:
    """Return a moment as it stands below a chart."""
    return f"{datetime.fromtimestamp(at, UTC):%H:%M}"


def bars(
    title: str,
    at: Sequence[float],
    values: Sequence[float],
    bad: Sequence[float] = (),
    kind: Literal["bar", "bad"] = "bar",
) -> str:
    """Return bars over time; `bad` is the part of each that is drawn as trouble."""
    top, step = nice(max(values, default=0)), WIDTH / max(len(values), 1)
    drawn = []
    for index, value in enumerate(values):
        wrong = bad[index] if bad else 0
        told = f"{clock(at[index])}: {value:g}" + (f", {wrong:g} failed" if wrong else "")
        parts = ((kind, value), ("bad", wrong))
        boxes = "".join(_box(name, index * step, step * 0.76, size / top) for name, size in parts)
        drawn.append(f"<g><title>{told}</title>{boxes}</g>")
    total = f"{sum(values):,g} in all" + (f", {sum(bad):g} failed" if sum(bad) else "")
    return figure(title, total if sum(values) else "none", "".join(drawn), at, top)


def lines(
    title: str, unit: str, at: Sequence[float], series: Mapping[str, Sequence[float]], limit: float
) -> str:
    """Return lines over time, gaps where nothing was measured, and the limit as a dashed line."""
    values = [value for found in series.values() for value in found]
    top = nice(max([*values, limit]))
    drawn = [_rule(limit / top, "limit", f"limit {limit:g} {unit}")]
    for index, (name, found) in enumerate(series.items()):
        kind = "track dotted" if index else "track"
        drawn += [_track(kind, name, points) for points in _runs(found, top)]
    told = f"{', dotted '.join(series)}; limit {limit:g} {unit}"
    return figure(title, told, "".join(drawn), at, top)


def figure(title: str, told: str, inside: str, at: Sequence[float], top: float) -> str:
    """Return a chart with its scale: nothing, half and the top."""
    rules = "".join(_rule(share) for share in (0.0, 0.5, 1.0))
    ends = [at[0], at[len(at) // 2], at[-1]] if at else []
    title, told = html.escape(title), html.escape(told)
    return (
        f'<figure><figcaption><b>{title}</b> {told}</figcaption><div class="plot">'
        f'<span>{top:g}</span><svg viewBox="0 0 {WIDTH:g} {HEIGHT:g}" role="img" '
        f'preserveAspectRatio="none" aria-label="{title}: {told}">{rules}{inside}</svg></div>'
        f"<small>{''.join(f'<span>{clock(one)}</span>' for one in ends)}</small></figure>"
    )


def _rule(share: float, kind: str = "", told: str = "") -> str:
    y = f"{_y(share):.1f}"
    title = f"<title>{html.escape(told)}</title>" if told else ""
    return f'<line class="{kind}" x1="0" x2="{WIDTH:g}" y1="{y}" y2="{y}">{title}</line>'


def _runs(found: Sequence[float], top: float) -> list[list[tuple[float, float]]]:
    """Return the points of what was measured without a pause; one alone gets a short line."""
    step, runs, run = WIDTH / max(len(found), 1), [], list[tuple[float, float]]()
    for index, value in enumerate([*found, 0.0]):
        if value:
            run.append((step * (index + 0.5), _y(value / top)))
        elif run:
            runs.append(run if len(run) > 1 else [run[0], (run[0][0] + 4, run[0][1])])
            run = []
    return runs


def _track(kind: str, name: str, points: Sequence[tuple[float, float]]) -> str:
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline class="{kind}" points="{path}"><title>{name}</title></polyline>'


def nice(value: float) -> float:
    """Return the next 1, 2 or 5 times a power of ten."""
    size = 10.0
    while size < value:
        size *= 10
    return next((size / step for step in (10.0, 5.0, 2.0) if value <= size / step), size)


def _y(share: float) -> float:
    return HEIGHT * (1 - share)


def _box(kind: str, x: float, width: float, share: float) -> str:
    if not share:
        return ""
    return (
        f'<rect class="{kind}" x="{x:.1f}" y="{_y(share):.1f}" width="{width:.1f}" '
        f'height="{HEIGHT * share:.1f}"/>'
    )
