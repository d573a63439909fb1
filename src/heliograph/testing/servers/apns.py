"""Apple's push service, as far as anyone outside can tell: real TLS and HTTP/2, and it refuses what Apple refuses.

Sources: Apple, "Sending notification requests to APNs", "Establishing a token-based connection to APNs" and
"Handling notification responses from APNs".
"""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec

from heliograph.testing.certificates import Authority
from heliograph.testing.servers.http2 import Answer, Http2Server, Request
from heliograph.testing.servers.provider import Provider
from heliograph.testing.servers.tokens import BadToken, parts, verified

NOBODY = "0" * 64  # a device token that no device ever has
TOKEN_LIFE = 3600  # seconds a provider token is taken
TOKEN_PACE = 1200  # seconds before a key may send another one
_SKEW = 300  # seconds a token's time may be ahead of ours
_DEVICE = re.compile(r"/3/device/([^/?]*)")
_HEX = re.compile(r"(?:[0-9a-f]{2}){32,100}")
_TOPIC = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]*")
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_LARGEST = {"voip": 5120}  # bytes of a payload; 4096 for all other types
_TYPES = frozenset(
    ("alert", "background", "location", "voip", "complication", "fileprovider", "mdm", "liveactivity", "pushtotalk")
)


class SigningAccount(msgspec.Struct, frozen=True, kw_only=True):
    """What Apple knows of a signing key."""

    team_id: str
    public_key: Any  # ec.EllipticCurvePublicKey
    environments: frozenset[str] = frozenset(("production", "sandbox"))


class _Refuse(Exception):
    def __init__(self, status: int, reason: str, **more: int) -> None:
        self.status, self.reason, self.more = status, reason, more


