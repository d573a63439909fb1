"""Who calls, by the Authorization header: a ticket, an access token, or user name and password.

Schemes (contract soap, section 2; matched without regard to case):
`SOTicket <ticket>`, `Bearer <access token>`, `Basic <user:password>`, and Basic with a ticket as the user.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections import OrderedDict

from heliograph.core.errors import NotAuthenticated
from heliograph.core.people import Caller, Door
from heliograph.intake.sign_in import TICKET_PREFIX, Entropy, SignIn

#: What a 401 of the product's own endpoints offers.
CHALLENGE = 'SOTicket realm="heliograph", Bearer realm="heliograph", Basic realm="heliograph", charset="UTF-8"'

#: What a 401 offers a page of our own: nothing for which a browser would open a window.
QUIET_CHALLENGE = 'SOTicket realm="heliograph"'

_REMEMBERED = 1024  # sign-ins kept, so that a program with a password does not pay for argon2 with every request
_REFUSED = "The user name or the password is not valid."


class Authenticator:
    """Credentials to callers."""

    def __init__(self, sign_in: SignIn, entropy: Entropy) -> None:
        self.sign_in = sign_in
        self._salt = entropy(32)  # what is remembered is worth nothing outside this process
        self._tickets: OrderedDict[bytes, str] = OrderedDict()

    async def caller(self, authorization: str, door: Door, *, tenant: int | None = None) -> Caller:
        """The caller, who is of the company `tenant` where one is named.

        Raises NotAuthenticated, with a text that does not tell a wrong name from a wrong password.
        """
        scheme, _, value = authorization.strip().partition(" ")
        match scheme.lower():
            case "soticket":
                return await self.sign_in.by_ticket(value.strip(), door, tenant=tenant)
            case "basic":
                return await self._by_basic(value.strip(), door, tenant)
            case "bearer":
                return await self.sign_in.by_access_token(value.strip(), door, tenant=tenant)
            case "":
                raise NotAuthenticated(
                    "Sign in: send Authorization: SOTicket <ticket>, Bearer <access token>, or Basic."
                )
        raise NotAuthenticated("This Authorization scheme is not known here: use SOTicket, Bearer or Basic.")

    async def _by_basic(self, value: str, door: Door, tenant: int | None) -> Caller:
        try:
            pair = base64.b64decode(value, validate=True).decode("utf-8")
        except (binascii.Error, ValueError):
            raise NotAuthenticated(_REFUSED) from None
        if pair.startswith(TICKET_PREFIX):
            ticket = TICKET_PREFIX + pair.removeprefix(TICKET_PREFIX).partition(":")[0]
            return await self.sign_in.by_ticket(ticket, door, tenant=tenant)
        user_name, colon, password = pair.partition(":")
        if not colon:
            raise NotAuthenticated(_REFUSED)
        return await self._by_password(user_name, password, door, tenant)

    async def _by_password(self, user_name: str, password: str, door: Door, tenant: int | None) -> Caller:
        """The same process gets the same ticket again while it is valid (contract soap, section 2)."""
        asked = f"{tenant or 0}\0{user_name}\0{password}".encode("utf-8", "surrogatepass")
        key = hashlib.blake2b(asked, key=self._salt).digest()
        remembered = self._tickets.pop(key, "")
        if remembered:
            try:
                caller = await self.sign_in.by_ticket(remembered, door, tenant=tenant)
            except NotAuthenticated:
                return await self._anew(key, user_name, password, door, tenant)
            self._tickets[key] = remembered
            return caller
        return await self._anew(key, user_name, password, door, tenant)

    async def _anew(self, key: bytes, user_name: str, password: str, door: Door, tenant: int | None) -> Caller:
        company = await self.sign_in.company(tenant)
        found = await self.sign_in.by_password(company.id, user_name, password)
        if found is None:
            raise NotAuthenticated(_REFUSED)
        ticket = found[1]
        self._tickets[key] = ticket
        while len(self._tickets) > _REMEMBERED:
            self._tickets.popitem(last=False)
        return await self.sign_in.by_ticket(ticket, door)
