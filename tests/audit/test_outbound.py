"""Prompts leave without values, answers come back with them, however they are cut."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from audit.redact import Redactor
from audit.redact.outbound import Outbound

REDACTOR = Redactor(lambda kind, value: "x")
PROMPT = "Saya Budi Santoso, budi@example.com, NIK 3171011708900001. Kartu 4111 1111 1111 1111"


def hidden() -> tuple[Outbound, str]:
    outbound = Outbound(REDACTOR)
    return outbound, outbound.hide(["Nama saya Budi Santoso", PROMPT])[1]


def test_prompt_leaves_without_values_and_equal_values_have_equal_names():
    outbound = Outbound(REDACTOR)

    first, second = outbound.hide(["mail a@example.com", "again a@example.com"])

    assert "@" not in first + second
    assert first.split()[1] == second.split()[1]


def test_two_calls_share_no_name():
    assert hidden()[1] != hidden()[1]


def test_answer_is_restored():
    outbound, prompt = hidden()

    assert "Budi" not in prompt
    assert outbound.restore(prompt) == PROMPT


def test_names_escaped_for_markdown_are_restored():
    outbound, prompt = hidden()

    assert outbound.restore(prompt.replace("_", "\\_")) == PROMPT


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 200), max_size=30))
def test_answer_is_restored_on_every_cutting(cuts):
    outbound, prompt = hidden()
    restorer = outbound.restorer()
    done, at = [], 0
    for cut in [*sorted(min(cut, len(prompt)) for cut in cuts), len(prompt)]:
        done.append(restorer.feed(prompt[at:cut]))
        at = cut

    assert "".join([*done, restorer.close()]) == PROMPT


def test_values_in_tool_arguments_stay_json():
    outbound = Outbound(REDACTOR)
    name = outbound.hide(["password: pa\\ss9"])[0].split()[1]
    restorer = outbound.restorer(in_json=True)

    done = restorer.feed('{"to": "' + name[:5]) + restorer.feed(name[5:] + '"}') + restorer.close()

    assert json.loads(done) == {"to": "pa\\ss9"}


def test_text_that_merely_begins_like_a_name_is_not_lost():
    outbound, _ = hidden()
    restorer = outbound.restorer()

    assert restorer.feed("an EMAIL") + restorer.feed(" is") + restorer.close() == "an EMAIL is"


def test_values_hidden_in_json_values():
    outbound = Outbound(REDACTOR)

    done = outbound.hide_value({"a": ["x@example.com", 1, None], "b": {"c": "y@example.com"}})

    assert "example" not in json.dumps(done)
    assert outbound.count == 2
