"""What dispatch records, for whoever in this process waits for a first attempt."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from heliograph.core.lifecycle import State
from heliograph.core.ports import Clock

First = tuple[State, str, str]  # state, detail, provider id
REMEMBERED = 100_000  # deliveries expected at once; beyond that the oldest are forgotten, whose callers then time out


class _Batch:
    """The deliveries of one call: what is known, what is missing, and who waits for the rest."""

    __slots__ = ("found", "missing", "waiter")

    def __init__(self, ids: Sequence[int]) -> None:
        self.missing = set(ids)
        self.found: dict[int, First] = {}
        self.waiter: asyncio.Future[None] | None = None

    def learn(self, id: int, first: First | None) -> None:
        """Take note of one result, or with None that there will be none; wake the waiter after the last."""
        self.missing.discard(id)
        if first is not None:
            self.found[id] = first
        if not self.missing and self.waiter is not None and not self.waiter.done():
            self.waiter.set_result(None)


class InProcessResults:
    """Port `Results` for a dispatcher in the same process."""

    def __init__(self, clock: Clock, *, remembered: int = REMEMBERED) -> None:
        self._clock = clock
        self._remembered = remembered
        self._expected: dict[int, _Batch] = {}

    def expect(self, delivery_ids: Sequence[int]) -> None:
        """From now on remember the first attempts of these; call before they are accepted."""
        if not delivery_ids:
            return
        batch = _Batch(delivery_ids)
        for id in delivery_ids:
            self._expected[id] = batch
        while len(self._expected) > self._remembered:
            oldest = next(iter(self._expected))
            self._expected.pop(oldest).learn(oldest, None)

    def attempted(self, delivery_id: int, state: State, detail: str, provider_id: str) -> None:
        """Pass on a first attempt; later ones of the same delivery, and unexpected ones, are not kept."""
        batch = self._expected.get(delivery_id)
        if batch is not None and delivery_id in batch.missing:
            batch.learn(delivery_id, (state, detail, provider_id))

    def forget(self, delivery_ids: Sequence[int]) -> None:
        """Nobody will ask for these: they were not accepted."""
        for id in delivery_ids:
            self._expected.pop(id, None)

    @property
    def expected(self) -> int:
        """How many deliveries are remembered."""
        return len(self._expected)

    async def first_attempts(self, delivery_ids: Sequence[int], *, within: float) -> dict[int, First]:
        """Those that were tried within that many seconds; forgets all of them, also when cancelled."""
        batches = {id: self._expected[id] for id in delivery_ids if id in self._expected}
        try:
            await self._complete(set(batches.values()), within)
            return {id: batch.found[id] for id, batch in batches.items() if id in batch.found}
        finally:
            self.forget(delivery_ids)

    async def _complete(self, batches: set[_Batch], within: float) -> None:
        waiters = []
        for batch in batches:
            if batch.missing:
                batch.waiter = batch.waiter or asyncio.get_running_loop().create_future()
                waiters.append(batch.waiter)
        if not waiters or within <= 0:
            return
        alarm = asyncio.ensure_future(self._clock.sleep(within))
        try:
            pending: set[asyncio.Future[None]] = set(waiters)
            while pending and not alarm.done():
                await asyncio.wait({*pending, alarm}, return_when=asyncio.FIRST_COMPLETED)
                pending = {waiter for waiter in pending if not waiter.done()}
        finally:
            alarm.cancel()
