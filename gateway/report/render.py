"""A report as a page: Markdown, one HTML file with charts, or a text to send round."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from gateway.rollout.verdict import Verdict

from .numbers import Report, Slice, Times

MARKS = {"ok": "✓", "hold": "!", "back": "✗", "unknown": "?"}
Rows = Sequence[Sequence[str]]
_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;
color:#1b1f24;background:#fff}h1{margin:0}h2{margin-top:2rem;font-size:1.1rem}
table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.3rem .8rem .3rem 0;
border-bottom:1px solid #d8dee4}.word{font-size:1.6rem;font-weight:700}.ok{color:#116329}
.hold{color:#7d4e00}.back{color:#a40e26}.unknown{color:#57606a}svg{width:100%;height:6rem;color:#0969da;
border-bottom:1px solid #d8dee4}figcaption,small{color:#57606a}figure{margin:0}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(15rem,1fr));gap:1.5rem}
small{display:flex;justify-content:space-between}
@media(prefers-color-scheme:dark){body{color:#e6edf3;background:#0d1117}
th,td{border-color:#30363d}.ok{color:#56d364}.hold{color:#e3b341}.back{color:#ff7b72}}
"""


def span(report: Report) -> str:
    """Return the window in words."""
    first, last = (datetime.fromtimestamp(at, UTC) for at in (report.since, report.until))
    return f"{first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M} UTC"


def markdown(report: Report, verdict: Verdict) -> str:
    """Return the report as Markdown."""
    parts = [f"# Streaming, {span(report)}", "", f"**{verdict.word}**"]
    parts += [f"- {reason}" for reason in verdict.reasons]
    for title, rows in sections(report, verdict):
        head, *body = rows
        parts += ["", f"## {title}", "", _md_row(head), _md_row(["---"] * len(head))]
        parts += [_md_row(row) for row in body]
    return "\n".join(parts) + "\n"


def _md_row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def sections(report: Report, verdict: Verdict) -> list[tuple[str, Rows]]:
    """Return the tables of the report, each with its head; thresholds come first."""
    gates = [(MARKS[g.state], g.name, g.seen, g.limit, g.rows) for g in verdict.gates]
    numbers = [
        ("streams", str(report.streams)),
        ("flag", report.flag or "-"),
        ("connections begun", f"{report.connection_success:.2%}"),
        ("errors", f"{report.error_ratio:.2%}"),
        ("between tokens, average", f"{report.inter_token_ms:.1f} ms of {report.gaps} gaps"),
        ("reconnections a stream", f"{_share(report.reconnects.get('resumed', 0), report)}"),
        ("refused by limits, an hour", f"{report.violations_per_hour:g}"),
        ("slow readers cut", str(report.slow_readers_cut)),
        ("audit records", str(report.audit_records)),
        ("open streams now", str(report.active)),
        ("memory of the answering worker now", _memory(report)),
    ]
    times = [
        _times("first token, end to end", report.first_token),
        _times("first token, own part", report.first_token_own),
        _times("longest gap", report.longest_gap),
        _times("older endpoint", report.chat),
    ]
    counted: list[tuple[str, Mapping[str, int]]] = [
        ("Errors by code", report.errors),
        ("How streams ended", report.outcomes),
        ("Refused by limit", report.violations),
        ("Reconnections", report.reconnects),
        ("Tries at backends", report.attempts),
        ("Log records by level", report.log_records),
    ]
    return [
        ("Targets", [("", "criterion", "seen", "limit", "rows"), *gates]),
        ("Numbers", [("what", "value"), *numbers]),
        ("Times", [("what", "count", "mean", "p50", "p95", "p99"), *times]),
        *((title, _counted(found)) for title, found in counted if found),
    ]


def _counted(found: Mapping[str, int]) -> Rows:
    rows = sorted(found.items(), key=lambda item: -item[1])
    return [("what", "count"), *((key.replace("|", ", "), str(count)) for key, count in rows)]


def _share(count: int, report: Report) -> str:
    return f"{count / report.streams:.3f}" if report.streams else "0"


