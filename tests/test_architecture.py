"""The rules of the house that no linter knows: sizes, directions, words, licences."""

from __future__ import annotations

import ast
import configparser
import importlib
import re
import subprocess
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("gateway", "backends", "ratelimit", "audit")
SIBLINGS = ROOMS[1:]

MODULE_LINES = 300
FUNCTION_LINES = 40
LONG_MODULES: dict[str, str] = {}
LONG_FUNCTIONS = {
    "gateway/telemetry/metrics.py:__init__": "a table: every metric with its name and help",
}

FORBIDDEN_NAMES = ("utils", "util", "helpers", "helper", "common", "manager", "misc", "base2")
BLIND_EXCEPTS = {
    "gateway/middleware/edge.py": "the edge of a request: the caller gets a 500 without details",
    "gateway/stream/generation.py": "the edge of a generation: its readers get a terminal event",
    "audit/journal/hand.py": "the thread of a journal: who gave a job is told what broke it",
    "audit/redaction_point.py": "the dispatcher of records: a fault reveals and stops nothing",
    "audit/redact/apart_worker.py": "the edge of a plug-in in its process: a bad text ends nothing",
}
# What the gateway imports from inside a room, because the front door must not load it early.
SIDE_DOORS = {
    "backends.registry": "looks up entry points, so that a kind is loaded when it is configured",
    "backends.routes.router": "the one backend that is made of backends",
}
ENVIRONMENT_READERS = {
    "gateway/cli/serve.py": "names the file that the configuration is read from",
    "gateway/cli/keys.py": "names the file that keys are written to",
    "gateway/server/supervisor.py": "tells the metrics library of the workers' folder",
}
# Copyleft that allows use as a library without conditions on our code.
LIBRARY_LICENCES = {"python-stdnum": "LGPL-2.1-or-later, used unchanged as a library"}


