"""One call of a service method, the operator's scripts around it, and what is left for them once it is answered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import msgspec

from heliograph.core.people import Caller
from heliograph.core.replay import Replaying


class DueEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One call's AfterAsync event. Whoever holds its lease runs it; after a crash the lease lapses and another does."""

    id: int
    company_id: int
    method: str
    created_at: int  # ms since the epoch
    lease_until: int  # ms since the epoch; 0 when nobody holds it
    attempts: int = 0  # how many times it was taken up after its first holder was lost
    payload: bytes = b""  # sealed: who called, arguments, result, each script's state


class Call(msgspec.Struct, kw_only=True):
    """One service method called once. Hooks may change the arguments' members and, in After, `result`."""

    method: str  # SendPushNotification
    arguments: dict[str, Any]  # by the method's own parameter names, snake case
    caller: Caller
    result: Any = None
    notes: dict[str, str] = {}  # what the answer should mention beside its result (ExtraInfo over SOAP)
    due: DueEvent | None = None  # an AfterAsync event; whoever accepts something for this call keeps it with that
    replay: Replaying | None = None  # the call must act once: whoever accepts something for it keeps this with that
    dry_run: bool = False  # somebody only asks what would come of it: scripts see that, and nothing of theirs is kept

    def take_due(self) -> tuple[DueEvent, ...]:
        """The AfterAsync event, for the transaction that accepts this call; nothing the second time."""
        due, self.due = self.due, None
        return (due,) if due is not None else ()


class Hooks(Protocol):
    """The operator's scripts around every service method."""

    def wanted(self, method: str) -> bool:
        """Whether any script listens to this method; the cheap question asked first."""

    async def before(self, call: Call) -> Any:
        """Run the Before scripts, and set `call.due` where AfterAsync scripts listen; the state to hand to After.

        Raises RejectedByHook, and Unavailable when too many calls with scripts are under way.
        """

    async def after(self, call: Call, state: Any) -> Any:
        """Run the After scripts, which may change `call.result`; the state to hand to AfterAsync."""

    def after_async(self, call: Call, state: Any) -> None:
        """Start the AfterAsync scripts; does not wait. When `call.due` is still there, nobody has kept it yet."""

    def given_up(self, call: Call, state: Any) -> None:
        """The method failed or was cancelled: no After, and AfterAsync only if the call was accepted all the same."""


class Agenda(Protocol):
    """AfterAsync events that are due, written with the calls they belong to (`Acceptance.events`)."""

    async def claim(self, *, now: int, lease_until: int, limit: int) -> list[DueEvent]:
        """Lease those that nobody holds (any more), oldest first; each counts an attempt."""

    async def renew(self, ids: Sequence[int], *, lease_until: int) -> None:
        """Hold on to those that are still there."""

    async def settle(self, *, done: Sequence[int], kept: Sequence[DueEvent]) -> None:
        """In one transaction: forget what is done, and keep the others as they are now, new ones included."""

    async def release(self) -> int:
        """End every lease: whoever held them is gone. How many there were."""
