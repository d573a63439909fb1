"""Says who sends, to push services that want to know (VAPID, RFC 8292)."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from heliograph.channels.jose import read_key, signed_token
from heliograph.core import base64url
from heliograph.core.ports import Clock

LIFE = 12 * 3600  # seconds; a service may refuse more than a day (section 2)
_MOST = 256  # origins remembered
_SCALAR = 32  # bytes


def read_private_key(text: str) -> ec.EllipticCurvePrivateKey:
    """A P-256 key, in PEM or as 32 bytes in base64url, as Web Push tools print it. Raises ValueError, never repeating it."""
    if "-----BEGIN" in text:
        key = read_key(text)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise ValueError("not a P-256 key")
        return key
    try:
        plain = text.strip().rstrip("=")
        scalar = base64url.decode(plain)
    except ValueError:
        scalar = b""
    if len(scalar) != _SCALAR:
        raise ValueError("not a P-256 key in PEM, nor 32 bytes in base64url")
    try:
        return ec.derive_private_key(int.from_bytes(scalar, "big"), ec.SECP256R1())
    except ValueError:
        raise ValueError("not a key of the curve P-256") from None


def public_text(key: ec.EllipticCurvePrivateKey) -> str:
    """The public key as browsers want it for `applicationServerKey`."""
    return base64url.encode(key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))


def new_key_pair() -> tuple[str, str]:
    """A new private key in base64url, and its public one."""
    key = ec.generate_private_key(ec.SECP256R1())
    scalar = key.private_numbers().private_value.to_bytes(_SCALAR, "big")
    return base64url.encode(scalar), public_text(key)


class Vapid:
    """The Authorization header for each push service, signed anew when half of its life is over."""

    def __init__(self, key: ec.EllipticCurvePrivateKey, subject: str, clock: Clock) -> None:
        self._key = key
        self._subject = subject
        self._clock = clock
        self._headers: dict[str, tuple[int, str]] = {}  # by origin: seconds since the epoch when it ends, the header
        self.public = public_text(key)

    def header(self, origin: str) -> str:
        """For the push service at this origin."""
        now = self._clock.now() // 1000
        ends, header = self._headers.get(origin, (0, ""))
        if now < ends - LIFE // 2 and ends <= now + LIFE:  # the clock may have been set back
            return header
        token = signed_token(self._key, {"aud": origin, "exp": now + LIFE, "sub": self._subject})
        if len(self._headers) >= _MOST:
            self._headers.pop(next(iter(self._headers)))
        self._headers[origin] = now + LIFE, f"vapid t={token}, k={self.public}"
        return self._headers[origin][1]
