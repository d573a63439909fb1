"""The access token that proves who we are to FCM: a signed assertion exchanged for it, kept until near its end (RFC 7523)."""

from __future__ import annotations

import asyncio
import re
from urllib.parse import urlencode

import msgspec

from heliograph.channels.fcm.account import Account
from heliograph.channels.jose import signed_token
from heliograph.channels.replies import read_json
from heliograph.channels.trouble import behind, failed
from heliograph.channels.waits import retry_after
from heliograph.core.outcome import Deferred
from heliograph.core.ports import AddressRefused, Clock, ConnectFailed, Reply, ReplyLost, Transport

SCOPE = "https://www.googleapis.com/auth/firebase.messaging"
_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_LIFE = 3600  # seconds an assertion is good for; Google takes no longer ones
_EARLY = 300.0  # seconds before its end at which a token is renewed
_USABLE = re.compile(r"[\x21-\x7e]{1,4096}", re.ASCII)


class GrantFailed(Exception):
    """No token could be had; `outcome` says what that means for a delivery."""

    def __init__(self, outcome: Deferred) -> None:
        super().__init__(outcome.detail)
        self.outcome = outcome


class _Granted(msgspec.Struct):
    access_token: str
    expires_in: float = _LIFE


class _Refusal(msgspec.Struct):
    error: str = ""


class Grant:
    """One account's token. Asked for once, however many wait for it."""

    def __init__(self, account: Account, transport: Transport, clock: Clock, timeout: float) -> None:
        self._account, self._transport, self._clock, self._timeout = account, transport, clock, timeout
        self._token = ""
        self._until = 0.0  # monotonic seconds
        self._fresh = False  # whether the token has proved nothing yet
        self._asking: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        return f"Grant({self._account!r})"

    async def token(self) -> str:
        """A token that is good for some minutes yet. Raises GrantFailed, to all who wait for the same one."""
        if self._clock.monotonic() >= self._until:
            if self._asking is None:
                self._asking = asyncio.create_task(self._ask(), name="access token")
                self._asking.add_done_callback(self._asked)
            await asyncio.shield(self._asking)  # whoever is broken off leaves it to the others
        return self._token

    def _asked(self, asking: asyncio.Task[None]) -> None:
        self._asking = None
        if not asking.cancelled():
            asking.exception()  # all who waited may have been broken off

    def worked(self) -> None:
        """FCM has taken the token."""
        self._fresh = False

    def refused(self, token: str) -> bool:
        """FCM does not take this token: forget it. Whether a new one may help: not when this one never worked."""
        if token != self._token:
            return True  # another was asked for meanwhile
        self._until = 0.0
        return not self._fresh

    async def _ask(self) -> None:
        now = self._clock.now() // 1000
        account = self._account
        claims = {
            "iss": account.email, "scope": SCOPE, "aud": account.token_uri, "iat": now, "exp": now + _LIFE,
        }  # fmt: skip
        form = {"grant_type": _GRANT, "assertion": signed_token(account.key, claims, key_id=account.key_id)}
        try:
            reply = await self._transport.request(
                "POST",
                account.token_uri,
                headers={"content-type": "application/x-www-form-urlencoded"},
                body=urlencode(form).encode("ascii"),
                timeout=self._timeout,
            )
        except (AddressRefused, ConnectFailed, ReplyLost) as trouble:
            outcome = failed(trouble)
            detail = f"no access token: {outcome.detail}"
            raise GrantFailed(
                Deferred(detail, pause=outcome.pause, unreachable=outcome.unreachable)
            ) from None  # the message itself has not left
        self._take(reply)

    def _take(self, reply: Reply) -> None:
        said = f"Google answered {reply.status} to the request for an access token"
        if reply.status != 200:
            raise GrantFailed(self._refusal(reply, said))
        granted = read_json(reply.body, _Granted)
        if granted is None or not _USABLE.fullmatch(granted.access_token):
            raise GrantFailed(Deferred(f"{said}, with something that is none"))
        life = min(max(granted.expires_in, 0.0), _LIFE)
        self._token, self._fresh = granted.access_token, True
        self._until = self._clock.monotonic() + max(life - _EARLY, life / 2)

    def _refusal(self, reply: Reply, said: str) -> Deferred:
        if reply.status in (400, 401, 403):
            refusal = read_json(reply.body, _Refusal)
            word = refusal.error if refusal is not None else ""
            reason = f" {word}" if re.fullmatch(r"[a-z_]{1,40}", word) else ""
            skew = behind(reply, self._clock.now())
            mend = skew or "the service account's key is deleted or disabled, or this machine's clock is wrong"
            return Deferred(f"{said}{reason}", pause=f"{said}{reason}: {mend}")
        wish = retry_after(reply.headers.get("retry-after", ""), now=self._clock.now())
        return Deferred(said, retry_after=wish, lane=reply.status == 429)
