"""AES-256-GCM around what the database must not show, with the place it belongs to as associated data.

A sealed value is one byte of version (1), four bytes naming the key, twelve of nonce, then
ciphertext and tag. Nonces are random: a key is good for 2**32 values (NIST SP 800-38D, 8.3).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
_VERSION = b"\x01"
_KEY_ID, _NONCE = 4, 12  # bytes
_HEAD = len(_VERSION) + _KEY_ID


class AesGcmSealer:
    """Port `Sealer`. The first key seals; all of them open, so that a key can be replaced."""

    def __init__(self, keys: Sequence[bytes], entropy: Callable[[int], bytes]) -> None:
        if not keys or any(len(key) != KEY_BYTES for key in keys):
            raise ValueError(f"a sealing key is {KEY_BYTES} bytes, and at least one is needed")
        self._ciphers = {key_id(key): AESGCM(key) for key in reversed(keys)}
        self._current = key_id(keys[0])
        self._entropy = entropy

    def seal(self, plain: bytes, *, context: str) -> bytes:
        """The sealed bytes; `context` (what and whose it is) must be given again to open them."""
        head, nonce = _VERSION + self._current, self._entropy(_NONCE)
        return head + nonce + self._ciphers[self._current].encrypt(nonce, plain, head + context.encode())

    def open(self, sealed: bytes, *, context: str) -> bytes:
        """Raises ValueError when sealed with another key or context, or changed since."""
        head, nonce, rest = sealed[:_HEAD], sealed[_HEAD : _HEAD + _NONCE], sealed[_HEAD + _NONCE :]
        cipher = self._ciphers.get(head[len(_VERSION) :])
        if cipher is None or head[: len(_VERSION)] != _VERSION:
            raise ValueError("sealed with a key that is not here")
        try:
            return cipher.decrypt(nonce, rest, head + context.encode())
        except (InvalidTag, ValueError):
            raise ValueError("sealed for another place, or changed since") from None

    def __repr__(self) -> str:
        return f"AesGcmSealer(key {self._current.hex()}, {len(self._ciphers)} in all)"


def key_id(key: bytes) -> bytes:
    """Four bytes that tell keys apart and tell nothing of the key."""
    return hashlib.sha256(b"heliograph key id\x00" + key).digest()[:_KEY_ID]