def _memory(report: Report) -> str:
    used = f"{report.memory_bytes / 2**20:.0f} MiB"
    if not report.memory_limit_bytes:
        return f"{used}, no limit set"
    return f"{used} of {report.memory_limit_bytes / 2**20:.0f} MiB"


def _times(name: str, found: Times) -> tuple[str, ...]:
    values = (found.mean_ms, found.p50_ms, found.p95_ms, found.p99_ms)
    return (name, str(found.count), *(f"{value:.1f} ms" for value in values))


def page(report: Report, verdict: Verdict) -> str:
    """Return the report as one HTML page without scripts or anything from elsewhere."""
    state = {"KEEP": "ok", "HOLD": "hold", "ROLL BACK": "back"}[verdict.word]
    body = [
        f"<h1>Streaming</h1><p>{span(report)}, gateway {html.escape(report.gateway)}</p>",
        f'<p class="word {state}">{verdict.word}</p>',
        *(f"<p>{html.escape(reason)}</p>" for reason in verdict.reasons),
    ]
    for title, rows in sections(report, verdict):
        head, *lines = rows
        classes = [gate.state for gate in verdict.gates] if title == "Targets" else []
        body.append(f"<h2>{title}</h2><table><thead>{_html_row(head, 'th')}</thead><tbody>")
        body += [
            _html_row(line, "td", classes[index] if classes else "")
            for index, line in enumerate(lines)
        ]
        body.append("</tbody></table>")
        if title == "Targets":
            body.append(_charts(report.parts))
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Streaming report</title>'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<style>{_STYLE}</style><body>{''.join(body)}</body></html>\n"
    )


def _charts(parts: Sequence[Slice]) -> str:
    drawn = [
        _chart("Streams", [part.streams for part in parts], parts),
        _chart("First token, average ms", [part.first_token_ms for part in parts], parts),
        _chart("Errors", [part.errors for part in parts], parts),
    ]
    return f'<h2>Over time</h2><div class="charts">{"".join(drawn)}</div>'


def _html_row(cells: Sequence[str], tag: str, state: str = "") -> str:
    kind = f' class="{state}"' if state else ""
    return f"<tr{kind}>{''.join(f'<{tag}>{html.escape(c)}</{tag}>' for c in cells)}</tr>"


def _chart(title: str, values: Sequence[float], parts: Sequence[Slice]) -> str:
    """Return bars over the window; the highest value stands in the caption."""
    top = max(values, default=0)
    if not top:
        return f"<figure><figcaption>{title}: none</figcaption></figure>"
    ends = "".join(f"<span>{datetime.fromtimestamp(p.at, UTC):%H:%M}</span>" for p in parts[::23])
    width = 1000 / len(values)
    bars = "".join(
        f'<rect x="{index * width:.1f}" y="{100 - value / top * 100:.1f}" '
        f'width="{width * 0.8:.1f}" height="{value / top * 100:.1f}" fill="currentColor">'
        f"<title>{datetime.fromtimestamp(part.at, UTC):%H:%M}: {value:g}</title></rect>"
        for index, (value, part) in enumerate(zip(values, parts, strict=True))
    )
    return (
        f'<figure><figcaption>{title}, at most {top:g}</figcaption><svg viewBox="0 0 1000 100" '
        f'preserveAspectRatio="none" role="img" aria-label="{title}">{bars}</svg>'
        f"<small>{ends}</small></figure>"
    )


def announcement(report: Report, verdict: Verdict) -> str:
    """Return a text for colleagues: what is on, how it went, what is open."""
    seen = report.judged_first_token
    open_points = [f"- {reason}" for reason in verdict.reasons] or ["- nothing"]
    numbers = (
        f"{report.streams} answers, {report.error_ratio:.2%} failed, "
        f"{report.connection_success:.2%} of the connections began, "
        f"first words after {seen.mean_ms:.0f} ms on average (p95 {seen.p95_ms:.0f} ms)."
    )
    head = f"Streaming is {report.flag or 'on'}; {span(report)}: {verdict.word}."
    return "\n".join([head, numbers, "Open points:", *open_points]) + "\n"
