"""Which second ways a message has: the settings' channels, with the recipient's address on each."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from heliograph.config.channels import FallbackSettings
from heliograph.core.delivery import Address
from heliograph.core.errors import InvalidArgument
from heliograph.core.fallback import Planned
from heliograph.core.message import Content
from heliograph.core.people import User
from heliograph.core.ports import Channel, Channels, Counting, Directory

#: Particulars of a user that may be an address, and what is said of a user without.
PARTICULARS: dict[str, str] = {
    "phone": "the recipient has no phone number",
    "email": "the recipient has no e-mail address",
    "user_name": "the recipient has no user name",
}


PriceOf = Callable[[str, str, int], int]
"""From channel, address and units to what that costs."""


class Recipient(msgspec.Struct, frozen=True, kw_only=True):
    """To whom a message goes that may need a second way."""

    company_id: int
    to: str = ""  # as the caller wrote it
    user: User | None = None  # when it is one of ours


class SecondWays:
    """Plans them, while the call that sends is being accepted."""

    def __init__(
        self, fallbacks: Mapping[str, FallbackSettings], channels: Channels, directory: Directory, price_of: PriceOf
    ) -> None:
        self._price_of = price_of
        self._fallbacks = fallbacks
        self._channels = channels
        self._directory = directory

    def any_for(self, channel: str) -> bool:
        """Whether what goes by this channel may go another way."""
        return channel in self._fallbacks

    async def of_text(
        self, company_id: int, channel: str, to: str, associate_id: int | None, content: Content, format: str
    ) -> tuple[Planned, ...]:
        """The second ways of a message to one address, in order; none where the settings name none."""
        if channel not in self._fallbacks:
            return ()
        user = None if associate_id is None else await self._directory.user(associate_id)
        return await self.of(Recipient(company_id=company_id, to=to, user=user), channel, content, format)

    async def of(self, recipient: Recipient, channel: str, content: Content, format: str = "") -> tuple[Planned, ...]:
        """The chain from a channel on. One on which the recipient has no address is passed over for the next;

        where there is no next, it stays, with the reason.
        """
        chain: list[Planned] = []
        unreached: Planned | None = None
        while (given := self._fallbacks.get(channel)) is not None:
            channel = given.to
            waiting = unreached  # its place, and what has to happen first, are the next channel's
            reasons = waiting.reasons if waiting is not None else tuple(given.on)
            after_ms = waiting.after_ms if waiting is not None else int(given.after * 1000)
            planned = Planned(
                channel=channel,
                address="",
                reasons=reasons,
                after_ms=after_ms,
                units=units(self._channels[channel], content),
            )
            try:
                address = await self._address(recipient, self._channels[channel], format)
                spend = self._price_of(channel, address.value, planned.units)
                reached = {"address": address.value, "reaches": address.associate_id, "spend": spend}
                chain.append(msgspec.structs.replace(planned, **reached))
                unreached = None
            except InvalidArgument as error:
                unreached = waiting or msgspec.structs.replace(planned, refused=error.detail)
        return (*chain, unreached) if unreached is not None else tuple(chain)

    async def _address(self, recipient: Recipient, channel: Channel, format: str) -> Address:
        """What the user is reached by on that channel, else what the caller wrote. Raises InvalidArgument."""
        to, particular = recipient.to, channel.traits.addressed_by
        if recipient.user is not None and particular in PARTICULARS:
            to = getattr(recipient.user, particular)
            if not to:
                raise InvalidArgument(PARTICULARS[particular])
        if not to:
            raise InvalidArgument("the recipient has no address there")
        known = format if format in channel.traits.formats else ""
        return await channel.resolve(recipient.company_id, to, known)


def units(channel: Channel, content: Content) -> int:
    """What a message counts as on that channel: the parts of an SMS, else 1."""
    return channel.units(content) if isinstance(channel, Counting) else 1
