"""`gateway swap-check A B`: would clients notice if model B answered in place of A?"""

from __future__ import annotations

from typing import Annotated

import msgspec
import typer

from .group import single_command
from .options import LOCAL, ApiKey, Json, Url
from .output import NO, YES, end, give, give_json, table
from .swap_cases import CASES, Case, Seen, ask

app = single_command()


class Difference(msgspec.Struct, frozen=True):
    """One trait in which the two models differ in one case."""

    case: str
    trait: str
    a: str
    b: str


@app.command(epilog="Example: gateway swap-check default fast --url http://127.0.0.1:8080")
def swap_check(
    a: Annotated[str, typer.Argument(help="The model of today.")],
    b: Annotated[str, typer.Argument(help="The model to swap in.")],
    url: Url = LOCAL,
    key: ApiKey = None,
    only: Annotated[str, typer.Option(help="Cases to run, comma-separated.")] = "",
    json: Json = False,
) -> None:
    """Ask both models the same things; exit 1 if a client would notice a difference."""
    chosen = [case for case in CASES if not only or case.name in only.split(",")]
    if not chosen:
        raise typer.BadParameter(
            f"known cases: {', '.join(case.name for case in CASES)}", param_hint="--only"
        )
    base = url.rstrip("/")
    seen = [(case, ask(base, key, a, case), ask(base, key, b, case)) for case in chosen]
    differences = [found for case, one, two in seen for found in differ(case, one, two)]
    if json:
        answers = [{"case": case.name, "a": one, "b": two} for case, one, two in seen]
        give_json({"version": 1, "ok": not differences, "differences": differences,
                   "answers": answers})  # fmt: skip
    else:
        give(_lines(a, b, seen, differences))
    end(NO if differences else YES)


def differ(case: Case, one: Seen, two: Seen) -> list[Difference]:
    """Return what a client would notice; words and speed may differ, they are only shown."""
    names = ("status", "error", *case.compare, "dropped")
    found = [(name, one.trait(name), two.trait(name)) for name in names]
    found.append(("usage", _usage_shape(one), _usage_shape(two)))
    return [Difference(case.name, name, str(x), str(y)) for name, x, y in found if x != y]


def _usage_shape(seen: Seen) -> str:
    if seen.usage is None:
        return "none"
    return "estimated" if seen.usage.get("estimated") else "counted"


def _lines(
    a: str, b: str, seen: list[tuple[Case, Seen, Seen]], differences: list[Difference]
) -> list[str]:
    bad = {found.case for found in differences}
    rows = [["", "case", "finish", "first ms", "pieces/s", "tokens out"]]
    for case, one, two in seen:
        mark = "✗" if case.name in bad else "✓"
        rows.append(
            [
                mark,
                case.name,
                f"{one.finish or one.status} | {two.finish or two.status}",
                f"{_number(one.first_ms)} | {_number(two.first_ms)}",
                f"{_number(one.pieces_per_s)} | {_number(two.pieces_per_s)}",
                f"{_tokens(one)} | {_tokens(two)}",
            ]
        )
    lines = [f"{a} | {b}", *table(rows)]
    lines += [f"{d.case}: {d.trait} is {d.a!r} with {a}, {d.b!r} with {b}" for d in differences]
    if not differences:
        lines.append("A client would see no difference but the words and the pace.")
    return lines


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.0f}"


def _tokens(seen: Seen) -> str:
    return "-" if seen.usage is None else str(seen.usage.get("completion_tokens", "-"))
