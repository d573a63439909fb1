"""Second ways for lost deliveries, over dicts: the same rules as the triggers of the store on disk."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from heliograph.core.delivery import Delivery
from heliograph.core.fallback import LOST, REACHED, Reason, Standby
from heliograph.core.lifecycle import State
from heliograph.core.usage import WINDOWS, Used
from heliograph.store.memory.tables import Tables
from heliograph.store.memory.usage import add
from heliograph.store.memory.webhooks import tell_all, tell_move
from heliograph.store.standbys import WITHDRAWN


class MemoryStandbys:
    """Port `Standbys`."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def take_overdue(self, *, now: int, limit: int) -> int:
        """Give up waiting for receipts that are overdue."""
        t = self._tables.open()
        overdue = [s for s in t.standbys.values() if 0 < s.due_at <= now and not s.made_no]
        overdue = [s for s in overdue if t.deliveries[s.replaces].state is State.SENT]
        for standby in sorted(overdue, key=lambda standby: standby.due_at)[:limit]:
            _ready(t, standby.id, Reason.NO_RECEIPT, now)
        return min(len(overdue), limit)

    async def take_waiting(self, channel: str, *, now: int, limit: int) -> int:
        """Withdraw what is queued on a paused channel and may go another way, which it does."""
        t = self._tables.open()
        found = [
            (t.deliveries[s.replaces], s)
            for s in t.standbys.values()
            if Reason.PAUSED in s.reasons and s.ready is None and not s.made_no and s.replaces in t.deliveries
        ]
        waiting = [
            (delivery, standby)
            for delivery, standby in found
            if (delivery.state, delivery.channel) == (State.QUEUED, channel) and delivery.expires_at > now
        ][:limit]
        for delivery, standby in waiting:
            _ready(t, standby.id, Reason.PAUSED, now)
            withdrawn = replace(
                delivery, state=State.CANCELLED, detail=WITHDRAWN, updated_at=now, lease_until=0, sealed_config=b""
            )
            t.deliveries[delivery.id] = withdrawn
            tell_move(t, delivery, withdrawn)
            moved(t, delivery, withdrawn)
        return len(waiting)

    async def forget(self, delivery_ids: Sequence[int]) -> int:
        """No second way for these, nor for what took their place."""
        t = self._tables.open()
        roots = {s.root for s in t.standbys.values() if s.replaces in set(delivery_ids) and not s.made_no}
        before = len(t.standbys)
        _forget(t, roots)
        return before - len(t.standbys)

    async def taken(self, *, after: int, limit: int) -> list[Standby]:
        """In order of number."""
        made = [s for s in self._tables.open().standbys.values() if s.made_no > after]
        return sorted(made, key=lambda standby: standby.made_no)[:limit]

    async def last(self) -> int:
        """The newest number."""
        return self._tables.open().last_standby

    async def standbys(self, message_ids: Sequence[int]) -> list[Standby]:
        """In order of id."""
        wanted = set(message_ids)
        found = [s for s in self._tables.open().standbys.values() if s.message_id in wanted]
        return sorted(found, key=lambda standby: standby.id)


def moved(t: Tables, was: Delivery, now: Delivery) -> None:
    """A delivery has moved: what that means for the plans of its message."""
    if now.state is was.state or now.state in (State.QUEUED, State.HELD, State.LEASED) or not t.standbys:
        return
    if now.state in REACHED:
        _reached(t, now)
    elif now.state is State.SENT:
        _wait_for_receipt(t, now)
    else:
        _lost(t, now)


def _reached(t: Tables, delivery: Delivery) -> None:
    for standby in _of_person(t, delivery):
        other = t.deliveries.get(standby.id)
        if not standby.made_no:
            del t.standbys[standby.id]
        elif other is not None and other.state is State.QUEUED and other.id != delivery.id:
            detail = f"not needed: delivery {delivery.id} has arrived"
            withdrawn = replace(other, state=State.CANCELLED, detail=detail, updated_at=delivery.updated_at)
            t.deliveries[other.id] = withdrawn
            tell_move(t, other, withdrawn)


