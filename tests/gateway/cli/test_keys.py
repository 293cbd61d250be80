"""`gateway keys`: the secret once, the hash in the file, revoking."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gateway.config import hash_key, load


@pytest.fixture
def file(tmp_path: Path) -> Path:
    found = tmp_path / "gateway.yaml"
    found.write_text("server: {port: 1}  # mine\n")
    return found


def test_create_prints_the_secret_once_and_the_line(run):
    found = run("keys", "create", "--id", "web", "--apps", "bali-zero")

    secret = found.stdout.splitlines()[0].split()[-1]
    assert found.returncode == 0
    assert (found.stdout + found.stderr).count(secret) == 1
    assert f'hash: "{hash_key(secret)}", apps: [bali-zero]' in found.stdout


def test_create_with_a_file_adds_the_line_and_no_secret(run, file):
    document = json.loads(run("keys", "create", "--id", "web", "--json", "-c", str(file)).stdout)

    assert document["secret"] not in file.read_text()
    assert file.read_text().startswith("server: {port: 1}  # mine\n")
    assert load(str(file), {}).keys[0].hash == hash_key(document["secret"])


def test_a_key_of_a_tenant_says_so_in_file_and_list(run, file):
    for tenant in ("acme.org", "no"):
        run("keys", "create", "--id", f"web-{tenant}", "--tenant", tenant, "-c", str(file))

    found = run("keys", "list", "--json", "-c", str(file))

    assert [key["tenant"] for key in json.loads(found.stdout)["keys"]] == ["acme.org", "no"]
    assert [key.tenant for key in load(str(file), {}).keys] == ["acme.org", "no"]


@pytest.mark.parametrize("option", ["--id", "--tenant"])
def test_a_name_that_the_file_would_refuse_is_not_written(run, file, option):
    before = file.read_text()

    found = run("keys", "create", option, "two words", "-c", str(file))

    assert found.returncode == 2
    assert option in found.stderr
    assert file.read_text() == before


def test_an_app_that_is_not_there_is_refused_and_the_nearest_named(run, file):
    before = file.read_text()

    found = run("keys", "create", "--apps", "bali-zer", "-c", str(file))

    assert found.returncode == 1
    assert "did you mean `bali-zero`?" in found.stderr
    assert file.read_text() == before


def test_a_key_for_a_file_that_a_person_must_change_is_told_with_its_secret(run, file):
    file.write_text(f"keys: [{{id: a, hash: '{hash_key('a')}'}}]\n")

    found = run("keys", "create", "--id", "web", "--json", "-c", str(file))

    assert found.returncode == 1
    assert "by hand" in found.stderr
    assert json.loads(found.stdout)["secret"]


def test_an_id_that_is_taken_is_refused(run, file):
    run("keys", "create", "--id", "web", "-c", str(file))
    before = file.read_text()

    found = run("keys", "create", "--id", "web", "-c", str(file))

    assert (found.returncode, found.stdout, file.read_text()) == (1, "", before)


def test_list_shows_no_hash_and_where_keys_stand(run, file):
    run("keys", "create", "--id", "web", "-c", str(file))

    found = run("keys", "list", "--json", "-c", str(file), GATEWAY_API_KEYS="plain-canary")

    keys = json.loads(found.stdout)["keys"]
    assert [(k["id"], k["origin"]) for k in keys] == [
        ("web", f"{file}:3"),
        ("key1", "env GATEWAY_API_KEYS"),
    ]
    assert "sha256" not in found.stdout
    assert "canary" not in found.stdout


def test_revoke_takes_the_line_out(run, file):
    run("keys", "create", "--id", "web", "-c", str(file))
    run("keys", "create", "--id", "ann", "-c", str(file))

    found = run("keys", "revoke", "web", "-c", str(file))

    assert found.returncode == 0
    assert [key.id for key in load(str(file), {}).keys] == ["ann"]


def test_revoking_the_last_key_must_be_said(run, file):
    run("keys", "create", "--id", "web", "-c", str(file))

    refused = run("keys", "revoke", "web", "-c", str(file))
    done = run("keys", "revoke", "web", "--last", "-c", str(file))

    assert refused.returncode == 1
    assert "last key" in refused.stderr
    assert done.returncode == 0
    assert load(str(file), {}).keys == ()


def test_revoking_an_unknown_key_names_the_nearest(run, file):
    run("keys", "create", "--id", "web", "-c", str(file))

    found = run("keys", "revoke", "wbe", "-c", str(file))

    assert found.returncode == 1
    assert "`web`" in found.stderr


def test_a_file_that_is_not_there_is_told(run, tmp_path):
    found = run("keys", "create", "-c", str(tmp_path / "none.yaml"))

    assert (found.returncode, found.stdout) == (1, "")
    assert "no such file" in found.stderr
