"""Recall on labelled lines of our own in many languages; harmless lines stay as they are."""

from __future__ import annotations

import pytest

from audit.redact import Memory, Redactor, engine
from audit.redact.detect import DETECTORS
from audit.redact.fold import Folded
from audit.redact.redactor import Finder
from bench.redaction import SETS, harmless, labelled, measure, share

REDACTOR = Redactor(lambda kind, value: f"{sum(map(ord, value)) % 9973}")


@pytest.fixture(scope="module")
def result():
    return measure(lambda text: REDACTOR.redact(text).text)


def test_structured_values_are_found(result):
    assert share(result["types"], False) >= 0.96, result["missed"]


def test_names_addresses_and_birth_dates_are_found_by_their_cues(result):
    assert share(result["types"], True) >= 0.80, result["missed"]


@pytest.mark.parametrize("name", SETS[1:])
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
    monkeypatch.setattr(engine._Set, "_build", lambda _: lambda _view: [])

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


@pytest.mark.parametrize(
    ("text", "gone"),
    [
        ("nik,nama,paspor\n3171014506920003,Sekar Arum,C1928374\n317,Zul,E2837465", "Zul E2837465"),
        (
            "| Name | Passport | Born |\n|---|---|---|\n| Noor | NR8K2P4L6 | 11-04-1992 |",
            "Noor 1992",
        ),
        ('full_name;dob\n"Petrenko; Ludmila";1983-09-12\nTariq;1990-01-30', "1983 Tariq 1990"),
        (
            "INSERT INTO p (nama, kitas) VALUES ('Zul', '2C21JE8841'), ('Eko', '2C21')",
            "Zul JE8841 Eko",
        ),
    ],
)
def test_cells_are_what_the_header_of_their_column_says(text, gone):
    done = REDACTOR.redact(text).text

    assert [value for value in gone.split() if value in done] == []


def test_a_table_ends_where_a_line_has_other_columns():
    text = "name,passport\nZul,C1928374\n\nred,green,blue\nGrass,C1234\n"

    assert REDACTOR.redact(text).text.endswith("\n\nred,green,blue\nGrass,C1234\n")


@pytest.mark.parametrize(
    "line", ["sku,name,qty\nBX-20419,Ceramic mug,3", "name,type\nTimeout,int", "a,b\nZul,C1"]
)
def test_tables_of_things_stay(line):
    assert REDACTOR.redact(line).text == line


@pytest.mark.parametrize(
    "text",
    [
        "Berapa nomor paspornya?\nsebentar ya\nB4829103",
        "Agent: passport number?\nGuest: sure, B4829103",
        "KTP number please\n3171014506920003",
    ],
)
def test_an_answer_is_what_a_line_before_asked_for(text):
    assert REDACTOR.redact(text).text.split()[-1].startswith(("[PASSPORT_", "[NIK_"))


def test_a_time_below_a_label_is_no_answer():
    text = "SSN: 304-56-7812\nEffective: 2026-03-17T00:53:00Z"

    assert REDACTOR.redact(text).text.endswith("\nEffective: 2026-03-17T00:53:00Z")


@pytest.mark.parametrize(
    "line",
    [
        "Gwen says hi",
        "Tell Kevin that the deposit came back",
        "tolong bilang Kadek jangan lupa",
        "Surat itu ditandatangani oleh Ketut Wijaya",
        "Вчера Сергей Ковалёв оплатил визу",
        "قابلت محمد الحسيني أمس",
        "WeChat: Liu Yifei",
    ],
)
def test_names_are_found_without_an_introduction(line):
    assert "[PERSON_" in REDACTOR.redact(line).text


@pytest.mark.parametrize(
    "line",
    [
        "Grace period and Hope Street",
        "Bandara I Gusti Ngurah Rai ditutup",
        "Morgan Stanley and Victoria Falls",
        "Sari Roti dan Dewi Fortuna",
        "from Hamburg to Paris with Air France",
    ],
)
def test_places_and_brands_named_like_people_stay(line):
    assert REDACTOR.redact(line).text == line
