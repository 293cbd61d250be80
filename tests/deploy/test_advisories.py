"""Known flaws looked up in a copy of the data: OSV's rules, what counts, what is too old."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from packaging.version import InvalidVersion, Version

from deploy.security import advisories, osv, sources
from deploy.security.__main__ import options_of

NEWEST = datetime(2026, 11, 20, 12, tzinfo=UTC)
KNOWN = """
id: PYSEC-2019-1
modified: "2019-04-08T00:00:00Z"
affected:
- package: {name: Jinja2, ecosystem: PyPI}
  ranges:
  - {type: GIT, repo: "https://example.org/x", events: [{introduced: "0"}]}
  - {type: ECOSYSTEM, events: [{introduced: "0"}, {fixed: 2.10.1}]}
  versions: ["2.9", 2.10]
"""
WITHDRAWN = """
id: PYSEC-2026-7
modified: 2026-11-20T12:00:00Z
withdrawn: 2026-11-20T12:00:00Z
affected: [{package: {name: aiohttp, ecosystem: PyPI}, versions: [3.14.5]}]
"""


def affected(*events: dict[str, str], versions: tuple[str, ...] = ()) -> osv.Affected:
    turns = tuple(osv.Event(**event) for event in events)
    ranges = (osv.Range("ECOSYSTEM", turns),) if events else ()
    return osv.Affected(osv.Package("a", "PyPI"), ranges, versions)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A clone of a database with one flaw of an old version and one that was withdrawn."""
    (tmp_path / "vulns" / "jinja2").mkdir(parents=True)
    (tmp_path / "vulns" / "jinja2" / "PYSEC-2019-1.yaml").write_text(KNOWN)
    (tmp_path / "vulns" / "PYSEC-2026-7.yaml").write_text(WITHDRAWN)
    (tmp_path / "triage.yaml").write_text("no advisory")
    return tmp_path


def flaw_of(folder: Path, name: str, version: str) -> None:
    """Add an advisory about one version, as osv.dev exports it."""
    flaw = {"package": {"name": name, "ecosystem": "PyPI"}, "versions": [version]}
    text = {"id": "GHSA-1", "modified": NEWEST.isoformat(), "affected": [flaw]}
    (folder / "vulns" / "GHSA-1.json").write_text(json.dumps(text))


@pytest.mark.parametrize(
    ("version", "is_hit"),
    [
        ("1.0.dev1", True), ("1.9", True), ("2.0rc1", True), ("2.0", False), ("2.9", False),
        ("3.0", True), ("3.5", True), ("3.5.post1", False), ("3.10", False),
    ],
)  # fmt: skip
def test_ranges_follow_the_order_of_versions(version: str, is_hit: bool) -> None:
    """Events may come in any order; `fixed` is the first good one, `last_affected` a bad one."""
    one = affected(
        {"last_affected": "3.5"}, {"introduced": "3.0"}, {"fixed": "2.0"}, {"introduced": "0"}
    )

    assert osv.is_affected(one, Version(version)) is is_hit


def test_a_listed_version_counts_however_it_is_spelled() -> None:
    one = affected(versions=("1.0.0", "not-a-version"))

    assert osv.is_affected(one, Version("1.0"))
    assert not osv.is_affected(one, Version("1.0.1"))


def test_a_limit_ends_a_range() -> None:
    one = affected({"introduced": "1"}, {"limit": "2"})

    assert osv.is_affected(one, Version("1.5"))
    assert not osv.is_affected(one, Version("2"))


def test_an_advisory_without_versions_cannot_be_judged() -> None:
    with pytest.raises(InvalidVersion):
        osv.is_affected(affected(), Version("1"))


def test_fresh_data_without_a_flaw_pass_and_are_counted(folder: Path) -> None:
    found = advisories.look_up(folder, now=NEWEST + timedelta(days=4))

    total = len(sources.pinned_here())
    assert total > 100
    assert found.state == "ok", found
    assert found.seen == (
        f"{total} of {total} packages audited with data of 2026-11-20, 4 days old"
    )


@pytest.mark.parametrize("days", [31, -2])
def test_data_that_are_too_old_or_from_the_future_are_no_pass(folder: Path, days: int) -> None:
    found = advisories.look_up(folder, now=NEWEST + timedelta(days=days))

    assert found.state == "NOT CHECKED"
    assert f"{days} days old" in found.seen
    assert advisories.look_up(folder, 40, now=NEWEST + timedelta(days=31)).state == "ok"


def test_a_flaw_of_a_pinned_version_is_named_also_by_old_data(folder: Path) -> None:
    name, version = "aiohttp", dict(sources.pinned_here())["aiohttp"]
    flaw_of(folder, name, version)

    found = advisories.look_up(folder, now=NEWEST + timedelta(days=400))

    assert found.state == "FAILED"
    assert found.details == (f"aiohttp=={version}: GHSA-1",)


def test_a_file_that_cannot_be_read_is_named_and_nothing_passes(folder: Path) -> None:
    (folder / "vulns" / "PYSEC-2026-8.yaml").write_text("id: [")

    found = advisories.look_up(folder, now=NEWEST)

    assert found.state == "NOT CHECKED"
    assert found.details == ("vulns/PYSEC-2026-8.yaml cannot be read",)


def test_a_folder_that_does_not_know_a_known_flaw_is_no_copy_of_the_data(tmp_path: Path) -> None:
    found = advisories.look_up(tmp_path)

    assert found.state == "NOT CHECKED"
    assert "0 of " in found.seen


def test_the_folder_may_be_named_by_the_environment() -> None:
    """So that row 10 of the checklist finds it, which starts the gate by itself."""
    said = {"SECURITY_ADVISORIES": "copy", "SECURITY_ADVISORIES_DAYS": "7"}

    options = options_of([], said)
    other = options_of(["--advisories", "mine", "--max-days", "3"], said)

    assert (options.advisories, options.max_days) == (Path("copy"), 7)
    assert (other.advisories, other.max_days) == (Path("mine"), 3)
    assert options_of([], {}).advisories is None
