"""A group of commands that are imported when they are called, not before."""

from __future__ import annotations

import importlib
import importlib.util
import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, ClassVar

import typer
from typer import _click as click
from typer.core import TyperGroup
from typer.main import get_command

SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


WORDS = (
    (r"Input should be a valid integer.*", "write a whole number."),
    (r"Input should be a valid number.*", "write a number."),
    (r"Input should be less than or equal to (\S+)", r"it is at most \1."),
    (r"Input should be greater than or equal to (\S+)", r"it is at least \1."),
    (r"Value error, (.*)", r"\1"),
)
"""What the library says of a wrong value -> what we say."""


def plain(message: str) -> str:
    """Return a message about a wrong value in plain words."""
    for pattern, words in WORDS:
        message = re.sub(pattern, words, message, flags=re.DOTALL)
    return message


class Group(TyperGroup):
    """A group that shows its help when it is called bare and names the nearest command."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Print the help and end well where there is nothing to parse."""
        if not args and not ctx.resilient_parsing:
            typer.echo(ctx.get_help())
            ctx.exit()
        return super().parse_args(ctx, args)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return the command of the first word; the nearest one is named where it is unknown."""
        if args and self.get_command(ctx, args[0]) is None:
            known: list[str] = list(self.list_commands(ctx))
            meant = get_close_matches(args[0], known, 1, 0.5)
            hint = f"Did you mean `{meant[0]}`?" if meant else f"Known: {', '.join(known)}."
            ctx.fail(f"No such command `{args[0]}`. {hint}")
        return super().resolve_command(ctx, args)


class LazyGroup(Group):
    """The root: knows names and one-liners of commands without importing them."""

    table: ClassVar[Mapping[str, tuple[str, str]]] = {}
    """Name of the command -> module that has it as `app`, and its one-liner."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the commands whose module is there."""
        return [
            name for name, (module, _) in self.table.items() if importlib.util.find_spec(module)
        ]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Import one command."""
        if cmd_name not in self.list_commands(ctx):
            return None
        command = get_command(importlib.import_module(self.table[cmd_name][0]).app)
        command.name = cmd_name
        return command

    def invoke(self, ctx: Any) -> Any:
        """Run a command; what is wrong with its words is told in ours."""
        try:
            return super().invoke(ctx)
        except click.exceptions.BadParameter as error:
            error.message = plain(error.message)
            raise

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the list of commands from the table alone."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, self.table[name][1]) for name in self.list_commands(ctx)])

    def shell_complete(self, ctx: Any, incomplete: str) -> list[Any]:
        """Complete names of commands without importing them."""
        names = [name for name in self.list_commands(ctx) if name.startswith(incomplete)]
        found = [click.shell_completion.CompletionItem(n, help=self.table[n][1]) for n in names]
        return found + click.Command.shell_complete(self, ctx, incomplete)


def command_group(help: str, example: str) -> typer.Typer:
    """Return an empty group of commands with its help and an example."""
    group = typer.Typer(
        cls=Group,
        help=help,
        epilog=f"Example: {example}",
        rich_markup_mode=None,
        add_completion=False,
        context_settings=SETTINGS,
    )
    group.callback()(_keep_group)
    return group


def _keep_group() -> None:
    """Keep a group with one command a group."""


def single_command() -> typer.Typer:
    """Return an application that will hold one command."""
    return typer.Typer(rich_markup_mode=None, add_completion=False, context_settings=SETTINGS)
