"""Help, versions, wrong words, exit codes, completion."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest
from typer.main import get_command

from gateway.cli.main import COMMANDS, root

PRESENT = ("serve", "config", "keys", "flags", "probe", "completion")
HELPS = [
    [],
    *[[name] for name in PRESENT],
    *[["config", name] for name in ("check", "show", "schema")],
    *[["keys", name] for name in ("create", "list", "revoke")],
    *[["flags", name] for name in ("show", "set")],
    ["probe", "stream"],
]


@pytest.mark.parametrize("words", HELPS, ids=" ".join)
def test_every_help_is_short_and_has_an_example(run, words):
    found = run(*words, "--help")

    lines = found.stdout.splitlines()
    assert found.returncode == 0
    assert found.stderr == ""
    assert len(lines) <= 70
    assert max(map(len, lines)) <= 100
    assert "Example:" in found.stdout
    assert "\x1b" not in found.stdout


def helps(command: Any, words: tuple[str, ...] = ()) -> Iterator[tuple[str, str]]:
    with command.make_context("gateway", [], resilient_parsing=True) as context:
        yield " ".join(words), command.get_help(context)
        for name in getattr(command, "list_commands", lambda _: [])(context):
            yield from helps(command.get_command(context, name), (*words, name))


def test_the_help_of_every_command_is_short_and_has_an_example():
    found = dict(helps(get_command(root)))

    assert len(found) > 60
    assert [name for name, text in found.items() if "Example:" not in text] == []
    assert [name for name, text in found.items() if len(text.splitlines()) > 70] == []
    assert [n for n, text in found.items() if max(map(len, text.splitlines())) > 100] == []


@pytest.mark.parametrize("words, told", [
    (("serve", "--port", "abc"), "write a whole number"),
    (("serve", "--port", "99999"), "at most 65535"),
    (("bench", "--streams", "0"), "at least 1"),
    (("bench", "--duration", "x"), "write a number"),
    (("report", "--format", "pdf"), "'pdf' is not one of 'md'"),
])  # fmt: skip
def test_a_wrong_value_is_told_in_plain_words(run, words, told):
    found = run(*words)

    assert found.returncode == 2
    assert told in found.stderr
    assert "Input should" not in found.stderr
    assert "Value error" not in found.stderr


def test_help_is_quick():
    def once() -> float:
        start = time.perf_counter()
        subprocess.run([sys.executable, "-m", "gateway", "--help"], capture_output=True, check=True)
        return time.perf_counter() - start

    assert min(once() for _ in range(3)) < 0.5


def test_help_and_version_load_neither_server_nor_providers():
    code = (
        "import sys\nfrom gateway.cli.main import main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
        "heavy = {'aiohttp', 'openai', 'anthropic', 'redis', 'yaml', 'pydantic', 'rich'}\n"
        "print('LOADED', sorted(heavy & set(sys.modules)))"
    )

    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert found.stdout.splitlines()[-1] == "LOADED []"


@pytest.mark.parametrize("word", ["--version", "-V"])
def test_the_version_is_one_line(run, word):
    found = run(word)

    assert found.returncode == 0
    assert found.stdout.startswith("sluicegate ")
    assert len(found.stdout.splitlines()) == 1


@pytest.mark.parametrize("words", [(), ("config",), ("keys",)], ids=str)
def test_a_bare_command_shows_its_help(run, words):
    found = run(*words)

    assert found.returncode == 0
    assert "Commands:" in found.stdout


@pytest.mark.parametrize(
    "words, meant",
    [
        (("serv",), "serve"),
        (("conffig", "check"), "config"),
        (("config", "checkk"), "check"),
        (("keys", "crate"), "create"),
        (("serve", "--prot", "1"), "--port"),
        (("config", "check", "--jsn"), "--json"),
    ],
    ids=str,
)
def test_a_wrong_word_is_wrong_use_and_names_the_nearest(run, words, meant):
    found = run(*words)

    assert found.returncode == 2
    assert meant in found.stderr
    assert found.stdout == ""
    assert "Traceback" not in found.stderr


@pytest.mark.parametrize(
    "words", [("serve", "--port", "x"), ("serve", "--port", "70000"), ("serve", "--workers", "0"),
              ("serve", "extra"), ("completion", "tcsh"), ("keys", "revoke")],
    ids=str,
)  # fmt: skip
def test_wrong_use_exits_with_2(run, words):
    assert run(*words).returncode == 2


def test_only_commands_that_are_there_are_offered():
    group = get_command(root)

    names = group.list_commands(None)

    assert set(PRESENT) <= set(names) <= set(COMMANDS)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_printed_for_three_shells(run, shell):
    found = run("completion", shell)

    assert found.returncode == 0
    assert "_GATEWAY_COMPLETE" in found.stdout


@pytest.mark.parametrize(
    "words, number, offered",
    [("gateway con", "1", "config"), ("gateway config sch", "2", "schema")],
)
def test_completion_offers_commands(run, words, number, offered):
    found = run(_GATEWAY_COMPLETE="complete_bash", COMP_WORDS=words, COMP_CWORD=number)

    assert offered in found.stdout
