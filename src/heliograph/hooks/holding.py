"""The AfterAsync events that this process holds in the table: made with their calls, claimed, renewed, written off."""

from __future__ import annotations

import asyncio

import msgspec
import structlog
from msgspec.structs import replace

from heliograph.core.ports import Agenda, Clock, Sealer
from heliograph.core.scripting import DueEvent
from heliograph.hooks.wire import Who

log = structlog.get_logger(__name__)

LEASE_MS = 30_000  # after a crash, an event that nobody could release waits at most this long
MOST_ATTEMPTS = 10
_MOST_CLAIMED = 500  # at once
_CONTEXT = "script.event"


class Payload(msgspec.Struct, array_like=True):
    """What an AfterAsync handler is given."""

    who: Who
    arguments: bytes
    result: bytes | None
    states: dict[str, bytes]


class Holding:
    """What is done and what has changed is written by `tidy`, one commit for all; `news` is set when there is some."""

    def __init__(self, agenda: Agenda, sealer: Sealer, clock: Clock) -> None:
        self._agenda = agenda
        self._sealer = sealer
        self._clock = clock
        self._held: dict[int, DueEvent] = {}  # whose lease this process renews
        self._done: list[int] = []
        self._changed: dict[int, tuple[DueEvent, Payload | None]] = {}  # to be written; with a new payload or the old
        self._last_id = 0
        self.news = asyncio.Event()

    # ---------------------------------------------------------------- one event

    def made(self, method: str, company_id: int, payload: Payload) -> DueEvent:
        """An event to be kept in the transaction that accepts its call; held from now on."""
        now = self._clock.now()
        self._last_id = max(self._last_id + 1, now << 22)
        event = DueEvent(
            id=self._last_id,
            company_id=company_id,
            method=method,
            created_at=now,
            lease_until=now + LEASE_MS,
            payload=self._sealed(payload),
        )
        self._held[event.id] = event
        return event

    def hold(self, event: DueEvent) -> None:
        """Renew its lease from now on."""
        self._held[event.id] = event

    def forget(self, event: DueEvent) -> None:
        """Renew its lease no longer; what the table says of it holds."""
        self._held.pop(event.id, None)

    def rewrite(self, event: DueEvent, payload: Payload) -> None:
        """The table lacks it, or has an older payload; written only if the event has not run by then."""
        self._changed[event.id] = (event, payload)
        self.news.set()

    def give_back(self, event: DueEvent, *, until: int = 0) -> None:
        """Let somebody have it after that time. The row is written anew, with the newest payload there is."""
        event = self._held.pop(event.id, event)
        _, payload = self._changed.get(event.id, (event, None))
        self._changed[event.id] = (replace(event, lease_until=until, attempts=0), payload)
        self.news.set()

    def finished(self, event: DueEvent) -> None:
        """It has run, or nothing can run it: out of the table with it."""
        self._done.append(event.id)
        self._held.pop(event.id, None)
        self.news.set()

    # ---------------------------------------------------------------- the table

    async def release(self) -> None:
        """End every lease, of dead processes all. Raises Unavailable."""
        await self._agenda.release()

    async def claim(self, room: int) -> list[tuple[DueEvent, Payload]]:
        """What nobody holds, as much as there is room for; each is to be held by `hold`. Raises Unavailable."""
        now = self._clock.now()
        claimed = await self._agenda.claim(now=now, lease_until=now + LEASE_MS, limit=min(room, _MOST_CLAIMED))
        new = [event for event in claimed if event.id not in self._held]
        return [(event, payload) for event in new if (payload := self._opened(event)) is not None]

    async def renew(self) -> None:
        """Hold what is held for a while longer. Raises Unavailable."""
        if self._held:
            await self._agenda.renew(list(self._held), lease_until=self._clock.now() + LEASE_MS)

    async def tidy(self) -> None:
        """Write what is done and what has changed, in one commit. Raises Unavailable; then all of it is kept for later."""
        done, self._done = self._done, []
        changed, self._changed = self._changed, {}
        finished = set(done)
        try:
            if done or changed:
                kept = [self._row(*each) for id, each in changed.items() if id not in finished]
                await self._agenda.settle(done=done, kept=kept)
                self._held |= {row.id: row for row in kept if row.id in self._held}
        except BaseException:
            self._done = done + self._done
            self._changed = changed | self._changed
            raise

    def _opened(self, event: DueEvent) -> Payload | None:
        """None for one that can never run; it is written off."""
        try:
            payload = msgspec.msgpack.decode(self._sealer.open(event.payload, context=_CONTEXT), type=Payload)
        except (ValueError, msgspec.DecodeError) as error:
            log.error("An AfterAsync event cannot be read any more.", action="script_event_lost", reason=str(error))
            self.finished(event)
            return None
        if event.attempts > MOST_ATTEMPTS:
            log.error("An AfterAsync event was taken up too often.", action="script_event_lost", method=event.method)
            self.finished(event)
            return None
        return payload

    def _row(self, event: DueEvent, payload: Payload | None) -> DueEvent:
        return event if payload is None else replace(event, payload=self._sealed(payload))

    def _sealed(self, payload: Payload) -> bytes:
        return self._sealer.seal(msgspec.msgpack.encode(payload), context=_CONTEXT)
