"""The root of the command line: names of all commands, `--version`, exit codes.

Exit codes: 0 yes or done, 1 no or failed, 2 wrong use.
"""

from __future__ import annotations

import sys

import typer
from typer.main import get_command

from gateway.version import VERSION

from .group import SETTINGS, LazyGroup

COMMANDS = {
    "serve": ("gateway.cli.serve", "Start the gateway and stay in the foreground."),
    "config": ("gateway.cli.config", "Check, show and describe the configuration."),
    "keys": ("gateway.cli.keys", "Create, list and revoke API keys."),
    "flags": ("gateway.cli.flags", "Show and change flags of a running gateway."),
    "rollout": ("gateway.cli.rollout", "Walk a flag up or down, step by step."),
    "audit": ("gateway.cli.audit", "Show, verify, export and erase audit records."),
    "limits": ("gateway.cli.limits", "Show, reset and rehearse limits."),
    "ratelimit": ("gateway.cli.ratelimit", "Report who met which limit."),
    "probe": ("gateway.cli.probes", "Try one thing on a running gateway."),
    "bench": ("gateway.cli.bench", "Measure a gateway under load."),
    "doctor": ("gateway.cli.doctor", "Examine an installation and name remedies."),
    "checklist": ("gateway.cli.checklist", "Run the deployment checklist."),
    "report": ("gateway.cli.report", "Report numbers of the last hours."),
    "verdict": ("gateway.cli.verdict", "Say whether to keep, hold or roll back."),
    "rollback": ("gateway.cli.rollback", "Switch off, wait, and prove that all is well."),
    "logs": ("gateway.cli.logs", "Judge the gateway's log."),
    "faults": ("gateway.cli.faults", "Prove the error handling with scripted faults."),
    "compat": ("gateway.cli.compat", "Use the providers' SDKs and the widget against a gateway."),
    "swap-check": ("gateway.cli.swap_check", "Compare two models on a set of requests."),
    "models": ("gateway.cli.models", "List the models that clients can use."),
    "completion": ("gateway.cli.completion", "Print the completion script of a shell."),
}
EPILOG = "Example: gateway serve --port 8080   Exit codes: 0 yes, 1 no, 2 wrong use."


class Root(LazyGroup):
    """All commands."""

    table = COMMANDS


root = typer.Typer(
    cls=Root,
    help="A streaming gateway for chat: one answer, many protocols, nothing lost on the way.",
    epilog=EPILOG,
    rich_markup_mode=None,
    add_completion=True,
    context_settings=SETTINGS,
)


@root.callback()
def options(
    version: bool = typer.Option(
        False, "--version", "-V", is_eager=True, help="Print the version."
    ),
) -> None:
    """Handle what stands before the command."""


def main(args: list[str] | None = None) -> None:
    """Run the command line and exit."""
    words = sys.argv[1:] if args is None else args
    if words[:1] in (["--version"], ["-V"]):
        typer.echo(f"sluicegate {VERSION}")
        sys.exit(0)
    get_command(root).main(args=words, prog_name="gateway")
