"""The Pocket agent's methods about a user's own notifications: how many are unread, and which have been dealt with."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from heliograph.config.settings import PushSettings
from heliograph.core.delivery import ItemState
from heliograph.core.errors import InvalidArgument, NotAllowed
from heliograph.core.people import Caller
from heliograph.core.ports import Call, InboxStore
from heliograph.intake.carriers import NotificationEvent, PocketStartupData
from heliograph.intake.receipts import Receipts


class NotificationService:
    """Speaks of the caller's own inbox and no other."""

    def __init__(self, inbox: InboxStore, receipts: Receipts, settings: PushSettings) -> None:
        self._inbox = inbox
        self._receipts = receipts
        self._settings = settings

    async def notification_handled(self, call: Call, *, notification_event_type: str, id: int) -> None:
        """Mark the caller's inbox items about that record as read; the kind of event makes no difference.

        Raises InvalidArgument for an id that names no record, NotAllowed for a caller who is no user.
        """
        await self._handled(call.caller, [id])

    async def notifications_handled(self, call: Call, *, notification_events: list[NotificationEvent]) -> None:
        """As notification_handled, for many at once; none is marked when one of the ids is wrong."""
        await self._handled(call.caller, [event.id for event in notification_events])

    async def get_pocket_startup_data(
        self, call: Call, *, tables: list[str], current_client_time: datetime | None
    ) -> PocketStartupData:
        """Of all that a CRM would tell: whether devices get pushes, and how many inbox items are unread."""
        return PocketStartupData(
            notifications_count=await self._inbox.unread(_owner(call.caller)),
            is_push_notification_enabled=bool(self._settings.routes),
        )

    async def _handled(self, caller: Caller, record_ids: Sequence[int]) -> None:
        owner = _owner(caller)
        if any(record_id <= 0 for record_id in record_ids):  # 0 would mark every item that is about no record
            raise InvalidArgument("Id must name a record: it is a positive number.", field="Id")
        if record_ids:
            marked = await self._inbox.mark_records(owner, list(dict.fromkeys(record_ids)), ItemState.READ)
            await self._receipts.read(marked)


def _owner(caller: Caller) -> int:
    if caller.associate_id is None:
        raise NotAllowed("Notifications belong to a user: sign in with a user's ticket.")
    return caller.associate_id