def _wait_for_receipt(t: Tables, delivery: Delivery) -> None:
    for standby in _of_person(t, delivery):
        waits = standby.after_ms and Reason.NO_RECEIPT in standby.reasons and not standby.made_no
        if standby.replaces == delivery.id and waits:
            t.standbys[standby.id] = replace(standby, due_at=delivery.updated_at + standby.after_ms)


def _lost(t: Tables, delivery: Delivery) -> None:
    reason = LOST.get(delivery.state)
    for standby in _of_person(t, delivery):
        if standby.replaces != delivery.id or standby.made_no or standby.ready is not None:
            continue
        if reason in standby.reasons and reason is not None:
            _ready(t, standby.id, reason, delivery.updated_at)
        else:
            _forget(t, {standby.root})
    if reason is not None:
        for standby in _of_person(t, delivery):
            if standby.ready is not None and not standby.made_no:
                _take(t, standby)


def _of_person(t: Tables, delivery: Delivery) -> list[Standby]:
    """Plans for the same person, and those of the chain that the delivery is in."""
    own = t.standbys.get(delivery.id)
    roots = {delivery.id, own.root if own is not None else delivery.id}
    same = [s for s in t.standbys.values() if s.message_id == delivery.message_id]
    return [s for s in same if s.associate_id == delivery.associate_id or s.root in roots]


def _ready(t: Tables, id: int, reason: Reason, at: int) -> None:
    t.standbys[id] = replace(t.standbys[id], ready=reason, ready_at=at, due_at=0)
    _take(t, t.standbys[id])


def _take(t: Tables, standby: Standby) -> None:
    """Take it, unless another device of the same person's may still do, or it was taken already."""
    if standby.id not in t.standbys or standby.expires_at <= standby.ready_at:
        return
    way = (standby.message_id, standby.channel, standby.address)
    others = [o for o in t.standbys.values() if (o.message_id, o.channel, o.address) == way and o.id != standby.id]
    if any(other.made_no or (other.ready is None and _hopes(t, other)) for other in others):
        return
    t.deliveries[standby.id] = _delivery(standby, t.deliveries[standby.replaces])
    tell_all(t, (), [t.deliveries[standby.id]])
    t.last_standby += 1
    t.standbys[standby.id] = replace(standby, made_no=t.last_standby, made_at=standby.ready_at, due_at=0)
    if not standby.refused:
        _count(t, standby, f"channel:{standby.channel}", standby.units)
        _count(t, standby, "spending", standby.spend)
    _forget(t, {other.root for other in others} - {standby.root})


def _count(t: Tables, standby: Standby, scope: str, units: int) -> None:
    for starts_at, ends_at in (window(standby.ready_at) for window in WINDOWS.values()):
        used = Used(company_id=standby.company_id, scope=scope, starts_at=starts_at, ends_at=ends_at, units=units)
        if units:
            add(t, used)


def _hopes(t: Tables, standby: Standby) -> bool:
    """Whether the delivery it stands in for is, or will be, tried for itself, and not as a later link of a chain."""
    before = t.standbys.get(standby.replaces)
    return before is None or before.made_no > 0


def _forget(t: Tables, roots: set[int]) -> None:
    t.standbys = {id: s for id, s in t.standbys.items() if s.made_no or s.root not in roots}


def _delivery(standby: Standby, lost: Delivery) -> Delivery:
    return Delivery(
        id=standby.id,
        message_id=standby.message_id,
        company_id=standby.company_id,
        channel=standby.channel,
        address=standby.address,
        associate_id=standby.associate_id if standby.reaches is None else standby.reaches,
        state=State.FAILED if standby.refused else State.QUEUED,
        due_at=standby.ready_at,
        expires_at=standby.delivery_expires_at,
        detail=standby.detail(lost.channel, lost.detail),
        updated_at=standby.ready_at,
    )
