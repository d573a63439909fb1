"""A dry run: a call that sends, made as ever up to the moment of acceptance, and what would have been sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from heliograph.core.delivery import Delivery
from heliograph.core.differences import differences
from heliograph.core.errors import NotSupported
from heliograph.core.message import Message, Push
from heliograph.core.people import Caller
from heliograph.core.ports import Channels, Clock, Directory
from heliograph.intake.previews import preview
from heliograph.intake.services import Handler, Services
from heliograph.intake.submit import Accepted, Intake, Submission, made

#: The methods that send something.
METHODS = frozenset({"SendPushNotification", "SendMessages", "SendMessagesWithConfig"})
LISTED = 200  # ways of one message that are looked at and told one by one; of the others, only how many there are
_SHOWN = 8  # characters of a device's token, by which whoever has the whole of it could push to the device


class OneWay(msgspec.Struct, frozen=True, kw_only=True):
    """One delivery that would be made."""

    channel: str
    address: str  # a device's token cut short
    associate_id: int | None = None
    device_id: int | None = None
    refused: str = ""  # why it would not be sent; empty when it would be tried
    size: int | None = None  # bytes of the payload; None when the channel cannot tell
    parts: int | None = None  # messages the provider would be asked for
    encoding: str = ""  # gsm or ucs-2, for SMS
    hint: str = ""  # how the sender could do better


class OneMessage(msgspec.Struct, frozen=True, kw_only=True):
    """One message that would be accepted."""

    title: str  # a push's title; a text's To
    urgent: bool
    lives: float  # seconds
    ways: list[OneWay]
    channels: dict[str, int]  # all of its ways, those that are not listed included, by channel
    second_ways: list[str]  # channels that would stand by, should one of the ways be lost


class DryRun(msgspec.Struct, frozen=True, kw_only=True):
    """What a call would have done."""

    method: str
    changed: list[str]  # the arguments that scripts changed, by name
    notes: dict[str, str]
    messages: list[OneMessage]


class Rehearsing(Intake):
    """An intake that keeps nothing."""

    def __init__(self, clock: Clock) -> None:
        self._now = clock.now
        self.taken: list[Accepted] = []

    async def submit(self, submission: Submission, *, expect_results: bool = False) -> list[Accepted]:
        """What would be kept; no id is used up."""
        self.taken += (accepted := made(submission, 1, 1, self._now()))
        return accepted


class DryRuns:
    """Makes calls that come to nothing. `handlers` gives the methods as ever over another intake."""

    def __init__(
        self,
        services: Services,
        handlers: Callable[[Intake], Mapping[str, Handler]],
        channels: Channels,
        directory: Directory,
        clock: Clock,
    ) -> None:
        self._services = services
        self._handlers = handlers
        self._channels = channels
        self._directory = directory
        self._clock = clock

    async def run(self, method: str, arguments: dict[str, Any], caller: Caller) -> DryRun:
        """Checks, scripts and routing are the real ones. Raises what the call would raise, and NotSupported."""
        if method not in METHODS:
            raise NotSupported(f"{method} has no dry run: it sends nothing.")
        given = msgspec.to_builtins(arguments)
        intake = Rehearsing(self._clock)
        call = await self._services.rehearse(method, arguments, caller, self._handlers(intake)[method])
        config = call.arguments.get("config") or {}
        return DryRun(
            method=method,
            changed=differences(given, msgspec.to_builtins(call.arguments)),
            notes={name: value for name, value in call.notes.items() if name != "MessageId"},
            messages=[await self._message(item, config) for item in intake.taken],
        )

    async def _message(self, item: Accepted, config: dict[str, str]) -> OneMessage:
        message, channels = item.message, dict[str, int]()
        for delivery in item.deliveries:
            channels[delivery.channel] = channels.get(delivery.channel, 0) + 1
        content = message.content
        return OneMessage(
            title=content.title if isinstance(content, Push) else content.to,
            urgent=message.urgent,
            lives=(message.expires_at - message.created_at) / 1000,
            ways=[await self._way(message, delivery, config) for delivery in item.deliveries[:LISTED]],
            channels=channels,
            second_ways=list(dict.fromkeys(standby.channel for standby in item.standbys)),
        )

    async def _way(self, message: Message, delivery: Delivery, config: dict[str, str]) -> OneWay:
        token = delivery.device_id is not None
        way = OneWay(
            channel=delivery.channel,
            address=f"{delivery.address[:_SHOWN]}…" if token else delivery.address,
            associate_id=delivery.associate_id,
            device_id=delivery.device_id,
            refused=delivery.detail,
        )
        if way.refused:
            return way
        dead = await self._directory.dead(delivery.channel, {delivery.address})
        if dead:
            reason = dead[delivery.address]
            return msgspec.structs.replace(way, refused=f"the address is not used any more: {reason}")
        seen = preview(self._channels, message, delivery, config)
        if seen is None:
            return way
        known = {"size": seen.size, "parts": seen.parts} if not seen.refused else {}
        return msgspec.structs.replace(way, refused=seen.refused, encoding=seen.encoding, hint=seen.hint, **known)
