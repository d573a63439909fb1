"""The dicts that the memory stores share."""

from __future__ import annotations

from heliograph.core.access import AccessToken, Application
from heliograph.core.answer import Answer
from heliograph.core.delivery import Attempt, Delivery, InboxItem, Receipt
from heliograph.core.errors import Unavailable
from heliograph.core.fallback import Standby
from heliograph.core.lifecycle import Happening
from heliograph.core.message import Message
from heliograph.core.people import Company, Device, Ticket, User
from heliograph.core.replay import Replay
from heliograph.core.roster import Profile, UserGroup
from heliograph.core.scripting import DueEvent
from heliograph.core.usage import Used
from heliograph.core.webhooks import FIRST_NOTICE, Endpoint, Occurrence
from heliograph.store.portions import Portion


class Tables:
    """Rows by key. Every store asks `open()` first, so that a closed one answers like any other closed store."""

    def __init__(self) -> None:
        self._closed = False
        self.next_message = 1
        self.next_delivery = 1
        self.next_item = 1
        self.next_device = 1
        self.next_token = 1
        self.next_endpoint = 1
        self.next_notice = FIRST_NOTICE
        self.messages: dict[int, Message] = {}
        self.deliveries: dict[int, Delivery] = {}
        self.portions: list[Portion] = []
        self.receipts: dict[tuple[int, Happening, str], Receipt] = {}  # by delivery, happening and words
        self.standbys: dict[int, Standby] = {}
        self.last_standby = 0
        self.usage: dict[tuple[int, str, int, int], Used] = {}
        self.attempts: list[Attempt] = []
        self.companies: dict[int, Company] = {}
        self.users: dict[int, User] = {}
        self.profiles: dict[int, Profile] = {}  # by associate
        self.groups: dict[str, UserGroup] = {}
        self.devices: dict[int, Device] = {}
        self.wishes: dict[int, str] = {}  # tags by associate
        self.suppressions: dict[tuple[str, str], str] = {}
        self.suppressed_at: dict[tuple[str, str], int] = {}
        self.tickets: dict[bytes, Ticket] = {}
        self.items: dict[int, InboxItem] = {}
        self.events: dict[int, DueEvent] = {}
        self.endpoints: dict[int, Endpoint] = {}
        self.occurrences: list[Occurrence] = []
        self.answers: dict[tuple[int, int], Answer] = {}  # by message and associate
        self.tokens: dict[int, AccessToken] = {}
        self.applications: dict[int, Application] = {}
        self.replays: dict[tuple[int, str, str], Replay] = {}

    def open(self) -> Tables:
        """Itself; raises Unavailable when closed."""
        if self._closed:
            raise Unavailable("The store is closed.")
        return self

    def close(self) -> None:
        """From now on nothing can be asked."""
        self._closed = True
