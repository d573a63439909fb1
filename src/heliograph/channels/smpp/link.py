"""Keeps a session to a message centre: made when it is needed, made anew when it is lost, ever more patiently."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import suppress

from heliograph.channels.smpp.answers import Meaning, row_for
from heliograph.channels.smpp.pdu import Bind
from heliograph.channels.smpp.session import Hear, Limits, NoAnswer, NotSent, Session
from heliograph.core.ports import Clock

FIRST, CAP = 1.0, 60.0  # seconds between attempts to connect


class Down(Exception):
    """There is no session, and none can be had now."""

    def __init__(self, reason: str, wait: float) -> None:
        super().__init__(reason)
        self.wait = wait  # seconds until the next attempt to connect


class BindRefused(Down):
    """The other side knows us not, or not by this password."""


class Link:
    """One session at a time. `who` and the address come from the settings."""

    def __init__(
        self, host: str, port: int, tls: ssl.SSLContext | None, who: Bind, limits: Limits, hear: Hear, clock: Clock
    ) -> None:
        self._place = (host, port, tls)
        self._who = who
        self._limits = limits
        self._hear = hear
        self._clock = clock
        self._session: Session | None = None
        self._making = asyncio.Lock()
        self._failures = 0
        self._not_before = 0.0  # monotonic seconds
        self._last: Down | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._closed = False
        self._leaving: set[asyncio.Task[None]] = set()

    async def session(self) -> Session:
        """The session; made if there is none. Raises Down and BindRefused."""
        if self._session is not None and self._session.alive:
            return self._session
        async with self._making:
            if self._session is not None and self._session.alive:
                return self._session
            if self._closed:
                raise Down("the gateway is stopping", FIRST)
            wait = self._not_before - self._clock.monotonic()
            if wait > 0 and self._last is not None:
                raise type(self._last)(str(self._last), wait)
            return await self._make()

    def keep(self) -> None:
        """From now on have a session at all times, because messages may come in."""
        if self._keeper is None and not self._closed:
            self._keeper = asyncio.create_task(self._keep(), name="smpp link")

    def leave(self, session: Session) -> None:
        """Bind anew for the next message; what is under way in that session may still be answered."""
        if self._session is session:
            self._session = None
            leaving = asyncio.create_task(session.finish(), name="smpp leaving")
            self._leaving.add(leaving)
            leaving.add_done_callback(self._leaving.discard)

    async def close(self) -> None:
        """Sign off; a second time does nothing."""
        self._closed = True
        await asyncio.gather(*self._leaving, return_exceptions=True)
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def _keep(self) -> None:
        while True:
            try:
                await (await self.session()).ended()
            except Down as down:
                await self._clock.sleep(max(down.wait, 0.1))

    async def _make(self) -> Session:
        if self._session is not None:
            lost, self._session = self._session, None
            await lost.close()
        try:
            session = await self._bound()
        except Down as down:
            self._failures += 1
            self._last = down
            down.wait = min(FIRST * 2 ** min(self._failures - 1, 16), CAP)
            self._not_before = self._clock.monotonic() + down.wait
            raise
        if self._closed:  # meanwhile
            await session.close()
            raise Down("the gateway is stopping", FIRST)
        self._failures, self._last, self._session = 0, None, session
        return session

    async def _bound(self) -> Session:
        session = Session(*await self._connected(), self._limits, self._hear, self._clock)
        try:
            status = await session.bind(self._who)
        except (NotSent, NoAnswer) as failure:
            await session.close()
            raise Down(f"the message centre did not answer the bind: {failure}", FIRST) from None
        except asyncio.CancelledError:
            await session.close(within=0.1)
            raise
        if status:
            await session.close(within=0.5)
            row = row_for(status)
            kind = BindRefused if row.means is Meaning.SET_UP else Down
            raise kind(f"the message centre refuses the bind with 0x{status:X}: {row.say}", FIRST)
        return session

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        host, port, tls = self._place
        try:
            async with asyncio.timeout(self._limits.answer):
                return await asyncio.open_connection(host, port, ssl=tls)
        except ssl.SSLCertVerificationError as error:
            raise BindRefused(
                f"the message centre's certificate is not valid ({error.verify_message})", FIRST
            ) from None
        except TimeoutError:
            raise Down("the message centre cannot be reached: no connection in time", FIRST) from None
        except OSError as error:
            reason = error.strerror or type(error).__name__
            with suppress(ValueError):
                reason = reason.split(":")[0]
            raise Down(f"the message centre cannot be reached: {reason}", FIRST) from None
