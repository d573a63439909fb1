"""Encrypts a message for one browser, so that the push service in between cannot read it (RFC 8291 over RFC 8188)."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from heliograph.core.subscription import Subscription

RECORD = 4096  # bytes: every push service takes a body of this size (RFC 8030, section 7.2)
OVERHEAD = 16 + 4 + 1 + 65 + 1 + 16  # salt, record size, length of the key, key, delimiter, tag
LARGEST = RECORD - OVERHEAD  # bytes that can be said
_PAD = 256  # bytes: messages are padded to multiples of it, so that their length tells little
_LAST = b"\x02"  # the delimiter of the last record


def encrypted(
    plain: bytes,
    to: Subscription,
    entropy: Callable[[int], bytes],
    *,
    key: ec.EllipticCurvePrivateKey | None = None,
    padding: int | None = None,
) -> bytes:
    """One aes128gcm record. `key` (a new one each time) and `padding` are chosen by tests alone.

    Raises ValueError when the browser's public key is no point of the curve, or there is too much to say.
    """
    if len(plain) > LARGEST:
        raise ValueError(f"a push message holds at most {LARGEST:,} bytes")
    theirs = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), to.public_key)
    ours = key or ec.generate_private_key(ec.SECP256R1())
    point = ours.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    salt = entropy(16)
    content_key, nonce = content_keys(ours.exchange(ec.ECDH(), theirs), to.secret, to.public_key, point, salt)
    zeros = b"\x00" * (_padding(len(plain)) if padding is None else padding)
    sealed = AESGCM(content_key).encrypt(nonce, plain + _LAST + zeros, None)
    return salt + RECORD.to_bytes(4, "big") + bytes([len(point)]) + point + sealed


def content_keys(shared: bytes, secret: bytes, theirs: bytes, ours: bytes, salt: bytes) -> tuple[bytes, bytes]:
    """The content encryption key and the nonce (RFC 8291, section 3.4). `theirs` is the browser's public key."""
    first = hmac.digest(secret, shared, hashlib.sha256)
    material = hmac.digest(first, b"WebPush: info\x00" + theirs + ours + b"\x01", hashlib.sha256)
    second = hmac.digest(salt, material, hashlib.sha256)
    key = hmac.digest(second, b"Content-Encoding: aes128gcm\x00\x01", hashlib.sha256)
    nonce = hmac.digest(second, b"Content-Encoding: nonce\x00\x01", hashlib.sha256)
    return key[:16], nonce[:12]


def _padding(size: int) -> int:
    return min(-size % _PAD, LARGEST - size)
