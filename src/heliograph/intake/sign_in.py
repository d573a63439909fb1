"""Who is calling: passwords to tickets, tickets and integration keys to callers."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable

from msgspec.structs import replace

from heliograph.config.settings import Settings
from heliograph.core.access import AccessToken, Scope
from heliograph.core.errors import NotAuthenticated, Unavailable
from heliograph.core.people import Caller, Company, Door, Role, Ticket, User
from heliograph.core.ports import Clock, Directory, Keyring, Notes, Passwords
from heliograph.intake.guesses import Guesses

TICKET_PREFIX = "7T:"
TOKEN_PREFIX = "8A:"
_TOUCH_EVERY_MS = 60_000  # a sliding ticket is written at most this often
_REFUSED = "The ticket is not valid: sign in again."  # one text for unknown, expired and revoked

Entropy = Callable[[int], bytes]


def ticket_text(entropy: Entropy) -> str:
    """A new ticket in the contract's form: 7T: and base64 of UTF-16LE of `{32 hex};{int32}` (section 2)."""
    number = int.from_bytes(entropy(4), "little", signed=True)
    return TICKET_PREFIX + base64.b64encode(f"{entropy(16).hex()};{number}".encode("utf-16-le")).decode("ascii")


def secret_hash(text: str) -> bytes:
    """What is kept of a ticket or key: one SHA-256, enough for 128 random bits and more."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


class SignIn:
    """Turns credentials into callers, and passwords into tickets."""

    def __init__(
        self,
        directory: Directory,
        keyring: Keyring,
        passwords: Passwords,
        clock: Clock,
        entropy: Entropy,
        settings: Settings,
        notes: Notes | None = None,
    ) -> None:
        """Without `notes`, failed sign-ins are forgotten by a restart."""
        self._directory = directory
        self._keyring = keyring
        self._passwords = passwords
        self._clock = clock
        self._entropy = entropy
        self._tickets = settings.tickets
        self._soap = settings.soap
        self._guesses = Guesses(clock, settings.sign_in, notes)

    async def company(self, tenant: int | None) -> Company:
        """The company a path names, or the default one. Raises NotAuthenticated when there is none."""
        wanted = tenant or self._soap.default_company
        if wanted:
            company = await self._directory.company(wanted)
        else:
            company = next(iter(await self._directory.companies()), None)
        if company is None or not company.active:
            raise NotAuthenticated("There is no such company here.")
        return company

    async def by_password(self, company_id: int, user_name: str, password: str) -> tuple[User, str] | None:
        """The user and a new ticket, or None. As slow for an unknown user as for a wrong password.

        Raises TooMany when too many sign-ins of this user name, or from this address, have failed lately; also then no
        less for a name that does not exist. A valid ticket given as the user name signs in without a password (contract section 2).
        """
        if user_name.startswith(TICKET_PREFIX):
            return await self._by_ticket_as_name(company_id, user_name)
        await self._guesses.recall()
        self._guesses.start(company_id, user_name)
        user = await self._directory.user_by_name(company_id, user_name)
        user = user or await self._directory.user_by_email(company_id, user_name)
        known = user is not None and user.active
        matches = await self._passwords.verify(password, user.password_hash if user is not None and known else "")
        if user is None or not known or not matches or not await self._still_matches(user, password):
            await self._guesses.failed(company_id, user_name)
            return None
        await self._guesses.succeeded(company_id, user_name)
        await self._renew_hash(user, password)
        return user, await self.issue_ticket(user)

    async def _still_matches(self, user: User, password: str) -> bool:
        """Whether the password was neither changed, nor its user disabled, while it was verified."""
        now = await self._directory.user(user.associate_id)
        if now is None or not now.active:
            return False
        return now.password_hash == user.password_hash or await self._passwords.verify(password, now.password_hash)

    async def _renew_hash(self, user: User, password: str) -> None:
        """Keep the password as it would be kept today, where it was kept with other costs; now that it is known."""
        if not self._passwords.outdated(user.password_hash):
            return
        try:
            renewed = await self._passwords.hash(password)
            now = await self._directory.user(user.associate_id)
            if now is not None and now.password_hash == user.password_hash:  # not changed meanwhile
                await self._directory.update_user(replace(now, password_hash=renewed))
        except Unavailable:
            return  # the old hash is as good as it was; the next sign-in renews it

    async def _by_ticket_as_name(self, company_id: int, ticket: str) -> tuple[User, str] | None:
        try:
            caller = await self.by_ticket(ticket, Door.SOAP, tenant=company_id)
        except NotAuthenticated:
            return None
        user = await self._directory.user(caller.associate_id or 0)
        return (user, ticket) if user is not None else None

    async def issue_ticket(self, user: User) -> str:
        """A new ticket for this user; only its hash is stored."""
        return await self._issue(user.company_id, user.associate_id, token_id=0)

    async def exchange(self, token: str, *, tenant: int | None = None) -> tuple[User | None, str]:
        """The user an access token acts as, if any, and a ticket that lives and may do no more than the token.

        Raises NotAuthenticated.
        """
        caller = await self.by_access_token(token, Door.SOAP, tenant=tenant)
        user = await self._directory.user(caller.associate_id) if caller.associate_id is not None else None
        ticket = await self._issue(caller.company_id, caller.associate_id or 0, token_id=caller.token_id)
        return user, ticket

    async def _issue(self, company_id: int, associate_id: int, *, token_id: int) -> str:
        text, now = ticket_text(self._entropy), self._clock.now()
        await self._directory.put_ticket(
            Ticket(
                hash=secret_hash(text),
                associate_id=associate_id,
                company_id=company_id,
                valid_to=now + int(self._tickets.lifetime * 1000),
                created_at=now,
                token_id=token_id,
            )
        )
        return text

    async def by_access_token(self, text: str, door: Door, *, tenant: int | None = None) -> Caller:
        """The caller an access token stands for, limited to its scopes. Raises NotAuthenticated."""
        token = await self._keyring.token(secret_hash(text))
        return await self._of_token(token, door, tenant, "The access token is not valid.")

    async def _of_token(self, token: AccessToken | None, door: Door, tenant: int | None, refused: str) -> Caller:
        if token is None or token.expires_at <= self._clock.now() or tenant not in (None, token.company_id):
            raise NotAuthenticated(refused)
        company = await self._directory.company(token.company_id)
        if company is None or not company.active:
            raise NotAuthenticated(refused)
        scopes = frozenset(token.scopes)
        administrator = Scope.ADMIN in scopes
        if token.associate_id is not None:
            user = await self._directory.user(token.associate_id)
            if user is None or not user.active or user.company_id != token.company_id:
                raise NotAuthenticated(refused)
            administrator = administrator and user.role is Role.ADMINISTRATOR
        return Caller(
            company_id=token.company_id,
            door=door,
            associate_id=token.associate_id,
            administrator=administrator,
            token_id=token.id,
            scopes=scopes,
        )

    async def by_ticket(self, text: str, door: Door, *, tenant: int | None = None) -> Caller:
        """The caller a ticket stands for; sets its life back to full. Raises NotAuthenticated."""
        key = secret_hash(text)
        ticket = await self._directory.ticket(key)
        now = self._clock.now()
        if ticket is None or ticket.valid_to <= now or self._too_old(ticket, now):
            raise NotAuthenticated(_REFUSED)
        if ticket.token_id:
            caller = await self._of_token(await self._keyring.token_by_id(ticket.token_id), door, tenant, _REFUSED)
            await self._slide(ticket, now)
            return caller
        user = await self._directory.user(ticket.associate_id)
        company = await self._directory.company(ticket.company_id)
        usable = user is not None and user.active and company is not None and company.active
        if user is None or not usable or (tenant is not None and tenant != ticket.company_id):
            raise NotAuthenticated(_REFUSED)
        await self._slide(ticket, now)
        return Caller(
            company_id=user.company_id,
            door=door,
            associate_id=user.associate_id,
            administrator=user.role is Role.ADMINISTRATOR,
        )

    async def keep_ticket(self, text: str, seconds: float) -> None:
        """Let this ticket live that long from now on, used or not, though no longer than `tickets.absolute` allows."""
        await self._directory.touch_ticket(secret_hash(text), valid_to=self._clock.now() + int(seconds * 1000))

    async def end_ticket(self, text: str) -> None:
        """Sign out: this ticket is worth nothing from now on. One that is none changes nothing."""
        await self._directory.touch_ticket(secret_hash(text), valid_to=0)

    async def _slide(self, ticket: Ticket, now: int) -> None:
        """Set its life back to full; written at most once a minute."""
        full_life = now + int(self._tickets.lifetime * 1000)
        if full_life - ticket.valid_to >= _TOUCH_EVERY_MS:
            await self._directory.touch_ticket(ticket.hash, valid_to=full_life)

    def _too_old(self, ticket: Ticket, now: int) -> bool:
        return bool(self._tickets.absolute) and now - ticket.created_at >= self._tickets.absolute * 1000

    async def by_key(self, company_id: int, key: str, door: Door) -> Caller:
        """The machine caller of an integration key. Raises NotAuthenticated, saying nothing of which part was wrong."""
        company = await self._directory.company(company_id)
        expected = company.key_hash if company is not None else b""
        matches = hmac.compare_digest(secret_hash(key), expected)
        if company is None or not matches or not company.active:
            raise NotAuthenticated("CompanyId or IntegrationKey is not valid.")
        return Caller(company_id=company.id, door=door)
