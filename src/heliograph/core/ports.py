"""The doors out of core, by one name for all. Each has at least two implementations, held to one contract suite.

Those that are about one noun are declared beside it and named here again.

Times are ms since the epoch, waits are seconds. Methods of the store ports raise
`Unavailable` when the store cannot take or give right now (full disk, I/O error,
closed) and nothing of the call has happened then.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
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
    Letter,
    Moved,
    Receipt,
    Record,
)
from heliograph.core.directory import Directory as Directory
from heliograph.core.events import Event
from heliograph.core.inbox import Feed as Feed
from heliograph.core.inbox import InboxStore as InboxStore
from heliograph.core.inbox import Listener as Listener
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
from heliograph.core.outgoing import Unreachable as Unreachable
from heliograph.core.parts import Parts as Parts
from heliograph.core.replay import Replays as Replays
from heliograph.core.reporting import Listening as Listening
from heliograph.core.reporting import Reports as Reports
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


class Turns(Protocol):
    """Lets one at a time read something, change it and write it: of two at once one would undo what the other does."""

    def alone(self, what: Hashable) -> AbstractAsyncContextManager[object]:
        """To be held with `async with`, in order of arrival."""


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
        """All A and AAAA addresses in text form; raises Unreachable."""
