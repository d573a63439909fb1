"""The doors out of core. Each has at least two implementations, held to one contract suite.

Times are ms since the epoch, waits are seconds. Methods of the store ports raise
`Unavailable` when the store cannot take or give right now (full disk, I/O error,
closed) and nothing of the call has happened then.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Protocol

from heliograph.core.access import Keyring as Keyring
from heliograph.core.answer import Answer
from heliograph.core.delivery import (
    Acceptance,
    Address,
    Attempt,
    Claimed,
    Delivery,
    InboxItem,
    ItemState,
    Letter,
    Moved,
    Receipt,
    Record,
)
from heliograph.core.events import Event
from heliograph.core.lifecycle import State
from heliograph.core.message import Message
from heliograph.core.notes import Note as Note
from heliograph.core.notes import Notes as Notes
from heliograph.core.outcome import Outcome
from heliograph.core.outgoing import AddressRefused as AddressRefused
from heliograph.core.outgoing import CertificateRefused as CertificateRefused
from heliograph.core.outgoing import ConnectFailed as ConnectFailed
from heliograph.core.outgoing import Identity as Identity
from heliograph.core.outgoing import Reply as Reply
from heliograph.core.outgoing import ReplyLost as ReplyLost
from heliograph.core.parts import Parts as Parts
from heliograph.core.people import Company, Device, Ticket, User
from heliograph.core.replay import Replays as Replays
from heliograph.core.reporting import Listening as Listening
from heliograph.core.reporting import Reports as Reports
from heliograph.core.roster import Profile
from heliograph.core.scripting import Agenda as Agenda
from heliograph.core.scripting import Call as Call
from heliograph.core.scripting import Hooks as Hooks
from heliograph.core.search import Found, Wanted
from heliograph.core.standing import Backlog
from heliograph.core.traits import Check as Check
from heliograph.core.traits import Counting as Counting
from heliograph.core.traits import Shape as Shape
from heliograph.core.traits import Traits as Traits


class Clock(Protocol):
    """Time, so that tests can make it jump."""

    def now(self) -> int:
        """Wall time in ms since the epoch."""

    def monotonic(self) -> float:
        """Seconds from an arbitrary start; never goes back."""

    async def sleep(self, seconds: float) -> None:
        """Come back after that long."""


# --------------------------------------------------------------------------- store


class Outbox(Protocol):
    """The table of messages and deliveries: the record of everything accepted."""

    async def reserve(self, messages: int, deliveries: int) -> tuple[int, int]:
        """The first of that many consecutive message ids, and of that many delivery ids, never given to anyone else."""

    async def accept(self, acceptance: Acceptance) -> None:
        """Keep everything in one transaction; returns once it is on disk.

        Raises Conflict when an id, or the key of the replay, is taken; an expired replay is replaced.
        """

    async def expand(self) -> list[Delivery]:
        """Make the next few hundred deliveries of what was accepted for `later`, in one transaction.

        Those made now; empty when nothing is left. Whatever interrupts it, each is made exactly once.
        """

    async def claim(self, ids: Sequence[int], *, now: int, lease_until: int) -> list[Claimed]:
        """Lease those of the ids that are queued, due and not expired; each gets a new token and one attempt more.

        The rest are left out silently: someone else had them, or they have settled.
        """

    async def record(self, records: Sequence[Record]) -> list[Moved]:
        """Apply each record by the lifecycle table and append its attempt; one answer per record, same order.

        A delivery loses its `sealed_config` where no try can follow (`SPENT`). Illegal moves and stale leases move nothing.
        RETRIED counts attempts from 0 again, and makes the delivery due at `due_at`, or else at `at`.
        """

    async def sweep(self, *, now: int, limit: int, orphaned: bool = False) -> int:
        """Put lapsed leases back (LAPSED) and expire what is due to expire (EXPIRED); how many were moved, at most `limit`.

        `orphaned` says that no dispatcher is alive, as at the start of the only one: then every lease has lapsed.
        Dead letters whose time to live is over lose their `sealed_config`, for they are not sent again.
        """

    async def prune(self, *, before: int, limit: int) -> int:
        """Remove messages made before then whose deliveries have all settled, with their attempts; how many, at most `limit`."""

    async def message(self, message_id: int) -> Message | None: ...

    async def messages(
        self, *, company_id: int | None, state: State | None, before_id: int | None, limit: int
    ) -> list[Message]:
        """Newest first; with a state, those that have a delivery in it."""

    async def deliveries(self, message_ids: Sequence[int]) -> list[Delivery]:
        """All deliveries of those messages, in order of id."""

    async def attempts(self, delivery_ids: Sequence[int]) -> list[Attempt]:
        """In order of delivery and number."""

    async def receipts(self, delivery_ids: Sequence[int]) -> list[Receipt]:
        """What records without a lease have told of them (`Record.receipt`), in order of delivery and time.

        The same words said again are the same receipt.
        """

    async def known(self, channel: str, provider_ids: Sequence[str]) -> list[Delivery]:
        """The deliveries of that channel which its provider knows by one of these ids, in order of id."""

    async def counts(self) -> dict[tuple[str, State], int]:
        """How many deliveries each channel has in each state. Looks at every delivery; `backlog` does not."""

    async def backlog(self, *, company_id: int | None) -> Backlog:
        """What waits, and how much ended badly, of one company or of all."""

    async def search(self, wanted: Wanted, *, before_id: int | None, limit: int) -> Found:
        """Messages that are as wanted, newest first. One call looks at `Wanted.most` messages at most, and says where it stopped."""


class Queue(Protocol):
    """Which delivery ids are due. It only hints: `Outbox.claim` alone grants the lease."""

    async def publish(self, deliveries: Iterable[Delivery]) -> None:
        """Tell that these, just committed, are queued."""

    async def due(self, channel: str, *, now: int, limit: int) -> list[int]:
        """Ids believed due on that channel, oldest first. May repeat ids until they are claimed or moved."""

    async def wait(self, channel: str, *, until: float) -> None:
        """Return when something may be due on that channel, or after `until` seconds."""


class Directory(Protocol):
    """Companies, users, devices, addresses we must not use, tickets."""

    async def company(self, company_id: int) -> Company | None: ...
    async def companies(self) -> list[Company]: ...
    async def add_company(self, company: Company) -> Company:
        """`id` 0 asks for the next free one. Raises Conflict when the id is taken."""

    async def update_company(self, company: Company) -> None: ...

    async def user(self, associate_id: int) -> User | None: ...
    async def active(self, associate_ids: Collection[int]) -> set[int]:
        """Those that are users, and not disabled."""

    async def user_by_id(self, company_id: int, user_id: str) -> User | None: ...
    async def user_by_email(self, company_id: int, email: str) -> User | None:
        """Without regard to case. None when nobody, or more than one, has it."""

    async def user_by_external_id(self, company_id: int, external_id: str) -> User | None: ...
    async def user_by_name(self, company_id: int, user_name: str) -> User | None:
        """Without regard to case."""

    async def users(self, company_id: int | None, *, after: int = 0, limit: int = 1000) -> list[User]:
        """In order of associate id, from after `after`."""

    async def add_user(self, user: User) -> User:
        """`associate_id` 0 asks for the next free one. Raises Conflict naming what is taken (name, id, external id)."""

    async def add_users(self, users: Sequence[User]) -> list[User]:
        """All or nothing, in one transaction."""

    async def update_user(self, user: User) -> None: ...

    async def enrol(self, user: User, profile: Profile, group_ids: Sequence[str]) -> User:
        """A user with particulars, made a member of these groups too: all in one transaction, or nothing of it.

        `associate_id` 0 adds the user, any other puts this one in the place of the one before; the profile's is set here.
        Who is marked as deleted leaves all groups; a group that is gone is passed over. Raises Conflict naming what is
        taken, NotFound when there is no such user.
        """

    async def devices(self, associate_ids: Sequence[int]) -> list[Device]: ...
    async def put_device(self, device: Device) -> Device:
        """Add (`id` 0), or replace the one with the same identifier in the company, moving it to its new owner.

        Its token is alive again: whatever suppressed it is lifted. Another device of the company with the same token on
        the same platform is removed: a token is one app on one device, and belongs to whoever registered last.
        """

    async def remove_device(self, device_id: int) -> None: ...

    async def devices_unseen(self, company_id: int | None, *, since: int, limit: int) -> list[Device]:
        """Devices not seen since then, the longest unseen first."""

    async def prune_devices(self, *, before: int, limit: int) -> int:
        """Remove devices not seen since then; how many."""

    async def wishes(self, associate_id: int) -> str:
        """The tags a user set for all devices, those to come included; empty when none."""

    async def put_wishes(self, associate_id: int, tags: str) -> None:
        """Keep the tags of a user, and give them to all of the user's devices, in one transaction."""

    async def suppress(self, channel: str, address: str, *, reason: str, now: int) -> None:
        """Never use this address on this channel again; devices that have it as their token are removed."""

    async def suppressed(self, channel: str, address: str) -> str | None:
        """The reason, or None when the address may be used."""

    async def dead(self, channel: str, addresses: Collection[str]) -> dict[str, str]:
        """Those of the addresses that may not be used on this channel, and the reasons."""

    async def put_ticket(self, ticket: Ticket) -> None: ...
    async def ticket(self, hash: bytes) -> Ticket | None: ...
    async def touch_ticket(self, hash: bytes, *, valid_to: int) -> None: ...
    async def revoke_tickets(self, associate_id: int) -> int: ...
    async def prune_tickets(self, *, now: int) -> int: ...


