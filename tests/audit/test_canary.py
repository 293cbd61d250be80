"""Known values go in by every field there is; afterwards they are in no file of the trail."""

from __future__ import annotations

import pytest

from audit import Ended, Notice, Received, Turn, open_trail

CANARIES = {
    "mail": "canary.bird@example.com",
    "phone": "+62 812-9876-5432",
    "card": "4111 1111 1111 1111",
    "nik": "3171011708900001",
    "npwp": "09.254.294.3-407.000",
    "iban": "DE89 3704 0044 0532 0130 00",
    "key": "sk-proj-Ab12Cd34Ef56Gh78Ij90Kl12Mn34",
    "jwt": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJjYW5hcnkifQ.dozjgNryP4J3jVmN",
}


@pytest.mark.parametrize("level", ["metadata", "redacted", "sealed"])
async def test_no_canary_is_left_in_any_file(tmp_path, level):
    text = "\n".join(f"my {name}: {value}" for name, value in CANARIES.items())
    trail = open_trail(path=tmp_path, key="k", level=level)
    await trail.start()

    await trail.received(
        Received(
            stream_id="s1",
            request_id=CANARIES["mail"],
            app="a",
            route="w",
            dialect="w",
            model=CANARIES["key"],
            identity=CANARIES["mail"],
            identity_kind="user",
            address="198.51.100.23",
            user_email=CANARIES["mail"],
            user_role=CANARIES["phone"],
            turns=(Turn("user", text), Turn(CANARIES["mail"], text)),
            parameters={"stop": [text], "tools": {CANARIES["mail"]: text}, "n": 1},
        )
    )
    await trail.ended(
        Ended(
            stream_id="s1",
            outcome="done",
            answer=text,
            reasoning=text,
            tools=(CANARIES["mail"],),
            tool_arguments=(text, '{"nik":3171011708900001}'),
            attempts=({"backend": "demo", "error": text},),
        )
    )
    await trail.notice(
        Notice(event="auth.denied", identity=CANARIES["mail"], fields={"reason": text})
    )
    await trail.aclose()

    raw = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    found = [name for name, value in CANARIES.items() if value.encode() in raw]
    assert found == []
    assert b"198.51.100.23" not in raw
    names = [path.name for path in tmp_path.rglob("*")]
    assert not any("canary" in name for name in names)