class Module:
    """One source file of a room."""

    def __init__(self, path: Path) -> None:
        self.name = path.relative_to(ROOT).as_posix()
        self.text = path.read_text()
        self.lines = self.text.splitlines()
        self.tree = ast.parse(self.text)

    @property
    def room(self) -> str:
        return self.name.partition("/")[0]

    def functions(self) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
        for node in ast.walk(self.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield node

    def body_lines(self, function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
        """Lines of code of the body: no signature, docstring, comment or empty line."""
        body = function.body[1:] if ast.get_docstring(function) else function.body
        if not body:
            return 0
        lines = self.lines[body[0].lineno - 1 : function.end_lineno]
        return sum(1 for line in lines if line.strip() and not line.strip().startswith("#"))

    def imports(self) -> Iterator[str]:
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and not node.level:
                yield node.module or ""


MODULES = [
    Module(path)
    for room in ROOMS
    for path in sorted((ROOT / room).rglob("*.py"))
    if "__pycache__" not in path.parts and "node_modules" not in path.parts
]


def tracked_files() -> list[str]:
    """The files of the repository, or of the folder where there is no git."""
    try:
        shown = subprocess.run(
            ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git checkout")
    return [name for name in shown.stdout.splitlines() if (ROOT / name).is_file()]


def test_a_module_has_at_most_300_lines() -> None:
    too_long = {m.name: len(m.lines) for m in MODULES if len(m.lines) > MODULE_LINES}

    assert too_long.keys() <= LONG_MODULES.keys(), f"split these by what they are about: {too_long}"


def test_a_function_has_at_most_40_lines_of_code() -> None:
    too_long = {
        f"{module.name}:{function.name}": lines
        for module in MODULES
        for function in module.functions()
        if (lines := module.body_lines(function)) > FUNCTION_LINES
    }

    assert too_long.keys() <= LONG_FUNCTIONS.keys(), f"name a part of these: {too_long}"


def test_every_module_says_what_it_is_for() -> None:
    silent = [module.name for module in MODULES if not ast.get_docstring(module.tree)]

    assert silent == []


def test_every_folder_with_modules_is_a_package() -> None:
    """A folder without `__init__.py` works in a checkout and is missing from the wheel."""
    folders = {Path(module.name).parent for module in MODULES}

    assert [str(f) for f in sorted(folders) if not (ROOT / f / "__init__.py").is_file()] == []


def test_rooms_do_not_import_each_other_or_the_gateway() -> None:
    crossings = [
        f"{module.name} imports {name}"
        for module in MODULES
        if module.room in SIBLINGS
        for name in module.imports()
        if name.partition(".")[0] in ROOMS and name.partition(".")[0] != module.room
    ]

    assert crossings == []


def test_only_names_from_a_rooms_front_door_cross_its_wall() -> None:
    through_walls = [
        f"{module.name} imports {name}"
        for module in MODULES
        if module.room == "gateway"
        for name in module.imports()
        if name.partition(".")[0] in SIBLINGS and "." in name and name not in SIDE_DOORS
    ]

    assert through_walls == []


def test_no_module_is_named_for_nothing() -> None:
    nameless = [
        m.name for m in MODULES if set(Path(m.name).with_suffix("").parts) & {*FORBIDDEN_NAMES}
    ]

    assert nameless == []


def test_unknown_errors_are_caught_in_three_places_only() -> None:
    places = [
        module.name
        for module in MODULES
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or (isinstance(node.type, ast.Name) and node.type.id == "Exception"))
    ]

    assert sorted(places) == sorted(BLIND_EXCEPTS)


def test_a_handler_of_every_exception_raises_it_again() -> None:
    """`except BaseException` sees cancellation, which is never swallowed."""
    swallowing = [
        f"{module.name}:{node.lineno}"
        for module in MODULES
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ExceptHandler)
        and isinstance(node.type, ast.Name)
        and node.type.id in ("BaseException", "CancelledError")
        and not any(isinstance(inner, ast.Raise) for inner in ast.walk(node))
    ]

    assert swallowing == []


def test_only_the_configuration_reads_the_environment() -> None:
    """Handing `os.environ` as a whole to the configuration is not reading it."""
    readers = {
        module.name
        for module in MODULES
        if not module.name.startswith("gateway/config/")
        for node in ast.walk(module.tree)
        if (isinstance(node, ast.Subscript) and _is_environ(node.value))
        or (isinstance(node, ast.Attribute) and (_is_environ(node.value) or _is_getenv(node)))
    }

    assert readers <= ENVIRONMENT_READERS.keys()


def _is_environ(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "environ"


def _is_getenv(node: ast.Attribute) -> bool:
    return node.attr == "getenv"


def test_nothing_is_left_to_be_done() -> None:
    marks = re.compile(
        r"(#|//|/\*|--)\s*(" + "|".join(("TO" + "DO", "FIX" + "ME", "X" * 3)) + r")\b"
    )

    left = [
        f"{name}:{number}"
        for name in tracked_files()
        if name.endswith((".py", ".js", ".mjs", ".lua", ".sh", ".yml", ".css", ".html"))
        for number, line in enumerate((ROOT / name).read_text().splitlines(), 1)
        if marks.search(line)
    ]

    assert left == []


def test_no_file_names_a_package_registrys_host() -> None:
    """Where packages come from is the business of the machine, not of the repository."""
    hosts = re.compile(
        "|".join(
            ("py" + r"pi\.org", "python" + "hosted", r"npm" + r"js\.org", r"deb\.deb" + r"ian\.")
        )
    )

    naming = [
        name
        for name in tracked_files()
        if not name.endswith((".png", ".ico", ".woff2"))
        and hosts.search((ROOT / name).read_text(errors="replace"))
    ]

    assert naming == []


def test_every_entry_point_leads_somewhere() -> None:
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    points = config["options.entry_points"]
    lines = [line for group in points.values() for line in group.split("\n") if line]

    assert len(lines) >= 8
    for line in lines:
        module, _, name = line.partition("=")[2].strip().partition(":")
        found = importlib.import_module(module)
        assert not name or hasattr(found, name), line


def test_tests_do_not_hide_the_real_packages() -> None:
    """An `__init__.py` below tests would make `tests/backends` shadow `backends`."""
    assert [str(path) for path in (ROOT / "tests").rglob("__init__.py")] == []


def test_the_licence_is_apache_2() -> None:
    text = (ROOT / "LICENSE").read_text()

    assert "Apache License" in text
    assert "Version 2.0, January 2004" in text
    assert "license_expression = Apache-2.0" in (ROOT / "setup.cfg").read_text()


def test_what_we_install_allows_our_licence() -> None:
    """No dependency to run may put conditions on our code."""
    names = re.findall(r"^([A-Za-z0-9_.-]+)==", (ROOT / "requirements.lock").read_text(), re.M)
    copyleft = {}
    for name in names:
        try:
            about = metadata(name)
        except PackageNotFoundError:
            continue  # for another platform, or only needed to install
        said = f"{about.get('License-Expression') or ''} {about.get('License') or ''}"[:200]
        said += " ".join(c for c in about.get_all("Classifier") or [] if c.startswith("License"))
        if re.search(r"\b[AL]?GPL|General Public License", said):
            copyleft[name] = said.strip()

    assert copyleft.keys() <= LIBRARY_LICENCES.keys(), copyleft


def test_lock_files_pin_every_package_with_hashes() -> None:
    for name in ("requirements.lock", "requirements-dev.lock"):
        entries = re.split(r"\n(?=\S)", (ROOT / name).read_text())
        pinned = [entry for entry in entries if not entry.startswith("#")]

        assert len(pinned) > 40
        assert [e for e in pinned if "==" not in e or "--hash=sha256:" not in e] == []


def test_what_tests_run_is_what_users_run() -> None:
    """Both lock files agree on every version."""
    versions = [
        dict(re.findall(r"^([A-Za-z0-9_.-]+)==(\S+)", (ROOT / name).read_text(), re.M))
        for name in ("requirements.lock", "requirements-dev.lock")
    ]

    assert versions[0].items() <= versions[1].items()
