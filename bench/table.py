"""The one table that `make bench` prints."""

from __future__ import annotations

from bench.scenarios import IDLE_STREAMS, PACE_S, Column

_LABEL = 44


def render(columns: list[Column], naive: str, relay: str) -> str:
    """All measurements as text, one column a server; ratios against the two yardsticks."""
    by_name = {column.name: column for column in columns}
    rows = [("", [column.name for column in columns])]
    for width in sorted({width for column in columns for width in column.paced_us}):
        label = f"CPU us a token, {width} streams, {PACE_S * 1000:.0f} ms a token"
        rows += [
            (label, [_number(column.paced_us.get(width)) for column in columns]),
            ("  ratio to the naive gateway", _ratios(columns, by_name.get(naive), width)),
            ("  ratio to the raw relay", _ratios(columns, by_name.get(relay), width)),
        ]
    rows += [
        ("CPU us a token, 16 tokens a write", [_number(column.batched_us) for column in columns]),
        ("CPU us a request of 1 token", [_number(column.request_us) for column in columns]),
    ]
    for width in sorted({width for column in columns for width in column.latency}):
        label = f"latency ms, {width} streams, p50 / p99"
        rows.append((label, [_spread(column, width) for column in columns]))
    label = f"KiB an idle stream ({IDLE_STREAMS} open)"
    rows.append((label, [_number(column.idle_kib) for column in columns]))
    lines = [
        label.ljust(_LABEL) + "".join(cell.rjust(17) for cell in cells) for label, cells in rows
    ]
    notes = [f"note: {note}" for column in columns for note in column.notes]
    return "\n".join([*lines, *notes])


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}"


def _ratios(columns: list[Column], base: Column | None, width: int) -> list[str]:
    whole = base.paced_us.get(width) if base else None
    parts = [column.paced_us.get(width) for column in columns]
    return [f"{part / whole:.2f}x" if part and whole else "-" for part in parts]


def _spread(column: Column, width: int) -> str:
    spread = column.latency.get(width)
    if spread is None or not spread.count:
        return "-"
    return f"{_number(spread.p50)} / {_number(spread.p99)}"
