"""SendMessages and its siblings: many messages through one named channel, an answer for each."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec
from msgspec.structs import replace

from heliograph.config.settings import MessagingSettings
from heliograph.core.delivery import Address, Delivery
from heliograph.core.errors import InvalidArgument, NotSupported, UnknownChannel
from heliograph.core.fallback import LOST, Planned
from heliograph.core.lifecycle import State
from heliograph.core.message import Text
from heliograph.core.ports import Call, Channel, Channels, Outbox, Results, Sealer
from heliograph.core.replay import Replay, Replaying
from heliograph.core.usage import Used
from heliograph.intake.carriers import MessageDeliveryStatus, OutgoingMessage, ProviderInfo
from heliograph.intake.conversations import Thread, thread_of
from heliograph.intake.fallback import SecondWays, units
from heliograph.intake.hints import Hints
from heliograph.intake.quotas import Quotas, Want, too_many
from heliograph.intake.submit import Accepted, Draft, Intake, Submission, Way

ERROR, SENT, DELIVERY_ERROR, RECEIVED, REPLIED = range(5)  # contract section 4, MessagingStatus

#: What GetDeliveryStatus says of a delivery's state (contract section 8).
STATUS: dict[State, int] = {
    State.QUEUED: SENT,
    State.HELD: SENT,
    State.LEASED: SENT,
    State.SENT: SENT,
    State.DELIVERED: RECEIVED,
    State.REPLIED: REPLIED,
    State.UNDELIVERED: DELIVERY_ERROR,
    State.EXPIRED: DELIVERY_ERROR,
    State.FAILED: ERROR,
    State.CANCELLED: ERROR,
}
_BEST_FIRST = (REPLIED, RECEIVED, SENT, DELIVERY_ERROR, ERROR)

#: What SendMessages says right after the first attempt: taken is Sent, whatever is known beyond that comes later.
_FIRST_STATUS: dict[State, int] = {
    **STATUS,
    State.DELIVERED: SENT,
    State.REPLIED: SENT,
    State.EXPIRED: ERROR,
    State.UNDELIVERED: ERROR,
}
_STILL_OURS = frozenset({State.QUEUED, State.HELD, State.LEASED})


class MessagingService:
    """The methods of the Messaging agent that send and tell."""

    def __init__(
        self,
        intake: Intake,
        outbox: Outbox,
        results: Results,
        channels: Channels,
        sealer: Sealer,
        settings: MessagingSettings,
        second_ways: SecondWays | None = None,
        quotas: Quotas | None = None,
        hints: Hints | None = None,
    ) -> None:
        self._quotas = quotas
        self._hints = hints
        self._second_ways = second_ways
        self._intake = intake
        self._outbox = outbox
        self._results = results
        self._channels = channels
        self._sealer = sealer
        self._settings = settings

    async def send_messages(
        self, call: Call, *, plugin: str, outgoing_messages: list[OutgoingMessage]
    ) -> list[MessageDeliveryStatus]:
        """One status per message, same order; stored before anything is tried.

        Raises UnknownChannel naming the configured ones, InvalidArgument when no plugin is named and none is the default.
        """
        return await self._send(call, plugin, outgoing_messages, {})

    async def send_messages_with_config(
        self, call: Call, *, plugin: str, outgoing_messages: list[OutgoingMessage], config: dict[str, str]
    ) -> list[MessageDeliveryStatus]:
        """As send_messages, with the caller's own configuration of the channel.

        Raises NotSupported when the channel takes none, InvalidArgument naming unknown keys.
        """
        return await self._send(call, plugin, outgoing_messages, {k: v for k, v in config.items() if k})

    async def get_delivery_status(self, call: Call, *, messaging_ids: list[int]) -> list[MessageDeliveryStatus]:
        """The truth of this moment for each id, same order; an id that is not this company's gives Status 0."""
        found: dict[int, list[Delivery]] = {}
        for delivery in await self._outbox.deliveries(list(dict.fromkeys(messaging_ids))):
            if delivery.company_id == call.caller.company_id:
                found.setdefault(delivery.message_id, []).append(delivery)
        return [_status(id, found.get(id, ())) for id in messaging_ids]

    async def get_plugins(self, call: Call) -> list[ProviderInfo]:
        """Every configured channel."""
        return [
            ProviderInfo(
                name=name,
                supported_messaging_formats=list(channel.traits.formats),
                supports_config=channel.traits.config_keys is not None,
            )
            for name, channel in self._channels.items()
        ]

    async def _send(
        self, call: Call, plugin: str, messages: Sequence[OutgoingMessage], config: dict[str, str]
    ) -> list[MessageDeliveryStatus]:
        name = plugin or self._settings.default_plugin
        channel = self._channel(name)
        _check_config(name, channel, config)
        if not messages:
            return []
        drafts = [await self._draft(call, name, channel, message, config) for message in messages]
        waits = self._settings.wait > 0
        accepted = await self._accept(call, drafts, waits)
        if self._hints is not None:
            self._hints.look(accepted)
        if not waits:
            return [_at_once(item) for item in accepted]
        queued = [d.id for item in accepted for d in item.deliveries if d.state is State.QUEUED]
        firsts = await self._results.first_attempts(queued, within=self._settings.wait)
        second = await self._gone_another_way(accepted, firsts)
        return [second.get(item.message.id) or _after_first(item, firsts) for item in accepted]

    async def _accept(self, call: Call, drafts: Sequence[Draft], waits: bool) -> list[Accepted]:
        """Keep them, those refused for which there is no room. Raises TooMany when there is room for none."""
        if self._quotas is None or not self._quotas.on:
            return await self._intake.submit(_submission(call, drafts), expect_results=waits)
        places = [place for place, draft in enumerate(drafts) if not draft.ways[0].refused]
        wants = [self._want(drafts[place]) for place in places]
        admission = await self._quotas.admit(call.caller.company_id, wants)
        try:
            if len(wants) == len(drafts) and (error := too_many(admission, len(wants))) is not None:
                raise error
            told = {place: words for n, place in enumerate(places) if (words := admission.words(n))}
            fitting = [_refused(draft, told.get(place, "")) for place, draft in enumerate(drafts)]
            return await self._intake.submit(_submission(call, fitting, admission.usage), expect_results=waits)
        finally:
            self._quotas.over(admission)

    def _want(self, draft: Draft) -> Want:
        [way] = draft.ways
        count = units(self._channels[way.channel], draft.content)
        return Want(channel=way.channel, address=way.address.value, units=count)

    async def _gone_another_way(
        self, accepted: Sequence[Accepted], firsts: dict[int, tuple[State, str, str]]
    ) -> dict[int, MessageDeliveryStatus]:
        """The status, by message, of those whose first way was lost at once and that have a second."""
        lost = [
            item.message.id
            for item in accepted
            if item.standbys and (first := firsts.get(item.deliveries[0].id)) is not None and first[0] in LOST
        ]
        found: dict[int, list[Delivery]] = {id: [] for id in lost}
        for delivery in await self._outbox.deliveries(lost) if lost else ():
            found[delivery.message_id].append(delivery)
        return {id: _status(id, deliveries) for id, deliveries in found.items() if len(deliveries) > 1}

    def _channel(self, name: str) -> Channel:
        configured = ", ".join(self._channels) or "none"
        if not name:
            raise InvalidArgument(
                f"Plugin is empty and no default is set (messaging.default_plugin). Configured: {configured}.",
                field="Plugin",
            )
        channel = self._channels.get(name)
        if channel is None:
            raise UnknownChannel(f"There is no plugin {name[:100]!r}. Configured: {configured}.", field="Plugin")
        return channel

    async def _draft(
        self, call: Call, name: str, channel: Channel, message: OutgoingMessage, config: dict[str, str]
    ) -> Draft:
        to = message.to.strip()
        refused, address = "", Address(value=to)
        try:
            if not to:
                raise InvalidArgument("To is empty: name a recipient.")
            if message.format and message.format not in channel.traits.formats:
                known = ", ".join(channel.traits.formats) or "none"
                raise InvalidArgument(f"Format {message.format[:60]!r} is not one of this plugin's: {known}.")
            address = await channel.resolve(call.caller.company_id, to, message.format)
        except InvalidArgument as error:
            refused = error.detail
        company_id, parent = call.caller.company_id, message.parent_messaging_id
        content = _text(message, await thread_of(self._outbox, company_id, parent))
        second: tuple[Planned, ...] = ()
        if self._second_ways is not None and not refused:
            whose = (name, to, address.associate_id)
            second = await self._second_ways.of_text(company_id, *whose, content, message.format)
        sealed = self._sealed(config)
        way = Way(channel=name, address=address, refused=refused, sealed_config=sealed, second=second)
        return Draft(content=content, ttl_ms=int(self._settings.default_ttl * 1000), ways=(way,))

    def _sealed(self, config: dict[str, str]) -> bytes:
        return self._sealer.seal(msgspec.json.encode(config), context="delivery.config") if config else b""


