"""The promise of the trail: a durable start, exactly one end, nobody's name."""

from __future__ import annotations

import asyncio
import os
import stat

import pytest

from audit import AuditUnavailable, Ended, Notice, Turn, open_trail, verify_trail
from audit.journal import Journal


async def test_start_is_in_the_file_before_received_returns(tmp_path, call, records):
    trail = open_trail(path=tmp_path, key="k")
    await trail.start()

    await trail.received(call())

    assert [record["event"] for record in records(tmp_path)] == ["chat.received"]
    await trail.aclose()


async def test_records_hold_the_fields_of_the_contract(tmp_path, call, records):
    trail = open_trail(path=tmp_path, key="k")
    await trail.start()
    await trail.received(call())
    await trail.ended(Ended(stream_id="s1", outcome="done", usage={"input_tokens": 1}))
    await trail.aclose()

    start, end = records(tmp_path)

    for record in (start, end):
        assert record["stream_id"] == "s1"
        assert record["request_id"] == "r-s1"
        assert record["app"] == "bali-zero"
        assert record["subject"].startswith("u_")
        assert record["time"].endswith("Z")
    assert end["event"] == "chat.completed"
    assert (end["outcome"], end["usage"]) == ("done", {"input_tokens": 1})


async def test_second_end_of_a_stream_is_ignored(tmp_path, call, records):
    trail = open_trail(path=tmp_path, key="k")
    await trail.start()
    await trail.received(call())

    await asyncio.gather(
        trail.ended(Ended(stream_id="s1", outcome="done")),
        trail.ended(Ended(stream_id="s1", outcome="cancelled")),
        trail.ended(Ended(stream_id="never", outcome="done")),
    )
    await trail.aclose()

    assert [record["event"] for record in records(tmp_path)] == ["chat.received", "chat.completed"]


async def test_end_that_is_not_done_is_an_abort_with_its_reason(tmp_path, call, records):
    trail = open_trail(path=tmp_path, key="k")
    await trail.start()
    await trail.received(call())
    await trail.ended(Ended(stream_id="s1", outcome="timeout_idle", error_code="timeout_idle"))
    await trail.aclose()

    end = records(tmp_path)[-1]

    assert (end["event"], end["outcome"]) == ("chat.aborted", "timeout_idle")


async def test_open_chats_end_as_shutdown_when_the_trail_closes(tmp_path, call, records):
    trail = open_trail(path=tmp_path, key="k")
    await trail.start()
    await trail.received(call())

    await trail.aclose()

    assert records(tmp_path)[-1]["outcome"] == "shutdown"


async def test_address_is_reduced_and_identity_and_mail_are_pseudonyms(tmp_path, call, records):
    trail = open_trail(path=tmp_path, key="k")
    await trail.start()
    await trail.received(call(user_email="Alice@Example.com", identity="alice@example.com"))
    await trail.received(call("s2", address="2001:db8:1:2::9", user_email="alice@example.com"))
    await trail.aclose()

    first, second = records(tmp_path)[:2]
    raw = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())

    assert (first["network"], second["network"]) == ("192.0.2.0/24", "2001:db8:1::/48")
    assert first["email"] == second["email"]
    assert first["email"].startswith("e_")
    assert b"lice@" not in raw
    assert b"192.0.2.77" not in raw


async def test_pseudonyms_survive_a_restart_without_a_configured_key(tmp_path):
    first = open_trail(path=tmp_path).pseudonym("user", "alice")

    assert open_trail(path=tmp_path).pseudonym("user", "alice") == first
    assert open_trail(path=tmp_path, key="other").pseudonym("user", "alice") != first
    key = tmp_path / "keys" / "pseudonym.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600


async def test_files_belong_to_the_owner_alone(tmp_path, call):
    trail = open_trail(path=tmp_path / "audit", key="k")
    await trail.start()
    await trail.received(call())
    await trail.aclose()

    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.rglob("*")}

    assert all(mode & 0o077 == 0 for mode in modes.values())


async def test_metadata_level_stores_no_content(tmp_path, call, records):
    trail = open_trail(path=tmp_path, key="k", level="metadata")
    await trail.start()
    await trail.received(call(text="marmalade", parameters={"stop": ["marmalade"], "n": 1}))
    await trail.ended(Ended(stream_id="s1", outcome="done", answer="marmalade"))
    await trail.aclose()

    raw = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())

    assert b"marmalade" not in raw
    assert records(tmp_path)[0]["prompt_chars"] == 9


async def test_none_level_stores_no_chats_but_notices(tmp_path, call, records):
    trail = open_trail(path=tmp_path, key="k", level="none")
    await trail.start()
    await trail.received(call())
    await trail.ended(Ended(stream_id="s1", outcome="done"))
    await trail.notice(Notice(event="flag.changed", identity="root", fields={"to": "off"}))
    await trail.aclose()

    assert records(tmp_path) == []
    assert records(tmp_path, prefix="flag.")[0]["to"] == "off"


async def test_redacted_level_keeps_harmless_words_beside_the_chain(tmp_path, call, records):
    trail = open_trail(path=tmp_path, key="k")
    await trail.start()
    await trail.received(call(text="marmalade for bob@example.com"))
    await trail.ended(
        Ended(
            stream_id="s1",
            outcome="done",
            answer="sent to bob@example.com",
            tool_arguments=('{"a":"bob@example.com"}',),
        )
    )
    await trail.aclose()

    start, end = records(tmp_path, content=True)

    assert start["turns"][0]["text"].startswith("marmalade for [EMAIL_")
    assert "@" not in end["answer"] + end["tool_arguments"][0]
    assert records(tmp_path)[0]["redacted"] == {"EMAIL": 1}


