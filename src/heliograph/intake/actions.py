"""What an operator may do to a delivery: send a dead letter again, or withdraw what still waits."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from heliograph.core.delivery import Delivery, Record
from heliograph.core.errors import NotFound
from heliograph.core.fallback import Standby, Standbys, not_again
from heliograph.core.lifecycle import Happening, State, can
from heliograph.core.ports import Clock, Outbox, Queue

#: Why a delivery in this state cannot be retried or cancelled.
_WHY_NOT: dict[State, str] = {
    State.QUEUED: "it is still waiting for its turn",
    State.HELD: "it is held",
    State.LEASED: "it is being tried right now",
    State.SENT: "the provider has taken it",
    State.DELIVERED: "it has been delivered",
    State.REPLIED: "it has been answered",
    State.UNDELIVERED: "the provider took it and then failed to deliver it",
    State.FAILED: "it has failed already",
    State.EXPIRED: "it has expired already",
    State.CANCELLED: "it was cancelled",
}


class Acted(msgspec.Struct, frozen=True):
    """What came of an action on one delivery; `why_not` is empty when it moved."""

    delivery_id: int
    was: State
    now: State
    moved: bool
    why_not: str = ""


class Actions:
    """Retry and cancel, by message or by single delivery."""

    def __init__(self, outbox: Outbox, queue: Queue, clock: Clock, standbys: Standbys | None = None) -> None:
        self._outbox = outbox
        self._standbys = standbys
        self._queue = queue
        self._clock = clock

    async def retry(self, message_id: int, *, delivery_id: int | None = None) -> list[Acted]:
        """Queue the message's dead letters (failed, expired) again. Raises NotFound.

        Past its time to live a message is not sent again: the caller said that it would be of no use then. Nor is what
        has gone another way; where all ways were lost, the last of those asked for is.
        """
        now = self._clock.now()
        deliveries = await self._deliveries(message_id, delivery_id)
        late = {d.id: "its time to live is over" for d in deliveries if 0 < d.expires_at <= now}
        late = await self._gone_another_way(message_id, [d for d in deliveries if d.id not in late]) | late
        acted = await self._act(deliveries, Happening.RETRIED, "retried by the operator", late)
        moved = {done.delivery_id for done in acted if done.moved}
        queued = [msgspec.structs.replace(d, state=State.QUEUED, due_at=now) for d in deliveries if d.id in moved]
        await self._queue.publish(queued)
        return acted

    async def cancel(self, message_id: int, *, delivery_id: int | None = None) -> list[Acted]:
        """Withdraw the message's deliveries that still wait, and the second ways of all of them. Raises NotFound."""
        deliveries = await self._deliveries(message_id, delivery_id)
        if self._standbys is not None:
            await self._standbys.forget([delivery.id for delivery in deliveries])
        return await self._act(deliveries, Happening.CANCELLED, "cancelled by the operator", {})

    async def _gone_another_way(self, message_id: int, asked: Sequence[Delivery]) -> dict[int, str]:
        """Why some of those asked for are not sent again, by id: of the ways of one message to one person, one is."""
        plans = await self._plans(message_id)
        if not any(plan.made_no for plan in plans):
            return {}
        states = {delivery.id: delivery.state for delivery in await self._outbox.deliveries([message_id])}
        return not_again(plans, states, {delivery.id for delivery in asked if can(delivery.state, Happening.RETRIED)})

    async def _plans(self, message_id: int) -> Sequence[Standby]:
        return () if self._standbys is None else await self._standbys.standbys([message_id])

    async def _deliveries(self, message_id: int, delivery_id: int | None) -> list[Delivery]:
        deliveries = await self._outbox.deliveries([message_id])
        if not deliveries and await self._outbox.message(message_id) is None:
            raise NotFound(f"There is no message {message_id}.")
        wanted = [d for d in deliveries if delivery_id in (None, d.id)]
        if delivery_id is not None and not wanted:
            raise NotFound(f"Message {message_id} has no delivery {delivery_id}.")
        return wanted

    async def _act(
        self, deliveries: list[Delivery], happening: Happening, detail: str, barred: dict[int, str]
    ) -> list[Acted]:
        now = self._clock.now()
        asked = [d for d in deliveries if can(d.state, happening) and d.id not in barred]
        due_at = now if happening is Happening.RETRIED else None
        records = [Record(delivery_id=d.id, happening=happening, at=now, due_at=due_at, detail=detail) for d in asked]
        moves = {moved.delivery_id: moved for moved in await self._outbox.record(records)}
        acted = []
        for delivery in deliveries:
            move = moves.get(delivery.id)
            state = move.state if move is not None and move.state is not None else delivery.state
            moved = move is not None and move.moved
            barred_here = barred.get(delivery.id) if can(delivery.state, happening) else None
            why_not = "" if moved else barred_here or _WHY_NOT[state]
            acted.append(Acted(delivery.id, delivery.state, state, moved, why_not))
        return acted