class ApnsServer(Provider):
    """`async with ApnsServer(authority, keys={"KEY1234567": SigningAccount(...)}, topics={...}) as apple:`.

    Every well-formed token belongs to a device of this environment, except those in `dead` (since when, in ms),
    `elsewhere` (the other environment's) and `of_other_apps`. Scripted answers follow the checks.
    """

    def __init__(
        self,
        authority: Authority,
        *,
        topics: frozenset[str] | set[str],
        keys: Mapping[str, SigningAccount] | None = None,
        environment: str = "production",
        now: Callable[[], float] = time.time,
        port: int = 0,
        streams: int = 1000,
    ) -> None:
        """`now` gives seconds since the epoch. Clients may show certificates of the authority, named by a topic."""
        tls = authority.server("127.0.0.1", "localhost", clients=True)
        super().__init__(Http2Server(tls, self._judge, _taken, port=port, streams=streams, streams_at_first=1))
        self._keys = dict(keys or {})
        self._topics = topics
        self._environment = environment
        self._now = now
        self._latest: dict[str, tuple[str, float]] = {}  # by key id: the token last seen, and when it came first
        self.dead: dict[str, int] = {}
        self.elsewhere: set[str] = set()
        self.of_other_apps: set[str] = set()

    def _judge(self, request: Request) -> Answer | None:
        try:
            token = self._place(request)
            self._identity(request)
            self._headers(request)
            self._payload(request)
            self._device(token)
        except _Refuse as refusal:
            return refused(request, refusal.status, refusal.reason, **refusal.more)
        return None

    def _place(self, request: Request) -> str:
        if request.method != "POST":
            raise _Refuse(405, "MethodNotAllowed")
        match = _DEVICE.fullmatch(request.path)
        if match is None:
            raise _Refuse(404, "BadPath")
        if not match[1]:
            raise _Refuse(400, "MissingDeviceToken")
        names = [name for name, _ in request.headers]
        if len(set(names)) != len(names):
            raise _Refuse(400, "DuplicateHeaders")
        return match[1].lower()

    def _identity(self, request: Request) -> None:
        kind, _, token = request.header("authorization").partition(" ")
        if not token:
            if not request.certificate:
                raise _Refuse(403, "MissingProviderToken")
            if request.certificate not in self._topics:
                raise _Refuse(403, "BadCertificate")
            return
        try:
            key_id = parts(token)[0].get("kid", "")
            account = self._keys[key_id]
            claims = verified(token, account.public_key)
        except (BadToken, KeyError, TypeError):
            raise _Refuse(403, "InvalidProviderToken") from None
        issued = claims.get("iat")
        if kind.lower() != "bearer" or claims.get("iss") != account.team_id or not isinstance(issued, int):
            raise _Refuse(403, "InvalidProviderToken")
        if self._environment not in account.environments:
            raise _Refuse(403, "BadEnvironmentKeyIdInToken")
        self._age(key_id, token, issued)

    def _age(self, key_id: str, token: str, issued: int) -> None:
        now = self._now()
        if issued > now + _SKEW:
            raise _Refuse(403, "InvalidProviderToken")
        if now - issued > TOKEN_LIFE:
            raise _Refuse(403, "ExpiredProviderToken")
        latest, since = self._latest.get(key_id, ("", float("-inf")))
        if token != latest:
            if now - since < TOKEN_PACE:
                raise _Refuse(429, "TooManyProviderTokenUpdates")
            self._latest[key_id] = token, now

    def _headers(self, request: Request) -> None:
        topic, kind, priority = (request.header(f"apns-{name}") for name in ("topic", "push-type", "priority"))
        if not topic and not request.certificate:
            raise _Refuse(400, "MissingTopic")
        if topic and not _TOPIC.fullmatch(topic):
            raise _Refuse(400, "BadTopic")
        if topic and topic not in self._topics:
            raise _Refuse(400, "TopicDisallowed")
        if kind not in _TYPES:
            raise _Refuse(400, "InvalidPushType")
        if (priority or "10") not in ("1", "5", "10") or (kind == "background" and priority != "5"):
            raise _Refuse(400, "BadPriority")
        expiration = request.header("apns-expiration")
        if expiration and not (expiration.isascii() and expiration.isdigit()):
            raise _Refuse(400, "BadExpirationDate")
        if request.header("apns-id") and not _UUID.fullmatch(request.header("apns-id")):
            raise _Refuse(400, "BadMessageId")
        if len(request.header("apns-collapse-id").encode()) > 64:
            raise _Refuse(400, "BadCollapseId")

    def _payload(self, request: Request) -> None:
        if not request.body:
            raise _Refuse(400, "PayloadEmpty")
        if len(request.body) > _LARGEST.get(request.header("apns-push-type"), 4096):
            raise _Refuse(413, "PayloadTooLarge")
        try:
            read = request.json
        except msgspec.DecodeError:
            read = None
        if not isinstance(read, dict) or not isinstance(read.get("aps"), dict):
            raise _Refuse(400, "PayloadEmpty")  # stricter than Apple, whose devices drop such a payload in silence

    def _device(self, token: str) -> None:
        if not _HEX.fullmatch(token) or token == NOBODY or token in self.elsewhere:
            raise _Refuse(400, "BadDeviceToken")
        if token in self.of_other_apps:
            raise _Refuse(400, "DeviceTokenNotForTopic")
        if token in self.dead:
            raise _Refuse(410, "Unregistered", timestamp=self.dead[token])


def refused(request: Request, status: int, reason: str, **more: int) -> Answer:
    """The answer that Apple gives with that reason."""
    return Answer(status=status, headers=_id(request), body=msgspec.json.encode({"reason": reason, **more}))


def said(status: int, reason: str = "", *, headers: dict[str, str] | None = None, **more: int) -> Answer:
    """The same, for a script."""
    body = msgspec.json.encode({"reason": reason, **more}) if reason else b""
    return Answer(status=status, headers=headers or {}, body=body)


def new_signing_key() -> ec.EllipticCurvePrivateKey:
    """A key such as Apple makes."""
    return ec.generate_private_key(ec.SECP256R1())


def _taken(request: Request) -> Answer:
    return Answer(status=200, headers=_id(request))


def _id(request: Request) -> dict[str, str]:
    return {"apns-id": request.header("apns-id") or str(uuid.uuid4()).upper()}