class InboxStore(Protocol):
    """Every user's inbox, kept."""

    async def put(self, items: Sequence[InboxItem]) -> list[InboxItem]:
        """Keep them (`id` is given here); an item whose delivery is already there is answered as it stands."""

    async def items(self, associate_id: int, *, before_id: int | None, limit: int) -> list[InboxItem]:
        """Newest first."""

    async def items_after(self, associate_id: int, *, after_id: int, limit: int) -> list[InboxItem]:
        """Oldest first: what a stream missed."""

    async def unread(self, associate_id: int) -> int: ...

    async def item(self, associate_id: int, item_id: int) -> InboxItem | None:
        """One item; None when this user has no such item."""

    async def mark(self, associate_id: int, item_id: int, state: ItemState) -> InboxItem | None:
        """The item as it now is; None when this user has no such item. What was answered stays answered."""

    async def mark_records(self, associate_id: int, record_ids: Sequence[int], state: ItemState) -> list[InboxItem]:
        """Mark all of the user's items about those records; those that were answered stay so."""

    async def prune_items(self, *, before: int, limit: int) -> int: ...


class Answers(Protocol):
    """What recipients answered to questions."""

    async def keep(self, answer: Answer) -> Answer:
        """The one answer of this recipient to this message: this one, unless there was one before.

        In the same transaction its delivery moves (ANSWERED) and the recipient's inbox items of the message are answered.
        """

    async def one(self, message_id: int, associate_id: int) -> Answer | None:
        """One recipient's answer to one message."""

    async def of(self, message_id: int) -> list[Answer]:
        """All answers to a message, in order of associate id. They are removed with their message (`Outbox.prune`)."""


