"""Delivers into the recipient's inbox, and to whoever is watching it."""

from __future__ import annotations

from heliograph.channels.inbox.payload import item
from heliograph.channels.inbox.settings import InboxSettings
from heliograph.channels.plugin import Plugin, Tools
from heliograph.core.delivery import Address, Letter
from heliograph.core.errors import Unavailable, UnknownRecipient
from heliograph.core.outcome import Accepted, Deferred, Outcome, Refused
from heliograph.core.ports import Check, Directory, Feed, InboxStore, Traits
from heliograph.core.preview import Preview
from heliograph.core.retry import RetryPolicy

# Many at once, because items that arrive together share one commit; trying again is free,
# because the store knows an item by its delivery.
_TRAITS = Traits(
    formats=("text/plain",),
    concurrency=512,
    timeout=30.0,
    retry=RetryPolicy(first=0.2, cap=60.0, attempts=20),
    addressed_by="user_name",
)
_TAKEN = Accepted()  # not `delivered`: only its reader could confirm that


class InboxChannel:
    """Keeps the message for its recipient and shows it to open streams."""

    def __init__(self, directory: Directory, store: InboxStore, feed: Feed) -> None:
        self._directory = directory
        self._store = store
        self._feed = feed

    @property
    def traits(self) -> Traits:
        """Plain text; up to 512 at once."""
        return _TRAITS

    async def resolve(self, company_id: int, to: str, format: str) -> Address:
        """An active user of the company, by user name or e-mail address. Raises UnknownRecipient."""
        user = await self._directory.user_by_name(company_id, to)
        if user is None and "@" in to:
            user = await self._directory.user_by_email(company_id, to)
        if user is None or not user.active or user.company_id != company_id:
            raise UnknownRecipient(f"No user here goes by {to[:100]!r}.", field="To")
        return Address(value=user.user_id, associate_id=user.associate_id)

    async def send(self, letter: Letter) -> Outcome:
        """Store the item, then show it to whoever is listening."""
        associate_id = letter.address.associate_id
        if associate_id is None:
            return Refused("the delivery names no user")
        try:
            [kept] = await self._store.put([item(letter, associate_id)])
        except Unavailable as problem:
            return Deferred(f"the store could not take it: {problem.detail}", retry_after=problem.retry_after)
        # Also when the item was there already: the gateway may have stopped between storing and showing.
        self._feed.publish(kept)
        return _TAKEN

    def preview(self, letter: Letter) -> Preview:
        """The size of title and text."""
        if letter.address.associate_id is None:
            return Preview(refused="the delivery names no user")
        kept = item(letter, letter.address.associate_id)
        return Preview(size=len(f"{kept.title}{kept.body}".encode("utf-8", "replace")))

    async def check(self) -> Check:
        """Whether the store answers."""
        try:
            await self._store.unread(0)  # nobody's inbox; ids begin at 1
        except Unavailable as problem:
            return Check(False, f"The store does not answer: {problem.detail}")
        return Check(True, "The store answers; nothing needs to be set up.")

    async def close(self) -> None:
        """Nothing to let go of: the store and the feed belong to the gateway."""


def _build(name: str, settings: InboxSettings, tools: Tools) -> InboxChannel:
    return InboxChannel(tools.directory, tools.inbox, tools.feed)


PLUGIN = Plugin(
    kind="inbox",
    description="Keeps messages in every user's own inbox, to be listed, marked read and streamed live.",
    settings=InboxSettings,
    build=_build,
)
