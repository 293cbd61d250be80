"""API keys and signed user claims. Only hashes of keys are known here."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable

from gateway.config.schema import Key
from gateway.errors import ApiError

MAX_USER = 256
"""A longer name is refused: cut off, two people could become one."""


class Keyring:
    """Finds the key behind a secret; the look-up is by digest, so its time tells nothing."""

    def __init__(self, keys: Iterable[Key], admin_hash: str | None, jwt_secret: str | None) -> None:
        self._keys = {key.hash.removeprefix("sha256:"): key for key in keys}
        self._admin = admin_hash.removeprefix("sha256:") if admin_hash else None
        self._jwt_secret = jwt_secret

    @property
    def is_open(self) -> bool:
        """Whether no authentication is configured at all."""
        return not self._keys

    @property
    def has_claims(self) -> bool:
        """Whether signed user claims are understood."""
        return self._jwt_secret is not None

    @property
    def has_admin(self) -> bool:
        """Whether an admin key is set; without one the admin surface is off."""
        return self._admin is not None

    def find(self, secret: str) -> Key | None:
        """Return the key that the secret opens."""
        return self._keys.get(digest(secret))

    def is_admin(self, secret: str) -> bool:
        """Whether the secret is the admin key."""
        return self._admin is not None and hmac.compare_digest(self._admin, digest(secret))

    def user_of(self, token: str) -> str:
        """Return the subject of a signed claim (JWT, HS256, with `sub` and `exp`)."""
        import jwt  # only where claims are used

        if not token.isascii():
            raise ApiError("unauthorized", "The user token is invalid or has expired.")
        try:
            claims = jwt.decode(
                token,
                self._jwt_secret or "",
                algorithms=["HS256"],
                options={"require": ["exp", "sub"]},
            )
        except jwt.InvalidTokenError as exc:
            raise ApiError("unauthorized", "The user token is invalid or has expired.") from exc
        user = str(claims["sub"])
        if not 0 < len(user) <= MAX_USER:
            raise ApiError("unauthorized", f"The token's `sub` has not 1 to {MAX_USER} letters.")
        return user


def digest(secret: str) -> str:
    """Return the hex SHA-256 of a secret; keys are random, so no slow hash is needed."""
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()
