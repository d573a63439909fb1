"""Google's two servers for FCM in one: access tokens for signed assertions, and messages:send, as strict as theirs.

Sources: Firebase, "FCM HTTP v1 API" (the message's form) and "FCM error codes"; RFC 7523 for the grant.
"""

from __future__ import annotations

import re
import time
from collections import deque
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

import msgspec
from cryptography.hazmat.primitives.asymmetric import rsa

from heliograph.testing.certificates import Authority
from heliograph.testing.servers.fcm_message import Wrong, check_message
from heliograph.testing.servers.http2 import Answer, Http2Server, Request
from heliograph.testing.servers.provider import Provider
from heliograph.testing.servers.tokens import BadToken, verified

SCOPE = "https://www.googleapis.com/auth/firebase.messaging"
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
TOKEN_PATH = "/token"
_FCM_ERROR = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
_BAD_REQUEST = "type.googleapis.com/google.rpc.BadRequest"
_SEND = re.compile(r"/v1/projects/([^/]+)/messages:send")
_DEVICE = re.compile(r"[A-Za-z0-9_:.=-]{20,}")
_LONGEST_ASSERTION = 3600  # seconds
_SKEW = 300  # seconds by which an assertion's times may differ from ours


class FcmServer(Provider):
    """`async with FcmServer(authority, email=..., project=..., public_key=...) as google:`.

    Every well-formed token is a device's, except those in `dead` and `of_other_senders`. Scripted answers follow the
    checks; `grants` are given to the next requests for an access token instead.
    """

    def __init__(
        self,
        authority: Authority,
        *,
        email: str,
        project: str,
        public_key: rsa.RSAPublicKey,
        now: Callable[[], float] = time.time,
        port: int = 0,
    ) -> None:
        """`now` gives seconds since the epoch."""
        tls = authority.server("127.0.0.1", "localhost")
        super().__init__(Http2Server(tls, self._judge, self._taken, port=port))
        self._email, self._project, self._public_key, self._now = email, project, public_key, now
        self._given: dict[str, float] = {}  # access tokens, and when each ends
        self.token_life = 3600
        self.allowed = True  # whether the account may send
        self.dead: set[str] = set()
        self.of_other_senders: set[str] = set()
        self.grants: deque[Answer] = deque()
        self.grants_asked = 0

    @property
    def token_uri(self) -> str:
        """Where assertions are exchanged."""
        return f"{self.url}{TOKEN_PATH}"

    @property
    def sends(self) -> list[Request]:
        """The requests to send, refused ones included."""
        return [request for request in self.requests if request.path != TOKEN_PATH]

    def revoke(self) -> None:
        """Take no access token given so far."""
        self._given.clear()

    # ------------------------------------------------------------------------------ access tokens

    def _grant(self, request: Request) -> Answer:
        self.grants_asked += 1
        if self.grants:
            return self.grants.popleft()
        form = parse_qs(request.body.decode("ascii", "replace"))
        if request.method != "POST" or form.get("grant_type") != [GRANT]:
            return _oauth(400, "unsupported_grant_type")
        try:
            claims = verified(form.get("assertion", [""])[0], self._public_key)
        except BadToken:
            return _oauth(400, "invalid_grant", "Invalid JWT Signature.")
        issued, end, now = claims.get("iat"), claims.get("exp"), self._now()
        if not isinstance(issued, int) or not isinstance(end, int) or end - issued > _LONGEST_ASSERTION:
            return _oauth(400, "invalid_grant", "Invalid JWT: Token must be a short-lived token (60 minutes)")
        if not issued - _SKEW <= now <= end:
            return _oauth(400, "invalid_grant", "Invalid JWT: Check your iat and exp values in the JWT claim.")
        if claims.get("iss") != self._email or claims.get("aud") != self.token_uri:
            return _oauth(400, "invalid_grant", "Invalid issuer or audience")
        if claims.get("scope") != SCOPE:
            return _oauth(400, "invalid_scope")
        token = f"ya29.fake-{self.grants_asked}"
        self._given[token] = now + self.token_life
        body = {"access_token": token, "expires_in": self.token_life, "token_type": "Bearer"}
        return Answer(status=200, body=msgspec.json.encode(body))

    # ----------------------------------------------------------------------------------- messages

    def _judge(self, request: Request) -> Answer | None:
        if request.path == TOKEN_PATH:
            return self._grant(request)
        match = _SEND.fullmatch(request.path)
        if match is None or request.method != "POST":
            return Answer(status=404)
        kind, _, token = request.header("authorization").partition(" ")
        if kind != "Bearer" or self._given.get(token, 0.0) <= self._now():
            return error(401, "UNAUTHENTICATED", "Request had invalid authentication credentials.")
        if match[1] != self._project:
            return error(404, "NOT_FOUND", "Requested entity was not found.")
        if not self.allowed:
            return error(403, "PERMISSION_DENIED", "Permission 'cloudmessaging.messages.create' denied.")
        try:
            device = check_message(request.body)
        except Wrong as wrong:
            return error(400, "INVALID_ARGUMENT", str(wrong), code="INVALID_ARGUMENT", field=wrong.field)
        return self._device(device)

    def _device(self, token: str) -> Answer | None:
        if not _DEVICE.fullmatch(token):
            said = "The registration token is not a valid FCM registration token"
            return error(400, "INVALID_ARGUMENT", said, code="INVALID_ARGUMENT")
        if token in self.dead:
            return error(404, "NOT_FOUND", "Requested entity was not found.", code="UNREGISTERED")
        if token in self.of_other_senders:
            return error(403, "PERMISSION_DENIED", "SenderId mismatch", code="SENDER_ID_MISMATCH")
        return None

    def _taken(self, request: Request) -> Answer:
        name = f"projects/{self._project}/messages/0:{len(self.requests):016d}%f9"
        return Answer(status=200, body=msgspec.json.encode({"name": name}))


def error(
    status: int, word: str, message: str = "", *, code: str = "", field: str = "", headers: dict[str, str] | None = None
) -> Answer:
    """An error in Google's form; `code` makes an FcmError of it, `field` a complaint about that field."""
    details: list[dict[str, Any]] = []
    if code:
        details.append({"@type": _FCM_ERROR, "errorCode": code})
    if field:
        details.append({"@type": _BAD_REQUEST, "fieldViolations": [{"field": field, "description": message}]})
    body = {"error": {"code": status, "message": message, "status": word, "details": details}}
    return Answer(status=status, headers=headers or {}, body=msgspec.json.encode(body))


def _oauth(status: int, word: str, description: str = "") -> Answer:
    return Answer(status=status, body=msgspec.json.encode({"error": word, "error_description": description}))
