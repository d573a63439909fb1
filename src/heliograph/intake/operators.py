"""How operators sign in to the console, and how long a sign-in lasts."""

from __future__ import annotations

import base64
from contextlib import suppress

from heliograph.config.settings import ConsoleReach, ConsoleSettings
from heliograph.core import base64url
from heliograph.core.errors import NotAllowed, NotAuthenticated, NotFound, Unavailable
from heliograph.core.operators import Operator, Session, Sessions
from heliograph.core.people import Role, User
from heliograph.core.ports import Clock, Directory
from heliograph.intake.sign_in import TICKET_PREFIX, Entropy, SignIn, secret_hash

CODE_LIFE = 600.0  # seconds a one-time code may be used in
_SLIDE_MS = 60_000  # the use of a session is written down at most this often
_REFUSED = "The user name or the password is not valid."
_NOT_ONE = "This code is not valid: it was used before, is older than ten minutes, or is mistyped."
_ENDED = "This sign-in has ended: sign in again."


class Operators:
    """Turns passwords and one-time codes into sessions, and sessions into operators."""

    def __init__(
        self,
        sessions: Sessions,
        sign_in: SignIn,
        directory: Directory,
        clock: Clock,
        entropy: Entropy,
        settings: ConsoleSettings,
    ) -> None:
        self._sessions = sessions
        self._sign_in = sign_in
        self._directory = directory
        self._clock = clock
        self._entropy = entropy
        self._settings = settings

    async def make_code(self) -> str:
        """A code that signs in once, as an operator of the whole gateway: whoever may write here is one anyway."""
        text = base64.b32encode(self._entropy(20)).decode("ascii").lower()
        await self._sessions.put_link(secret_hash(text), ends_at=self._clock.now() + int(CODE_LIFE * 1000))
        return "-".join(text[i : i + 8] for i in range(0, 32, 8))

    async def by_code(self, code: str) -> tuple[Operator, str]:
        """The operator and the session's text. Raises NotAuthenticated."""
        text = "".join(code.split()).replace("-", "").lower()
        if not await self._sessions.take_link(secret_hash(text), now=self._clock.now()):
            raise NotAuthenticated(_NOT_ONE)
        return await self._begin("Command line", None, b"")

    async def by_password(self, tenant: int | None, user_name: str, password: str) -> tuple[Operator, str]:
        """The operator and the session's text. Raises NotAuthenticated, NotAllowed for a user who is no administrator,
        TooMany."""
        if user_name.startswith(TICKET_PREFIX):  # a ticket is for programs, and opens no console
            raise NotAuthenticated(_REFUSED)
        company = await self._sign_in.company(tenant)
        found = await self._sign_in.by_password(company.id, user_name, password)
        if found is None:
            raise NotAuthenticated(_REFUSED)
        user, ticket = found
        if not self._may(user):
            await self._directory.touch_ticket(secret_hash(ticket), valid_to=0)
            raise NotAllowed("The console is for administrators: this user is none, or may not use it here.")
        return await self._begin(user.full_name or user.user_name, user, secret_hash(ticket))

    def _may(self, user: User) -> bool:
        return user.active and user.role is Role.ADMINISTRATOR and self._settings.administrators is not ConsoleReach.OFF

    async def _begin(self, name: str, user: User | None, ticket: bytes) -> tuple[Operator, str]:
        now = self._clock.now()
        await self._sessions.prune_sessions(now=now, idle_since=now - self._idle_ms)
        text = base64url.encode(self._entropy(32))
        session = await self._sessions.open_session(
            Session(
                id=0,
                hash=secret_hash(text),
                name=name,
                associate_id=user.associate_id if user is not None else None,
                company_id=user.company_id if user is not None else None,
                ticket=ticket,
                opened_at=now,
                seen_at=now,
                ends_at=now + int(self._settings.lifetime * 1000),
            )
        )
        return self._operator(session), text

    async def by_session(self, text: str, *, watching: bool = False) -> Operator:
        """The operator whose session it is. `watching` says that no person did this: it does not keep the session alive.

        Raises NotAuthenticated.
        """
        session = await self._sessions.session(secret_hash(text)) if text else None
        now = self._clock.now()
        if session is None or session.ends_at <= now or now - session.seen_at >= self._idle_ms:
            raise NotAuthenticated(_ENDED if text else "Sign in.")
        if session.associate_id is not None:
            await self._still_welcome(session, session.associate_id, now)
        if not watching and now - session.seen_at >= _SLIDE_MS:
            await self._slide(session, now)
        return self._operator(session)

    async def _slide(self, session: Session, now: int) -> None:
        """Note that it is used; a store that takes no writes is just what an operator wants to look at."""
        with suppress(Unavailable):
            await self._sessions.saw_session(session.id, at=now)
            if session.ticket:
                await self._directory.touch_ticket(session.ticket, valid_to=now + self._idle_ms + _SLIDE_MS)

    async def _still_welcome(self, session: Session, associate_id: int, now: int) -> None:
        """A user's session ends with the ticket: a new password, `ticket revoke` and a disabled user end that."""
        user, ticket = await self._directory.user(associate_id), await self._directory.ticket(session.ticket)
        company = await self._directory.company(session.company_id or 0)
        gone = user is None or ticket is None or ticket.valid_to <= now or company is None or not company.active
        if user is None or gone or not self._may(user):
            raise NotAuthenticated(_ENDED)

    def _operator(self, session: Session) -> Operator:
        everywhere = session.associate_id is None or self._settings.administrators is ConsoleReach.GATEWAY
        return Operator(
            name=session.name,
            session_id=session.id,
            company_id=None if everywhere else session.company_id,
            associate_id=session.associate_id,
        )

    async def sign_out(self, operator: Operator) -> None:
        """End this session, and the ticket behind it."""
        session = next((each for each in await self._sessions.sessions() if each.id == operator.session_id), None)
        if session is not None:
            await self._end(session)

    async def sessions(self) -> list[Session]:
        """Those that have not ended, in order of id."""
        now = self._clock.now()
        return [
            session
            for session in await self._sessions.sessions()
            if session.ends_at > now and now - session.seen_at < self._idle_ms
        ]

    async def end(self, session_id: int | None) -> int:
        """End one session, or all of them; how many. Raises NotFound."""
        ended = [each for each in await self._sessions.sessions() if session_id in (None, each.id)]
        if session_id is not None and not ended:
            raise NotFound(f"There is no sign-in {session_id}.")
        for session in ended:
            await self._end(session)
        return len(ended)

    async def _end(self, session: Session) -> None:
        await self._sessions.close_session(session.id)
        if session.ticket:
            await self._directory.touch_ticket(session.ticket, valid_to=0)

    @property
    def _idle_ms(self) -> int:
        return int(self._settings.idle * 1000)
