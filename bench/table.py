"""The one table that `make bench` prints."""

from __future__ import annotations

from bench.scenarios import IDLE_STREAMS, PACE_S, PACED_STREAMS, WIDTHS, Column

_LABEL = 44


def render(columns: list[Column], naive: str, relay: str) -> str:
    """All measurements as text, one column a server; ratios against the two yardsticks."""
    by_name = {column.name: column for column in columns}
    paced = f"CPU us a token, {PACED_STREAMS} streams, {PACE_S * 1000:.0f} ms a token"
    rows = [
        ("", [column.name for column in columns]),
        (paced, [_number(column.paced_us) for column in columns]),
        ("  ratio to the naive gateway", _ratios(columns, by_name.get(naive))),
        ("  ratio to the raw relay", _ratios(columns, by_name.get(relay))),
        ("CPU us a token, 16 tokens a write", [_number(column.batched_us) for column in columns]),
        ("CPU us a request of 1 token", [_number(column.request_us) for column in columns]),
    ]
    for width in WIDTHS:
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


def _ratios(columns: list[Column], base: Column | None) -> list[str]:
    if base is None or not base.paced_us:
        return ["-" for _ in columns]
    return [f"{c.paced_us / base.paced_us:.2f}x" if c.paced_us else "-" for c in columns]


def _spread(column: Column, width: int) -> str:
    spread = column.latency.get(width)
    if spread is None or not spread.count:
        return "-"
    return f"{_number(spread.p50)} / {_number(spread.p99)}"