# ------------------------------------------------------------------------ in process


class Listener(Protocol):
    """One open subscription to one user's items. It listens from the moment it was made until it is closed."""

    def __aiter__(self) -> AsyncIterator[InboxItem | None]:
        """Items as they come; None when some were dropped for a slow reader, who should look in the store."""

    def close(self) -> None:
        """Stop listening; a second time does nothing."""


class Feed(Protocol):
    """Live inbox items from whoever delivers to whoever listens. Never blocks the publisher."""

    def publish(self, item: InboxItem) -> None: ...

    def subscribe(self, associate_id: int) -> Listener:
        """Listen to this user's items; whoever subscribes closes."""


class Results(Protocol):
    """Lets intake await what dispatch records."""

    def expect(self, delivery_ids: Sequence[int]) -> None:
        """From now on remember the first attempts of these; call before they are accepted."""

    def forget(self, delivery_ids: Sequence[int]) -> None:
        """Nobody will ask for these after all: they were not accepted."""

    def attempted(self, delivery_id: int, state: State, detail: str, provider_id: str) -> None: ...

    async def first_attempts(self, delivery_ids: Sequence[int], *, within: float) -> dict[int, tuple[State, str, str]]:
        """(state, detail, provider id) of those that were tried within that many seconds; forgets all of them."""


class Observer(Protocol):
    """Whoever counts or logs what happens. Called on the hot path: cheap, never waits, never raises."""

    def saw(self, event: Event) -> None: ...


# --------------------------------------------------------------------------- secrets


class Passwords(Protocol):
    """Slow hashing, kept off the event loop."""

    async def hash(self, password: str) -> str: ...
    async def verify(self, password: str, hashed: str) -> bool:
        """With an empty hash: as slow as any other, and False."""

    def outdated(self, hashed: str) -> bool:
        """Whether a hash was made with other costs than today's."""


class Sealer(Protocol):
    """Encrypts what the database must not show."""

    def seal(self, plain: bytes, *, context: str) -> bytes: ...
    def open(self, sealed: bytes, *, context: str) -> bytes:
        """Raises ValueError when sealed with another key or context."""


# -------------------------------------------------------------------------- channels


class Channel(Protocol):
    """A configured, named way out. One try, one outcome; it retries nothing, and stores nothing of the delivery but parts."""

    @property
    def traits(self) -> Traits: ...

    async def resolve(self, company_id: int, to: str, format: str) -> Address:
        """What the caller wrote in To, as an address; no network. Raises InvalidArgument with the reason."""

    async def send(self, letter: Letter) -> Outcome:
        """One try. What escapes as an exception is a bug (dispatch records it as in doubt)."""

    async def check(self) -> Check:
        """Test credentials and connectivity; say what is wrong and how to mend it."""

    async def close(self) -> None: ...


Channels = Mapping[str, Channel]


class Transport(Protocol):
    """All outbound HTTP. Checked TLS, no redirects, vetted addresses, time and size limits."""

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        own: Mapping[str, str] = MappingProxyType({}),
        body: bytes = b"",
        timeout: float | None = None,
        identity: Identity | None = None,
    ) -> Reply:
        """One request within `timeout` seconds; None is the operator's setting.

        `headers` may be many requests', which costs less then; `own` are further ones, of this request alone.

        Over HTTP/2 where the server speaks it. Raises ConnectFailed (CertificateRefused is one), AddressRefused
        or ReplyLost.
        """

    def leave(self, url: str, *, identity: Identity | None = None) -> None:
        """The next request to that origin goes over a new connection; what is under way there ends in peace."""

    async def close(self) -> None: ...


class Resolver(Protocol):
    """Names to addresses, so that tests can lie and rebinding can be caught."""

    async def resolve(self, host: str, port: int) -> list[str]:
        """All A and AAAA addresses in text form; raises ConnectFailed."""
