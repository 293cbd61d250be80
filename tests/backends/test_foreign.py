"""The policy for fields of other protocols, as the guide tells it."""

from __future__ import annotations

from pathlib import Path

import pytest

from backends import BackendRefused, Origin
from backends.carriage import public_body
from backends.contract import ask
from backends.foreign import MAX_NAMED, SHEETS, check_foreign

GUIDE = Path(__file__).parents[2] / "docs" / "protocols.md"


@pytest.mark.parametrize("dialect", SHEETS)
def test_the_guide_names_every_field_that_is_refused(dialect: str):
    text = GUIDE.read_text("utf-8")

    assert [field for field in SHEETS[dialect].refused if f"`{field}`" not in text] == []


@pytest.mark.parametrize("name", ["x\r\nSet-Cookie: a", "naïve", "a b", "", "x" * 65, '"', "a,b"])
def test_a_name_that_is_no_name_reaches_no_header(name: str):
    request = ask("hi", origin=Origin("openai.chat", {name: 1, "plain": 1}))

    assert check_foreign("b", request, "a model") == ["plain"]


def test_names_are_bounded_in_number():
    request = ask("hi", origin=Origin("openai.chat", {f"f{n}": 1 for n in range(500)}))

    assert len(check_foreign("b", request, "a model")) == MAX_NAMED


@pytest.mark.parametrize("dialect", SHEETS)
@pytest.mark.parametrize("value", [None, 1, "x", [1], [[]], {"type": 1}, [{"type": {}}]])
@pytest.mark.parametrize("field", ["messages", "input", "tools", "tool_choice", "metadata", "text"])
def test_any_shape_is_judged_without_a_fault_of_ours(dialect: str, field: str, value: object):
    request = ask("hi", origin=Origin(dialect, {field: value}))

    try:
        told: object = check_foreign("b", request, "a model")
    except BackendRefused as exc:
        told = exc.field

    assert told or told == []


@pytest.mark.parametrize("value", [None, 1, True, "x", [1], {"type": 1}])
@pytest.mark.parametrize("field", ["citations", "source", "file", "content", "type"])
def test_any_shape_inside_a_part_is_judged_too(field: str, value: object):
    turn = {"role": "user", "content": [{"type": "document", field: value}]}
    request = ask("hi", origin=Origin("anthropic.messages", {"messages": [turn]}))

    try:
        told: object = check_foreign("b", request, "a model")
    except BackendRefused as exc:
        told = exc.field

    assert told or told == []


@pytest.mark.parametrize("value", [None, True, 5, "x", ["user_id"], {"user_id": 1}])
def test_any_metadata_stays_here(value: object):
    request = ask("hi", origin=Origin("openai.chat", {"metadata": value}), user="h4sh")
    dropped: list[str] = []

    assert public_body("b", request, dropped) == {}
    assert dropped == ([] if value in (None, {"user_id": 1}) else ["metadata"])


@pytest.mark.parametrize(
    "dialect, field, value",
    [
        ("openai.chat", "modalities", ["text"]),
        ("openai.chat", "service_tier", "auto"),
        ("openai.chat", "logprobs", False),
        ("openai.chat", "n", 1),
        ("openai.responses", "truncation", "disabled"),
        ("openai.responses", "background", False),
        ("anthropic.messages", "service_tier", "auto"),
    ],
)
def test_what_happens_anyway_may_be_asked_for(dialect: str, field: str, value: object):
    request = ask("hi", origin=Origin(dialect, {field: value}))

    assert check_foreign("b", request, "a model") == []
