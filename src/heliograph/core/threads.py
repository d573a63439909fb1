"""Which messages belong together: what follows or answers what, what shares a session key, what was sent to a number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from heliograph.core.delivery import Delivery
from heliograph.core.message import Message


class Threads(Protocol):
    """Messages by what they have to do with each other. Raises Unavailable, as the store's ports do."""

    async def follow_ups(self, message_ids: Sequence[int], *, limit: int) -> list[Message]:
        """Those that name one of these as the message they follow or answer, in order of id."""

    async def session(self, company_id: int, key: str, *, limit: int) -> list[Message]:
        """A company's messages with that session key, newest first."""

    async def sent_to(self, channel: str, address: str, *, company_id: int, since: int, limit: int) -> list[Delivery]:
        """Deliveries of messages accepted since then to an address that is no user's (a number, a mailbox), newest first."""
