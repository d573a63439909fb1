"""A second way for a message that a channel could not bring: when it is taken, as tables, and what is kept of it.

A plan is kept with the delivery it stands in for, in one transaction. The store takes it in the transaction that moves that
delivery, so that nothing is lost or doubled in between.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from enum import StrEnum
from typing import Protocol

import msgspec

from heliograph.core.lifecycle import State


class Reason(StrEnum):
    """Why a second way is taken."""

    REFUSED = "refused"  # refused for good, or out of tries
    BOUNCED = "bounced"  # taken by the provider, and reported as undelivered
    EXPIRED = "expired"  # not taken by the provider within its share of the time
    NO_RECEIPT = "no_receipt"  # taken by the provider, and not reported as delivered in time
    PAUSED = "paused"  # the channel is paused, because its set-up is wrong


#: Where a delivery is lost, and the reason for another way that this is. A withdrawn one has no other way.
LOST: dict[State, Reason] = {
    State.FAILED: Reason.REFUSED,
    State.UNDELIVERED: Reason.BOUNCED,
    State.EXPIRED: Reason.EXPIRED,
}

#: Where the recipient has the message, by whichever way: then nobody needs another.
REACHED = frozenset({State.DELIVERED, State.REPLIED})

#: The reasons that are found by looking at the clock, so that they need a time to wait.
TIMED = frozenset({Reason.NO_RECEIPT, Reason.PAUSED})

DEEPEST = 3  # second ways one after the other


class Planned(msgspec.Struct, frozen=True, kw_only=True):
    """A second way as intake plans it: a channel and an address on it, or the reason why there is none."""

    channel: str
    address: str
    reaches: int | None = None  # whose address it is, when it is a user's
    reasons: tuple[Reason, ...]
    after_ms: int = 0  # how long to wait for a receipt, and the share of the time that the way before it has
    refused: str = ""  # why nothing can go this way
    units: int = 1  # what it counts for in the channel's quota, should it be taken
    spend: int = 0  # and in what is spent


class Standby(msgspec.Struct, frozen=True, kw_only=True):
    """A planned delivery that stands in for another one, and what became of the plan."""

    id: int  # of the delivery it becomes
    replaces: int  # the delivery it stands in for
    root: int  # the first delivery of the chain
    message_id: int
    company_id: int
    channel: str
    address: str
    associate_id: int | None = None  # the person whom the first delivery is for, when it is one of ours
    reaches: int | None = None  # whose address this is; None: that person's
    reasons: tuple[Reason, ...]
    after_ms: int = 0
    share_ms: int = 0  # how long it may wait itself before the next way is taken; 0: as long as the message lives
    expires_at: int  # ms since the epoch: the message's
    refused: str = ""
    units: int = 1
    spend: int = 0
    due_at: int = 0  # ms since the epoch: when a receipt has been waited for long enough; 0: nothing is waited for
    ready: Reason | None = None  # the way before it is lost; another device of the same person's may still do
    ready_at: int = 0  # ms since the epoch
    made_no: int = 0  # not 0: it was taken, as the so many-th of all
    made_at: int = 0  # ms since the epoch

    @property
    def delivery_expires_at(self) -> int:
        """When the delivery made at `ready_at` expires: its share of what is left of the message's time."""
        return min(self.expires_at, self.ready_at + self.share_ms) if self.share_ms else self.expires_at

    def detail(self, channel: str, words: str) -> str:
        """What the delivery says of itself until it is tried: in whose place it is, and why."""
        return f"in place of {channel} ({self.ready}): {self.refused or words}"


def chained(
    planned: Sequence[Planned],
    *,
    first: int,
    ids: Sequence[int],
    message_id: int,
    company_id: int,
    associate_id: int | None,
    expires_at: int,
) -> tuple[Standby, ...]:
    """The plans of one delivery as they are kept: each stands in for the one before it."""
    chain = []
    for n, (plan, id) in enumerate(zip(planned, ids, strict=True)):
        chain.append(
            Standby(
                id=id,
                replaces=ids[n - 1] if n else first,
                root=first,
                message_id=message_id,
                company_id=company_id,
                channel=plan.channel,
                address=plan.address,
                associate_id=associate_id,
                reaches=plan.reaches,
                reasons=plan.reasons,
                after_ms=plan.after_ms,
                share_ms=share_ms(planned[n + 1]) if n + 1 < len(planned) else 0,
                expires_at=expires_at,
                refused=plan.refused,
                units=plan.units,
                spend=plan.spend,
            )
        )
    return tuple(chain)


def not_again(plans: Sequence[Standby], states: Mapping[int, State], asked: Collection[int]) -> dict[int, str]:
    """Which deliveries are not sent again, by id, and why: by several ways, somebody would get a message several times.

    Where one of a person's ways is not lost, none is sent again; where all are, the last of those asked for.
    """
    barred: dict[int, str] = {}
    for row in _ways(plans):
        alive = [id for id in row if states.get(id, State.FAILED) not in {*LOST, State.CANCELLED}]
        ready = [id for id in row if id in asked]
        if alive:
            barred |= dict.fromkeys(row, f"it went another way, by delivery {alive[-1]}")
        elif ready:
            barred |= dict.fromkeys(ready[:-1], f"delivery {ready[-1]}, which stands in its place, is sent again")
    return barred


def _ways(plans: Sequence[Standby]) -> list[list[int]]:
    """The deliveries by which one person was to be reached in turn, where a second way was taken: first ways, then others."""
    rows: dict[tuple[str, int], tuple[set[int], dict[int, int]]] = {}
    for plan in plans:
        whose = ("delivery", plan.root) if plan.associate_id is None else ("person", plan.associate_id)
        firsts, taken = rows.setdefault(whose, (set(), {}))
        firsts.add(plan.root)
        if plan.made_no:
            taken[plan.made_no] = plan.id
    return [[*sorted(firsts), *(taken[n] for n in sorted(taken))] for firsts, taken in rows.values() if taken]


def share_ms(following: Planned) -> int:
    """How long the way before this one may wait to be taken; 0: as long as the message lives."""
    return following.after_ms if Reason.EXPIRED in following.reasons else 0


class Standbys(Protocol):
    """Second ways, planned and taken (`Acceptance.standbys` plans them). Raises Unavailable, as the store's ports do.

    Whatever moves a delivery takes its second way where that is due, in the same transaction: a lost delivery (`LOST`) of
    which nothing else of the same message can still reach the same person. What reaches the person (`REACHED`) ends all
    plans, and withdraws a second way that is still queued. A way is never taken twice, nor when the message's time is over.
    """

    async def take_overdue(self, *, now: int, limit: int) -> int:
        """Give up waiting for receipts that are overdue; how many plans that made ready."""

    async def take_waiting(self, channel: str, *, now: int, limit: int) -> int:
        """The channel is paused: withdraw what is queued there and may go another way, which it does; how many."""

    async def forget(self, delivery_ids: Sequence[int]) -> int:
        """No second way is to be taken for these deliveries, nor for those that took their place; how many plans there were."""

    async def taken(self, *, after: int, limit: int) -> list[Standby]:
        """Second ways taken after the so many-th, in order of `made_no`."""

    async def last(self) -> int:
        """The newest `made_no`; 0 when none was taken."""

    async def standbys(self, message_ids: Sequence[int]) -> list[Standby]:
        """All plans of those messages, taken or not, in order of id."""
