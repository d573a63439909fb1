"""Stand-ins for the vault: quick, reversible, and honest about what they were given. Never for production."""

from __future__ import annotations

import hashlib
import hmac

_OLD = "old:"
_MARK = b"sealed for "


class OpenSealer:
    """Port `Sealer` without a key: the context is kept beside the plain text and checked."""

    def seal(self, plain: bytes, *, context: str) -> bytes:
        """Plain text behind its context."""
        return _MARK + context.encode() + b"\0" + plain[::-1]

    def open(self, sealed: bytes, *, context: str) -> bytes:
        """Raises ValueError for another context."""
        start = _MARK + context.encode() + b"\0"
        if not sealed.startswith(start):
            raise ValueError("sealed for another purpose, or not sealed at all")
        return sealed.removeprefix(start)[::-1]


class QuickPasswords:
    """Port `Passwords` with one round of SHA-256; counts verifications, so that tests can see the work done."""

    def __init__(self) -> None:
        self.verified: list[str] = []  # the hash each verification was made against; empty for nobody's

    async def hash(self, password: str) -> str:
        """A hash that only this class reads."""
        return hashlib.sha256(password.encode()).hexdigest()

    async def verify(self, password: str, hashed: str) -> bool:
        """With an empty hash: the same work, and False."""
        self.verified.append(hashed)
        made = hashlib.sha256(password.encode()).hexdigest()
        return hmac.compare_digest(made, (hashed or "-" * 64).removeprefix(_OLD))

    def outdated(self, hashed: str) -> bool:
        """Whether the hash came from `old_hash`."""
        return hashed.startswith(_OLD)

    async def old_hash(self, password: str) -> str:
        """A hash as it was made once."""
        return _OLD + await self.hash(password)