async def test_redactor_that_fails_means_content_withheld_and_metadata_kept(
    tmp_path, call, records, monkeypatch
):
    trail = open_trail(path=tmp_path, key="k")
    await trail.start()
    monkeypatch.setattr(trail._point._redactor, "session", lambda *_: 1 / 0)

    await trail.received(call(text="marmalade"))
    await trail.aclose()

    assert records(tmp_path)[0]["content_withheld"] == "redactor_failed"
    assert (
        records(tmp_path, content=True)[0]["turns"][0]["text"]
        == "[CONTENT_WITHHELD redactor_failed]"
    )


async def test_redactor_that_is_late_means_content_withheld(tmp_path, call, records, monkeypatch):
    import threading

    release = threading.Event()
    trail = open_trail(path=tmp_path, key="k")
    await trail.start()
    trail._point._budget_s = 0.01
    monkeypatch.setattr(trail._point._redactor, "session", lambda *_: release.wait(5) and [])

    await trail.received(call(text="marmalade " * 3000))
    release.set()
    await trail.aclose()

    assert records(tmp_path)[0]["content_withheld"] == "redactor_late"


async def test_folder_that_cannot_be_used_is_audit_unavailable(tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(AuditUnavailable):
        await open_trail(path=tmp_path / "file" / "audit", key="k").start()


async def test_failed_write_refuses_new_chats_and_keeps_ends_until_the_disk_is_back(
    tmp_path, call, records, monkeypatch
):
    trail = open_trail(path=tmp_path, key="k")
    await trail.start()
    await trail.received(call("s1"))
    real = os.write
    is_full = [True]

    def write(fd, data):
        if is_full[0]:
            real(fd, bytes(data[:10]))
            raise OSError(28, "No space left on device")
        return real(fd, data)

    monkeypatch.setattr("audit.journal.segment.os.write", write)
    with pytest.raises(AuditUnavailable):
        await trail.received(call("s2"))
    await trail.ended(Ended(stream_id="s1", outcome="done"))
    assert not trail.is_ready
    is_full[0] = False
    while len(records(tmp_path)) < 2:  # noqa: ASYNC110 - waits for another task
        await asyncio.sleep(0.02)
    await trail.received(call("s3"))
    assert trail.is_ready
    await trail.aclose()

    events = [(record["event"], record["stream_id"]) for record in records(tmp_path)]
    assert events[:3] == [
        ("chat.received", "s1"),
        ("chat.completed", "s1"),
        ("chat.received", "s3"),
    ]


@pytest.mark.parametrize("is_words", [True, False], ids=["words", "records"])
async def test_failed_sync_goes_on_in_a_new_file_and_loses_nothing(
    tmp_path, call, records, monkeypatch, is_words
):
    trail = open_trail(path=tmp_path, key="k")
    await trail.start()
    await trail.received(call("s0"))
    real = os.fdatasync
    failures = [OSError(5, "Input/output error")]

    def sync(fd: int) -> None:
        name = os.readlink(f"/proc/self/fd/{fd}")
        if failures and name.endswith(".content.jsonl") == is_words:
            raise failures.pop()
        real(fd)

    monkeypatch.setattr("audit.journal.segment.os.fdatasync", sync)

    with pytest.raises(AuditUnavailable):
        await trail.received(call("s1"))
    await asyncio.sleep(0.3)
    await trail.received(call("s2"))
    await trail.aclose()

    assert [r["stream_id"] for r in records(tmp_path) if r["event"] == "chat.received"] == [
        "s0",
        "s2",
    ]
    assert len(list(tmp_path.glob("*Z-*-*[0-9].jsonl"))) == 2
    assert verify_trail(tmp_path).problems == []


async def test_disk_that_hangs_refuses_after_the_deadline_and_the_start_gets_its_end(
    tmp_path, call, records, monkeypatch
):
    import threading

    hang = threading.Event()
    trail = open_trail(path=tmp_path, key="k")
    await trail.start()
    trail._committer._deadline_s = 0.05
    real = Journal.append
    monkeypatch.setattr(Journal, "append", lambda *a, **k: (hang.wait(5), real(*a, **k))[1])

    with pytest.raises(AuditUnavailable):
        await trail.received(call("s1"))
    with pytest.raises(AuditUnavailable):
        await trail.received(call("s2"))
    hang.set()
    trail._committer._deadline_s = 5
    await trail.aclose()

    events = [(record["event"], record["stream_id"]) for record in records(tmp_path)]
    assert events == [("chat.received", "s1"), ("chat.aborted", "s1")]


async def test_turns_of_any_text_are_written_as_one_line_each(tmp_path, call, records):
    trail = open_trail(path=tmp_path, key="k")
    await trail.start()
    await trail.received(
        call(turns=(Turn("user", 'a\nb\r\u2028"\\\x00'), Turn("x\ny", "\ud800 lone")))
    )
    await trail.aclose()

    assert len(records(tmp_path, content=True)) == 1


async def test_a_trail_that_refused_a_start_is_not_ready_for_a_while(tmp_path, call, monkeypatch):
    trail = open_trail(path=tmp_path / "audit", key="k" * 32)
    await trail.start()
    try:
        was_ready = trail.is_ready
        monkeypatch.setattr("audit.trail.MAX_OPEN", 0)

        with pytest.raises(AuditUnavailable):
            await trail.received(call())

        assert was_ready
        assert not trail.is_ready
        monkeypatch.setattr("audit.trail.REFUSED_S", -1.0)
        assert trail.is_ready
    finally:
        await trail.aclose()
