"""`gateway audit export`, `erase`, `hold`: what a person may ask for, and what a court may."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from .audit_place import By, Folder, Subject, desk_of, warn_of_keys
from .options import File, Json
from .output import NO, end, give, give_json, say

if TYPE_CHECKING:
    from audit import Plan


def export(
    subject: Subject,
    unseal: Annotated[
        str, typer.Option(help="A request that another person has approved: opens what is sealed.")
    ] = "",
    path: Folder = None,
    config: File = None,
    by: By = "cli",
    json: Json = False,
) -> None:
    """Print all that is kept about one person; the reading is recorded."""
    with desk_of(path, config, by) as desk:
        done = desk.export(subject, unseal=unseal)
    if json:
        give_json({"version": 1, "export": done})
    else:
        import msgspec

        give(msgspec.json.encode(record).decode() for record in done.records)
        to = ", ".join(done.recipients) or "nobody"
        say([f"{len(done.records)} records; words were sent to: {to}"])
    warn_of_keys(done.unknown_keys)
    if not done.records:
        end(NO)


def erase(
    subject: Subject,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would go; change nothing.")
    ] = False,
    path: Folder = None,
    config: File = None,
    by: By = "cli",
    json: Json = False,
) -> None:
    """Erase the words of one person and the link to the name.

    Says first what would go, and prints the receipt. Records stay, under a random name that leads
    to nobody.
    """
    with desk_of(path, config, by) as desk:
        plan = desk.plan(subject)
        _tell_plan(subject, plan, as_json=json and dry_run)
        if plan.held:
            say(["A legal hold keeps it: `gateway audit hold NAME --clear` ends the hold."])
            end(NO)
        if dry_run or not (plan.subjects or plan.links):
            end(0 if plan.subjects else NO)
        if not yes and not typer.confirm("Erase it for good?", err=True):
            end(NO)
        receipt = desk.erase(subject)
    if json:
        give_json({"version": 1, "receipt": receipt})
    else:
        who = ", ".join(receipt.subjects)
        give([f"receipt {receipt.receipt}: {receipt.contents} texts of {who} erased"])


def _tell_plan(subject: str, plan: Plan, *, as_json: bool) -> None:
    if as_json:
        give_json({"version": 1, "plan": plan, "contents": plan.contents})
    elif not plan.subjects:
        say([f"Nobody in the trail is {subject}."])
    else:
        held = f"; held by a court: {', '.join(plan.held)}" if plan.held else ""
        say([
            f"{subject} is {', '.join(plan.subjects)} in the trail{held}.",
            f"To erase: texts {plan.contents}, links to the name {len(plan.links)}; records stay.",
            "Further sinks follow within 20 s.",
        ])  # fmt: skip
    warn_of_keys(plan.unknown_keys)


def hold(
    subject: Subject,
    clear: Annotated[bool, typer.Option("--clear", help="End the hold.")] = False,
    path: Folder = None,
    config: File = None,
    by: By = "cli",
    json: Json = False,
) -> None:
    """Keep what a court wants: no erasure of this person, no purge at all."""
    with desk_of(path, config, by) as desk:
        ids = desk.hold(subject, is_set=not clear)
    if json:
        give_json({"version": 1, "subjects": ids, "is_held": not clear})
    else:
        give([f"{'cleared' if clear else 'held'}: {', '.join(ids) or 'nobody'}"])
    if not ids:
        end(NO)
