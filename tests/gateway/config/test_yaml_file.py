"""Syntax: broken YAML, duplicates, references to variables, unreadable files."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.config import ConfigInvalid, examine, load


def test_broken_yaml_names_line_and_column_and_shows_the_line(problem):
    found = problem("server:\n  port: 8080\n host: x\n")

    assert found.line == 3
    assert "line 3, column" in found.message
    assert "host: x" in found.message


def test_broken_yaml_does_not_show_a_secret_of_its_line(problem):
    found = problem('backends:\n  a: {kind: openai_chat, api_key: "sk-canary-0123456789abcdef\n')

    assert "canary" not in str(found)


def test_a_file_that_is_not_there_is_one_problem(tmp_path):
    found = examine(str(tmp_path / "none.yaml"), {}).problems

    assert [p.file for p in found] == [str(tmp_path / "none.yaml")]
    assert "no such file" in found[0].message


def test_a_missing_file_named_by_the_variable_names_the_variable(tmp_path):
    found = examine(None, {"GATEWAY_CONFIG": str(tmp_path / "none.yaml")}).problems

    assert found[0].path == "GATEWAY_CONFIG"


def test_the_variable_names_the_file(tmp_path):
    (tmp_path / "a.yaml").write_text("server: {port: 9000}")

    assert load(None, {"GATEWAY_CONFIG": str(tmp_path / "a.yaml")}).server.port == 9000


@pytest.mark.parametrize("raw", [b"\xff\xfe\x00", b"a: \xff"])
def test_a_file_that_is_not_utf8_is_one_problem(tmp_path: Path, raw: bytes):
    (tmp_path / "a.yaml").write_bytes(raw)

    with pytest.raises(ConfigInvalid, match="UTF-8"):
        load(str(tmp_path / "a.yaml"), {})


def test_a_folder_is_one_problem(tmp_path):
    assert "directory" in examine(str(tmp_path), {}).problems[0].message


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n"])
def test_an_empty_file_gives_the_defaults(judge, text):
    assert judge(text).config == examine(None, {}).config


def test_a_file_that_is_a_list_is_refused(problem):
    assert "mapping" in problem("- a\n- b\n").message


def test_a_name_given_twice_is_refused_with_both_lines(problem):
    found = problem("server:\n  port: 1\n  port: 2\n")

    assert (found.path, found.line) == ("server.port", 3)
    assert "line 2" in found.message


def test_tags_are_refused(problem):
    assert "tags" in problem("server: {host: !!python/object:os.system x}\n").message


def test_merge_keys_are_refused(problem):
    assert "plain names" in problem("server: {<<: {port: 1}}\n").message


def test_repeated_anchors_do_not_explode(judge):
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]

    found = judge("backends:\n  demo:\n    kind: mine\n" + "".join(f"    {x}\n" for x in lines))

    assert any("repeated too deeply" in p.message for p in found.problems)


def test_deep_nesting_is_told(judge):
    assert "nested" in judge("server: " + "[" * 5000 + "]" * 5000).problems[0].message


@pytest.mark.parametrize(
    "text, port", [("${PORT}", 9000), ('"${PORT}"', 9000), ("${NONE:-9001}", 9001)]
)
def test_variables_stand_for_numbers(judge, text, port):
    assert judge(f"server:\n  port: {text}\n", PORT="9000").config.server.port == port


def test_a_reference_without_quotes_in_braces_is_explained(problem):
    assert "quotes" in problem("server: {port: ${PORT}}", PORT="1").remedy


def test_an_unset_variable_is_named_with_path_and_remedy(problem):
    found = problem('backends: {a: {kind: openai_chat, api_key: "${NOT_SET}"}}')

    assert found.path == "backends.a.api_key"
    assert "NOT_SET" in found.message
    assert "${NOT_SET:-}" in found.remedy


def test_an_empty_variable_counts_as_missing(problem):
    assert "empty" in problem('jwt_secret: "${EMPTY}"', EMPTY="").message


def test_the_default_of_a_variable_may_be_empty(judge):
    assert judge('redis: {url: "${REDIS_URL:-}"}').config.redis.url == ""


def test_a_doubled_dollar_keeps_the_reference(judge):
    config = judge('apps: {a: {system_prompt: "pay $5 or $${X}"}}').config

    assert config.apps["a"].system_prompt == "pay $5 or ${X}"


@pytest.mark.parametrize("text", ["${}", "${A B}", "${A", "${A-b}"])
def test_a_reference_in_the_wrong_form_is_told(problem, text):
    assert "${NAME}" in problem(f"jwt_secret: '{text}'").message


def test_a_value_that_needs_a_variable_is_a_list_when_it_should_be(judge):
    found = judge("server: {hosts: '${HOSTS}'}", HOSTS="a.example, b.example")

    assert found.config.server.hosts == ("a.example", "b.example")
