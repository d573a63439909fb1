"""Takes the second ways that only a clock can decide, and tells of all that were taken."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from heliograph.config.channels import FallbackSettings
from heliograph.core.events import SecondWayTaken
from heliograph.core.fallback import Reason, Standbys
from heliograph.core.ports import Clock, Observer
from heliograph.dispatch.recurring import Recurring, Told

LOOK_EVERY = 1.0  # seconds
TROUBLE = 5.0  # seconds until the next look after the store was unavailable
BITE = 200  # deliveries moved in one transaction, so that nobody waits long for the writer


class SecondWayWatch(Recurring):
    """Looks every second for receipts that are overdue, and for channels that have been paused for too long.

    What a refusal or a bounce takes is taken by the store, in the transaction that records it; here it is only told of.
    The pause of a channel is measured from when this process first saw it.
    """

    name = "second ways"
    waits = Told("Second ways wait for the store.", "second_ways_wait")
    failed = Told("The look for second ways failed; it goes on.", "second_ways_bug")

    def __init__(
        self,
        standbys: Standbys,
        fallbacks: Mapping[str, FallbackSettings],
        paused: Callable[[], Mapping[str, str]],
        observer: Observer,
        clock: Clock,
    ) -> None:
        super().__init__(clock, every=LOOK_EVERY, in_trouble=TROUBLE)
        self._standbys = standbys
        self._patience = {name: given.after for name, given in fallbacks.items() if Reason.PAUSED in given.on}
        self._paused = paused
        self._observer = observer
        self._since: dict[str, float] = {}  # monotonic seconds at which each channel was first seen paused
        self._told: int | None = None  # the newest second way that was told of; None before the first look

    async def look(self) -> int:
        """Take what is due, and tell of what was taken since the last look; how many. Raises Unavailable."""
        if self._told is None:
            self._told = await self._standbys.last()
        now = self._clock.now()
        while await self._standbys.take_overdue(now=now, limit=BITE) == BITE:
            continue
        for channel in self._paused_too_long():
            while await self._standbys.take_waiting(channel, now=now, limit=BITE) == BITE:
                continue
        return await self._tell(self._told)

    def _paused_too_long(self) -> list[str]:
        now, paused = self._clock.monotonic(), self._paused()
        self._since = {name: self._since.get(name, now) for name in self._patience if paused.get(name)}
        return [name for name, since in self._since.items() if now - since >= self._patience[name]]

    async def _tell(self, told: int) -> int:
        count = 0
        while taken := await self._standbys.taken(after=told, limit=BITE):
            for standby in taken:
                reason = standby.ready.value if standby.ready is not None else ""
                self._observer.saw(
                    SecondWayTaken(standby.message_id, standby.id, standby.replaces, standby.channel, reason)
                )
            count += len(taken)
            told = self._told = taken[-1].made_no
        return count