def _submission(call: Call, drafts: Sequence[Draft], usage: tuple[Used, ...] = ()) -> Submission:
    return Submission(
        caller=call.caller, drafts=tuple(drafts), events=call.take_due(), replay=_kept(call.replay), usage=usage
    )


def _refused(draft: Draft, words: str) -> Draft:
    """The draft as it is, or refused for that reason."""
    if not words:
        return draft
    [way] = draft.ways
    return replace(draft, ways=(replace(way, refused=words, second=()),))


def _check_config(name: str, channel: Channel, config: dict[str, str]) -> None:
    if not config:
        return
    known = channel.traits.config_keys
    if known is None:
        raise NotSupported(f"The plugin {name!r} takes no configuration with a message.")
    unknown = sorted(set(config) - known)
    missing = sorted(key for key in channel.traits.config_required if not config.get(key))
    words = [
        f"{what} configuration keys for {name!r}: {', '.join(keys)[:500]}."
        for what, keys in (("Unknown", unknown), ("Missing", missing))
        if keys
    ]
    if words:
        raise InvalidArgument(f"{' '.join(words)} Known: {', '.join(sorted(known))}.", field="Config")


def _text(message: OutgoingMessage, thread: Thread) -> Text:
    return Text(
        sender=message.from_,
        to=message.to,
        body=message.content,
        format=message.format,
        parent_id=message.parent_messaging_id,
        session_key=message.suggested_session_key or thread.session_key,
        reference=thread.reference,
    )


