"""A fake push service with its browsers: real TLS and HTTP/2, checks VAPID, decrypts, and refuses what services refuse.

Source of the rules: RFC 8030, RFC 8188, RFC 8291, RFC 8292; which status a service gives for which mistake, by the
documentation of Mozilla's. The keys are worked out here once more, step by step, so that our channel is not judged by
its own arithmetic.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Callable
from typing import Any

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from heliograph.core.subscription import Subscription
from heliograph.testing.certificates import Authority
from heliograph.testing.servers.http2 import Answer, Http2Server, Request
from heliograph.testing.servers.provider import Provider
from heliograph.testing.servers.tokens import BadToken, verified

LONGEST_LIFE = 24 * 3600  # seconds a VAPID token may be good for (RFC 8292, section 2)
_PLACE = "/push/"
_VAPID = re.compile(r"vapid t=([A-Za-z0-9_.-]+), ?k=([A-Za-z0-9_-]+)")
_TOPIC = re.compile(r"[A-Za-z0-9_-]{1,32}")


class Received(msgspec.Struct, frozen=True):
    """A message as the browser's service worker gets it, and how it was sent."""

    subscription: str  # the endpoint's last part
    plain: bytes
    ttl: int
    urgency: str
    topic: str

    @property
    def json(self) -> Any:
        """The message read as JSON."""
        return msgspec.json.decode(self.plain)


class Browser:
    """One subscription and the key that opens what is sent to it."""

    def __init__(self, url: str, *, server_key: str = "") -> None:
        self.id = secrets.token_urlsafe(24)
        self.server_key = server_key  # the applicationServerKey it was made with; empty: any
        self.secret = secrets.token_bytes(16)
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.point = self._key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        self.subscription = Subscription(f"{url}{_PLACE}{self.id}", self.point, self.secret)

    def as_json(self) -> dict[str, Any]:
        """As `PushSubscription.toJSON()` gives it."""
        return {
            "endpoint": self.subscription.endpoint,
            "expirationTime": None,
            "keys": {"p256dh": _b64(self.point), "auth": _b64(self.secret)},
        }

    def opened(self, body: bytes) -> bytes:
        """What one aes128gcm record says. Raises ValueError for anything else."""
        salt, size, length = body[:16], int.from_bytes(body[16:20], "big"), body[20] if len(body) > 20 else 0
        point, sealed = body[21 : 21 + length], body[21 + length :]
        if size < 18 or length != 65 or not 17 <= len(sealed) <= size:
            raise ValueError("not one record with a P-256 key")
        theirs = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
        shared = self._key.exchange(ec.ECDH(), theirs)
        material = _derived(self.secret, shared, b"WebPush: info\x00" + self.point + point, 32)
        key = _derived(salt, material, b"Content-Encoding: aes128gcm\x00", 16)
        nonce = _derived(salt, material, b"Content-Encoding: nonce\x00", 12)
        try:
            record = AESGCM(key).decrypt(nonce, sealed, None).rstrip(b"\x00")
        except InvalidTag:
            raise ValueError("sealed for somebody else") from None
        if record[-1:] != b"\x02":
            raise ValueError("not the last record")
        return record[:-1]


class WebPushServer(Provider):
    """`async with WebPushServer(Authority()) as service:` then send to `service.subscribe()`.

    Requests that are in order get the scripted answers, and 201 when none is left.
    """

    def __init__(self, authority: Authority, *, now: Callable[[], float] = time.time, port: int = 0) -> None:
        """`now` gives seconds since the epoch."""
        self._now = now
        super().__init__(Http2Server(authority.server("127.0.0.1", "localhost"), self._judge, self._taken, port=port))
        self.browsers: dict[str, Browser] = {}
        self.gone: set[str] = set()
        self.received: list[Received] = []
        self.largest = 4096  # bytes of a body
        self.heard: Callable[[Received], None] = self.received.append

    def subscribe(self, *, server_key: str = "") -> Browser:
        """A new browser, for that applicationServerKey or any."""
        browser = Browser(self.url, server_key=server_key)
        self.browsers[browser.id] = browser
        return browser

    def unsubscribe(self, browser: Browser) -> None:
        """From now on its endpoint is gone."""
        self.gone.add(browser.id)

    def _judge(self, request: Request) -> Answer | None:
        if request.method != "POST":
            return refused(405, "only POST is taken")
        browser = self.browsers.get(request.path.removeprefix(_PLACE))
        if browser is None:
            return refused(404, "no such subscription")
        if browser.id in self.gone:
            return refused(410, "the subscription has ended")
        return self._signature(request, browser) or self._message(request, browser)

    def _signature(self, request: Request, browser: Browser) -> Answer | None:
        match = _VAPID.fullmatch(request.header("authorization"))
        if match is None:
            return refused(401, "no VAPID authorization")
        try:
            point = base64.urlsafe_b64decode(match[2] + "=" * (-len(match[2]) % 4))
            claims = verified(match[1], ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point))
        except (BadToken, ValueError):
            return refused(401, "the signature does not hold")
        ends = claims.get("exp")
        if claims.get("aud") != self.url or not isinstance(ends, int) or not claims.get("sub"):
            return refused(401, "aud, exp or sub is wrong")
        if not 0 < ends - self._now() <= LONGEST_LIFE:
            return refused(401, "the token has ended, or is good for more than a day")
        if browser.server_key and browser.server_key != match[2]:
            return refused(403, "the subscription was made with another key")
        return None

    def _message(self, request: Request, browser: Browser) -> Answer | None:
        if not request.header("ttl").isdigit():
            return refused(400, "no TTL")
        if request.header("urgency") not in ("", "very-low", "low", "normal", "high"):
            return refused(400, "no such urgency")
        if request.header("topic") and not _TOPIC.fullmatch(request.header("topic")):
            return refused(400, "no topic is like that")
        if len(request.body) > self.largest:
            return refused(413, "too large")
        if request.header("content-encoding") != "aes128gcm":
            return refused(400, "not aes128gcm")
        try:
            browser.opened(request.body)
        except ValueError as error:  # a real service cannot open it; the browser would drop it in silence
            return refused(400, str(error))
        return None

    def _taken(self, request: Request) -> Answer:
        browser = self.browsers[request.path.removeprefix(_PLACE)]
        message = Received(
            browser.id,
            browser.opened(request.body),
            int(request.header("ttl")),
            request.header("urgency"),
            request.header("topic"),
        )
        self.heard(message)
        return Answer(status=201, headers={"location": f"{self.url}/message/{secrets.token_urlsafe(12)}"})


def refused(status: int, reason: str) -> Answer:
    """A refusal as a push service words it."""
    return Answer(status=status, headers={"content-type": "text/plain"}, body=reason.encode())


def _derived(salt: bytes, material: bytes, info: bytes, length: int) -> bytes:
    """HKDF with SHA-256 for at most 32 bytes (RFC 5869)."""
    key = hmac.new(salt, material, hashlib.sha256).digest()
    return hmac.new(key, info + b"\x01", hashlib.sha256).digest()[:length]


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")
