"""Receipts that came before anybody knows their message: kept in the store, and looked at again for a while."""

from __future__ import annotations

import msgspec

from heliograph.channels.plugin import Tools
from heliograph.channels.sms.rounds import Rounds
from heliograph.core.delivery import Report
from heliograph.core.errors import Unavailable
from heliograph.core.notes import Note

PARKED = 600.0  # seconds that a receipt waits for the message it speaks of
AGAIN = 1.0  # seconds until it is looked at first; each time twice as many, up to LONGEST
LONGEST = 60.0
STRANGE = 5.0  # seconds after which a receipt has not just overtaken its answer: it may be that of a lost one
MOST = 10_000  # receipts that wait at once; above it the provider is to come again
KIND = "receipt"

_KEEP_MS = 3_600_000  # a note may be forgotten then; until then a gateway that was down still looks at it


class Waiting(msgspec.Struct):
    """A receipt, and when it was parked (ms since the epoch)."""

    report: Report
    at: int
    step: float = AGAIN  # seconds until the next look
    next: int = 0  # ms since the epoch


class Parked:
    """One channel's. What is parked survives the process."""

    def __init__(self, name: str, tools: Tools) -> None:
        self._name = name
        self._reports = tools.reports
        self._notes = tools.notes
        self._clock = tools.clock
        self._log = tools.log
        self._waiting: dict[str, Waiting] | None = None  # None until the store was asked
        self._rounds = Rounds(tools.clock, AGAIN, self._look, f"parked receipts of {name}", tools.log)

    def start(self) -> None:
        """Look at what an earlier process has parked."""
        self._rounds.wake()

    async def park(self, report: Report) -> bool:
        """Whether there was room. On disk when it returns. Raises Unavailable."""
        waiting = await self._known()
        now = self._clock.now()
        key = f"{report.ids[0]}/{report.happening}/{report.address}/{report.only or 0}"
        if key not in waiting:
            if len(waiting) >= MOST:
                return False
            one = Waiting(report, now, next=now + int(AGAIN * 1000))
            value = msgspec.json.encode(one)
            await self._notes.put([self._note(key, value, now + _KEEP_MS)], now=now)
            waiting[key] = one
        self._rounds.wake()
        return True

    async def close(self) -> None:
        """Look no more."""
        await self._rounds.close()

    async def _known(self) -> dict[str, Waiting]:
        if self._waiting is None:
            found = await self._notes.find(self._name, KIND, limit=MOST)
            if self._waiting is None:  # else another was quicker, and may have added to it
                self._waiting = {note.key: one for note in found if (one := self._read(note)) is not None}
        return self._waiting

    def _read(self, note: Note) -> Waiting | None:
        try:
            return msgspec.json.decode(note.value, type=Waiting)
        except msgspec.DecodeError:
            self._log.warning("A parked receipt of another version cannot be read.", channel=self._name)
            return None

    async def _look(self) -> bool:
        """One round over those that are due; whether any is left."""
        try:
            waiting = await self._known()
            now = self._clock.now()
            for key, one in list(waiting.items()):
                if one.next <= now and await self._settled(one, now):
                    await self._notes.forget([self._note(key)])
                    del waiting[key]
        except Unavailable:
            return True  # the store is away: the next round tries again
        return bool(waiting)

    async def _settled(self, one: Waiting, now: int) -> bool:
        if await self._reports.report(self._name, one.report):
            return True
        age = (now - one.at) / 1000
        if age >= STRANGE and await self._reports.adopt(self._name, one.report):
            return True
        if age >= PARKED:
            self._log.warning("A receipt speaks of no message of ours.", channel=self._name)
            return True
        one.next = now + int(one.step * 1000)
        one.step = min(one.step * 2, LONGEST)
        return False

    def _note(self, key: str, value: bytes = b"", until: int = 0) -> Note:
        return Note(owner=self._name, kind=KIND, key=key, value=value, until=until)