def _at_once(item: Accepted) -> MessageDeliveryStatus:
    [delivery] = item.deliveries
    if delivery.state is State.FAILED:
        return MessageDeliveryStatus(status=ERROR, status_description=delivery.detail, messaging_id=item.message.id)
    return MessageDeliveryStatus(status=SENT, status_description="Queued: stored.", messaging_id=item.message.id)


def _kept(replay: Replaying | None) -> Callable[[Sequence[Accepted]], Replay] | None:
    """What a repetition is answered should the process die before the first attempts are known: that all is stored."""
    if replay is None:
        return None
    return lambda accepted: replay([_at_once(item) for item in accepted], {})


def _after_first(item: Accepted, firsts: dict[int, tuple[State, str, str]]) -> MessageDeliveryStatus:
    [delivery] = item.deliveries
    first = firsts.get(delivery.id)
    if first is None:
        return _at_once(item)
    state, detail, _ = first
    if state in _STILL_OURS:
        detail = f"Queued: {detail}"
    return MessageDeliveryStatus(status=_FIRST_STATUS[state], status_description=detail, messaging_id=item.message.id)


def _status(messaging_id: int, deliveries: Sequence[Delivery]) -> MessageDeliveryStatus:
    if not deliveries:
        return MessageDeliveryStatus(status=ERROR, status_description="No such message.", messaging_id=messaging_id)
    best = min(deliveries, key=lambda delivery: _BEST_FIRST.index(STATUS[delivery.state]))
    words = f"Queued: {best.detail}" if best.state in _STILL_OURS else best.detail
    return MessageDeliveryStatus(
        status=STATUS[best.state], status_description=words or best.state.value, messaging_id=messaging_id
    )
