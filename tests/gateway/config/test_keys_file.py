"""Changing `keys:` of a file and nothing else."""

from __future__ import annotations

import pytest
import yaml

from gateway.config.keys_file import CannotEdit, add_key, key_line, remove_key, write_text

ENTRY = key_line("new", "sha256:" + "0" * 64, apps=("web",), origins=("https://x.example",))


@pytest.mark.parametrize(
    "before",
    [
        "",
        "server: {port: 1}  # mine\n",
        "keys:\n",
        "keys:   # none yet\nserver: {port: 1}\n",
        "keys: []\nserver: {port: 1}\n",
        "keys:\n  - {id: a, hash: b}\n\n# the rest\nserver: {port: 1}\n",
        "keys:\n- id: a\n  hash: b\n  apps:\n  - web\n# the rest\nserver: {port: 1}\n",
        "keys:\n    - {id: a,\n       hash: b}\n",
        "keys:\n  - id: a\n    hash: b",
    ],
)
def test_a_key_is_added_and_all_else_stays(before):
    after = add_key(before, ENTRY)

    old = yaml.safe_load(before) or {}
    new = yaml.safe_load(after)
    assert new["keys"] == [*(old.get("keys") or []), yaml.safe_load(ENTRY)]
    assert {k: v for k, v in new.items() if k != "keys"} == {
        k: v for k, v in old.items() if k != "keys"
    }
    assert [line for line in after.splitlines() if "new" not in line and line != "keys:"] == [
        line for line in before.splitlines() if line not in ("keys:", "keys: []")
    ]


@pytest.mark.parametrize("before", ["keys: [{id: a, hash: b}]\n", "{keys: []}\n", "keys: [\n]\n"])
def test_a_list_in_brackets_is_left_to_the_person(before):
    with pytest.raises(CannotEdit):
        add_key(before, ENTRY)


def test_a_key_is_removed_and_all_else_stays():
    before = (
        "# top\nkeys:\n  - {id: a, hash: b}\n  - id: c\n    hash: d\n\n"
        "  # about e\n  - {id: e, hash: f}\nserver: {port: 1}\n"
    )

    after = remove_key(before, "c")

    assert after == (
        "# top\nkeys:\n  - {id: a, hash: b}\n\n"
        "  # about e\n  - {id: e, hash: f}\nserver: {port: 1}\n"
    )


def test_an_unknown_key_cannot_be_removed():
    with pytest.raises(KeyError):
        remove_key("keys:\n  - {id: a, hash: b}\n", "b")


def test_a_file_is_replaced_with_its_permissions(tmp_path):
    file = tmp_path / "a.yaml"
    file.write_text("a")
    file.chmod(0o640)

    write_text(str(file), "b")

    assert file.read_text() == "b"
    assert file.stat().st_mode & 0o777 == 0o640
    assert list(tmp_path.iterdir()) == [file]
