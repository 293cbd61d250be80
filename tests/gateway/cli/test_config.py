"""`gateway config`: the document, the exit codes, nothing secret."""

from __future__ import annotations

import json

import yaml

CANARY = "canary-4f1d9b"


def test_a_sound_configuration_exits_with_0(run):
    found = run("config", "check")

    assert (found.returncode, found.stderr) == (0, "")
    assert "sound" in found.stdout


def test_the_document_of_check_has_the_fields_of_the_contract(run, tmp_path):
    file = tmp_path / "gateway.yaml"
    file.write_text(
        "backends: {openai: {kind: echo}}\nmodels:\n  default: {targets: [{backend: opnai}]}\n"
    )

    found = run("config", "check", "--json", "--config", str(file))

    document = json.loads(found.stdout)
    assert found.returncode == 1
    assert (document["version"], document["ok"]) == (1, False)
    assert [set(p) for p in document["problems"]] == [
        {"path", "file", "line", "message", "remedy", "nearest"}
    ]
    problem = document["problems"][0]
    assert problem["path"] == "models.default.targets[0].backend"
    assert (problem["file"], problem["line"], problem["nearest"]) == (str(file), 3, "openai")


def test_warnings_do_not_disturb_the_document(run):
    found = run("config", "check", "--json", GATEWAY_PROT="1")

    document = json.loads(found.stdout)
    assert document["ok"]
    assert [w["nearest"] for w in document["warnings"]] == ["GATEWAY_PORT"]
    assert found.returncode == 0


def test_problems_for_people_have_place_and_remedy(run, tmp_path):
    (tmp_path / "a.yaml").write_text("server: {prot: 1}\n")

    found = run("config", "check", GATEWAY_CONFIG=str(tmp_path / "a.yaml"))

    assert found.returncode == 1
    assert f"{tmp_path}/a.yaml:1: server.prot" in found.stdout
    assert "did you mean `port`?" in found.stdout


def test_serve_refuses_on_the_same_problems(run, tmp_path):
    (tmp_path / "a.yaml").write_text("server: {prot: 1}\nbackends: {a: {kind: scrip}}\n")

    found = run("serve", "--config", str(tmp_path / "a.yaml"))

    assert found.returncode == 1
    assert "server.prot" in found.stderr
    assert "backends.a.kind" in found.stderr
    assert "Traceback" not in found.stderr


def test_show_names_origins_and_masks_secrets(run):
    found = run("config", "show", "--json", OPENAI_API_KEY=CANARY, GATEWAY_PORT="9000",
                GATEWAY_AUDIT_KEY=CANARY, REDIS_URL=f"redis://u:{CANARY}@h")  # fmt: skip

    document = json.loads(found.stdout)
    by_path = {setting["path"]: setting for setting in document["settings"]}
    assert document["version"] == 1
    assert by_path["server.port"]["origin"] == "env GATEWAY_PORT"
    assert by_path["server.host"]["origin"] == "default"
    assert CANARY not in found.stdout + found.stderr


def test_show_for_people_is_a_table_without_secrets(run):
    found = run("config", "show", OPENAI_API_KEY=CANARY)

    assert found.stdout.splitlines()[0].split() == ["setting", "value", "origin"]
    assert CANARY not in found.stdout


def test_show_of_a_broken_configuration_exits_with_1(run):
    found = run("config", "show", GATEWAY_PORT="x")

    assert (found.returncode, found.stdout) == (1, "")


def test_the_schema_is_json(run):
    document = json.loads(run("config", "schema").stdout)

    assert document["$schema"].startswith("https://json-schema.org/")


def test_the_markdown_is_the_reference_page(run):
    assert run("config", "schema", "--markdown").stdout.startswith("# Configuration")


def test_options_of_serve_win_and_are_named(run):
    found = run("serve", "--workers", "2", GATEWAY_WORKERS="1")

    assert found.returncode == 1
    assert "--workers" in found.stderr
    assert "Redis" in found.stderr


def test_yaml_is_what_the_line_of_a_new_key_is(run):
    document = json.loads(run("keys", "create", "--id", "web", "--json").stdout)

    assert yaml.safe_load(document["line"])[0]["id"] == "web"


def test_fix_writes_the_names_that_were_meant_and_nothing_else(run, tmp_path):
    path = tmp_path / "gateway.yaml"
    path.write_text(
        "# mine\nsever: {port: 1}\nbackends:\n  demo: {knd: script}  # stays\n"
        "models:\n  default: {targets: [{backend: dmo}]}\n"
    )
    path.chmod(0o600)

    done = run("config", "check", "--fix", "--config", str(path))

    assert done.returncode == 0
    assert path.read_text() == (
        "# mine\nserver: {port: 1}\nbackends:\n  demo: {kind: script}  # stays\n"
        "models:\n  default: {targets: [{backend: demo}]}\n"
    )
    assert path.stat().st_mode & 0o777 == 0o600
    assert f"{path}:6: dmo -> demo" in done.stderr


def test_fix_leaves_what_it_cannot_know_and_tells_it(run, tmp_path):
    path = tmp_path / "gateway.yaml"
    text = "models:\n  default: {targets: [{backend: zebra}, {backend: zebra}]}\n"
    path.write_text(text)

    done = run("config", "check", "--fix", "--config", str(path))

    assert done.returncode == 1
    assert path.read_text() == text
    assert "there is no backend `zebra`" in done.stdout


def test_fix_without_a_file_is_wrong_use(run):
    assert run("config", "check", "--fix").returncode == 2
