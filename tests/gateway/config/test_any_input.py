"""Whatever stands in the file or the environment: problems, never a traceback."""

from __future__ import annotations

import copy
import tempfile
from pathlib import Path
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.config import examine
from gateway.config.show import settings as shown
from gateway.config.variables import NAMES

EXAMPLE = Path(__file__).resolve().parents[3] / "deploy" / "gateway.example.yaml"
ENVIRON = {"OPENAI_API_KEY": "a", "ANTHROPIC_API_KEY": "b", "GATEWAY_AUDIT_KEY": "c",
           "REDIS_URL": "redis://x"}  # fmt: skip
ODD = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), st.just([]),
    st.just({}), st.just([None]), st.just([[]]), st.just({"a": None}), st.just([{"kind": []}]),
    st.just("${NO}"), st.just("${NO:-1}"), st.just(10**400),
)  # fmt: skip


def places(data: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the paths of all values."""
    inner = data.items() if isinstance(data, dict) else enumerate(data)
    found = []
    for name, value in inner:
        found.append((*path, name))
        if isinstance(value, dict | list):
            found += places(value, (*path, name))
    return found


WHOLE = yaml.safe_load(EXAMPLE.read_text())
PLACES = places(WHOLE)


def judged(text: str, environ: dict[str, str]) -> None:
    """Judge a text; a sound configuration can also be shown."""
    with tempfile.NamedTemporaryFile("wb", suffix=".yaml") as file:
        file.write(text.encode("utf-8", "surrogatepass"))
        file.flush()
        found = examine(file.name, environ)
    for problem in found.problems:
        assert problem.message
        assert problem.remedy
    shown(found)


@settings(max_examples=400, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(PLACES), ODD), min_size=1, max_size=3))
def test_any_value_in_any_place_is_judged(changes):
    data = copy.deepcopy(WHOLE)
    for path, value in changes:
        around: Any = data
        for name in path[:-1]:
            try:
                around = around[name]
            except (KeyError, IndexError, TypeError):
                around = None
        if isinstance(around, dict | list):
            try:
                around[path[-1]] = value
            except (IndexError, TypeError):
                continue

    judged(yaml.safe_dump(data, allow_unicode=True), ENVIRON)


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="ab:- \n[]{}\"'#&*!|>%@`,?$\t\\0", max_size=40))
def test_any_text_is_judged(text):
    judged(text, {})


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(
    st.one_of(st.sampled_from(sorted(NAMES - {"GATEWAY_CONFIG"})),
              st.from_regex(r"GATEWAY__[A-Z]{0,9}(__[A-Z0-9]{0,9}){0,3}", fullmatch=True)),
    st.text(max_size=12), max_size=6,
))  # fmt: skip
def test_any_environment_is_judged(environ):
    shown(examine(None, environ))
    judged(EXAMPLE.read_text(), {**ENVIRON, **environ})
