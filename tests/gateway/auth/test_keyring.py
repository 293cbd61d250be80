"""Keys are found by digest; user claims are believed when they are signed, complete and fresh."""

from __future__ import annotations

import hmac
import time

import jwt
import pytest

from gateway.auth.keyring import Keyring, digest
from gateway.auth.tickets import StreamTickets
from gateway.config.schema import Key
from gateway.errors import ApiError

SECRET = "a-secret-of-the-site-that-embeds-the-widget-on-each-of-its-many-pages"


def key(id: str, secret: str) -> Key:
    """Return a key as the configuration holds it."""
    return Key(id=id, hash="sha256:" + digest(secret))


def test_a_key_is_found_by_its_secret_among_others():
    ring = Keyring([key("a", "one"), key("b", "two")], None, None)

    found = ring.find("two")
    assert found is not None
    assert found.id == "b"
    assert ring.find("three") is None
    assert ring.find("") is None
    assert ring.find("tw\udcffo") is None


def test_without_keys_the_ring_is_open():
    assert Keyring([], None, None).is_open
    assert not Keyring([key("a", "one")], None, None).is_open


def test_the_admin_key_is_apart():
    ring = Keyring([key("a", "one")], "sha256:" + digest("adm"), None)

    assert ring.is_admin("adm")
    assert not ring.is_admin("one")
    assert ring.find("adm") is None
    assert not Keyring([], None, None).is_admin("")


def test_secrets_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch):
    """Keys of clients are not compared at all, but looked up by digest."""
    compared: list[object] = []
    real = hmac.compare_digest
    monkeypatch.setattr(hmac, "compare_digest", lambda a, b: compared.append(b) or real(a, b))
    ring, tickets = Keyring([], "sha256:" + digest("adm"), None), StreamTickets(b"k" * 32, 600)

    assert not ring.is_admin("wrong")
    assert tickets.opens(tickets.sign("s1"), "s1")
    assert len(compared) == 2


def claim(secret: str = SECRET, algorithm: str = "HS256", **claims: object) -> str:
    """Return a signed claim."""
    return jwt.encode(
        {"sub": "user-7", "exp": time.time() + 60} | claims, secret, algorithm=algorithm
    )


def test_a_signed_claim_names_the_user():
    assert Keyring([], None, SECRET).user_of(claim()) == "user-7"


def test_a_long_name_is_whole():
    assert Keyring([], None, SECRET).user_of(claim(sub="u" * 256)) == "u" * 256


BAD = {
    "expired": claim(exp=time.time() - 60),
    "no name": claim(sub=""),
    "a name that would be cut": claim(sub="u" * 257),
    "other secret": claim(secret="another-secret-that-is-long-enough-too"),
    "unsigned": jwt.encode({"sub": "x", "exp": time.time() + 60}, None, algorithm="none"),
    "another algorithm": claim(algorithm="HS512"),
    "nonsense": "a.b.c",
    "empty": "",
    "raw bytes": "caf\udce9.b.c",
    "emoji": "🙂.b.c",
    "no dots": "abc",
}


@pytest.mark.parametrize("name", BAD)
def test_any_other_claim_is_401(name: str):
    with pytest.raises(ApiError) as caught:
        Keyring([], None, SECRET).user_of(BAD[name])

    assert caught.value.status == 401


@pytest.mark.parametrize("missing", ["sub", "exp"])
def test_an_incomplete_claim_is_401(missing: str):
    claims = {"sub": "x", "exp": time.time() + 60}
    del claims[missing]

    with pytest.raises(ApiError):
        Keyring([], None, SECRET).user_of(jwt.encode(claims, SECRET, algorithm="HS256"))
