"""Recall on labelled lines of our own in many languages; harmless lines stay as they are."""

from __future__ import annotations

import pytest

from audit.redact import Memory, Redactor, engine
from audit.redact.detect import DETECTORS
from audit.redact.fold import Folded
from audit.redact.redactor import Finder
from bench.redaction import harmless, labelled, measure, share

REDACTOR = Redactor(lambda kind, value: f"{sum(map(ord, value)) % 9973}")


@pytest.fixture(scope="module")
def result():
    return measure(lambda text: REDACTOR.redact(text).text)


def test_structured_values_are_found(result):
    assert share(result["types"], False) >= 0.96, result["missed"]


def test_names_addresses_and_birth_dates_are_found_by_their_cues(result):
    assert share(result["types"], True) >= 0.80, result["missed"]


@pytest.mark.parametrize("name", ["second", "third", "fourth", "fifth"])
def test_other_sets_are_found_as_well(name):
    other = measure(lambda text: REDACTOR.redact(text).text, name)

    assert share(other["types"], False) >= 0.96, other["missed"]
    assert share(other["types"], True) >= 0.90, other["missed"]


def test_no_type_is_weak(result):
    assert {kind for kind, (hit, all) in result["types"].items() if hit / all < 0.9} == set()


def test_harmless_lines_stay_as_they_are(result):
    assert len(result["changed"]) <= 0.05 * len(harmless()), result["changed"]


@pytest.mark.parametrize("kind", ["NIK", "NPWP", "KK", "KITAS", "BPJS", "PASSPORT", "CARD", "IBAN"])
def test_placeholder_names_the_right_type(kind):
    lines = [line for line, values in labelled() if [name for name, _ in values] == [kind]]

    named = [line for line in lines if f"[{kind}_" in REDACTOR.redact(line).text]

    assert len(named) >= 0.9 * len(lines), set(lines) - set(named)


def test_same_number_has_the_same_pseudonym_however_it_is_written():
    forms = [
        "hp 0812-3456-7890",
        "hp +62 812 3456 7890",
        "hp 6281234567890",
        "hp ０８１２３４５６７８９０",
    ]

    assert len({REDACTOR.redact(form).text.split()[-1] for form in forms}) == 1


def test_value_found_once_is_found_everywhere_in_the_call_the_past_included():
    memory = Memory()

    first, second = REDACTOR.session(["Budi was here", "Nama saya Budi Santoso"], memory)
    (reply,) = REDACTOR.session(["Halo Budi! Selamat pagi"], memory)

    assert "Budi" not in first.text + second.text + reply.text


def test_secrets_leave_no_tag_to_compare():
    assert REDACTOR.redact("password: hunter2").text == "password: [PASSWORD]"


@pytest.mark.parametrize(
    "strategy,expected",
    [
        ("placeholder", "mail [EMAIL] card [CARD]"),
        ("mask", "mail [EMAIL •@example.com] card [CARD ••1111]"),
        ("drop", "mail  card "),
        ("keep", "mail a@example.com card 4111 1111 1111 1111"),
    ],
)
def test_strategies(strategy, expected):
    redactor = Redactor(lambda kind, value: "x", strategies={"*": strategy})

    assert redactor.redact("mail a@example.com card 4111 1111 1111 1111").text == expected


def test_findings_never_hold_the_value():
    found = REDACTOR.redact("mail a@example.com").findings

    assert "example" not in repr(found)


def test_loss_of_memory_in_the_engine_opens_every_detector(monkeypatch):
    redactor = Redactor(lambda kind, value: "x")
    monkeypatch.setattr(engine._Set, "_build", lambda _: type("S", (), {"Match": lambda *_: []})())

    assert "@" not in redactor.redact("a@example.com").text


def test_patterns_are_looked_for_wherever_they_occur():
    finder = Finder()
    views = [Folded(line).view for line, _ in [*labelled(), *labelled("second")]]
    patterns = {one for detector in DETECTORS for one in detector.openings}

    for view in views:
        occurring = {one for one in patterns if one.search(view)}
        assert occurring <= finder.places(view).keys()


def test_a_key_is_found_where_nothing_else_is():
    assert REDACTOR.redact("-----BEGIN PRIVATE KEY-----\nMII").text == "[PRIVATE_KEY]\n"


@pytest.mark.parametrize(
    ("before", "password", "after"),
    [
        ('passphrase: "', "correct horse battery staple", '"'),
        ("my password is 'my dog ate it", " again", "' ok"),
        ("mot de passe est `", "chat noir et bleu", "` merci"),
        ("kata sandi: \u201c", "kucing hitam besar", "\u201d"),
        ('{"password": "', "red green blue", '", "x": 1}'),
    ],
)
def test_password_of_several_words_goes_up_to_the_closing_quote(before, password, after):
    done = REDACTOR.redact(before + password + after).text

    assert done.endswith("[PASSWORD]" + after)
    assert password not in done


@pytest.mark.parametrize(
    "line", ['{"password": "This field is required"}', "the password is 'wrong one'"]
)
def test_what_programs_say_of_a_password_stays(line):
    assert REDACTOR.redact(line).text == line
