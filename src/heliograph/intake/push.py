"""SendPushNotification: to every inbox and device of the people named."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from msgspec.structs import replace

from heliograph.config.settings import PushSettings
from heliograph.core.errors import InvalidArgument, TooMany, UnknownRecipient
from heliograph.core.fallback import Planned
from heliograph.core.message import Push, PushType
from heliograph.core.people import Device, User
from heliograph.core.ports import Call, Directory
from heliograph.core.replay import Replay, Replaying
from heliograph.core.routing import expand
from heliograph.intake.carriers import PocketNotificationMessage
from heliograph.intake.durations import iso_duration
from heliograph.intake.fallback import Recipient, SecondWays
from heliograph.intake.quotas import OF_ITEMS, Admission, Quotas, Want
from heliograph.intake.submit import Accepted, Draft, Intake, Submission, Way

MINUTE_MS = 60_000
MAX_TTL_MS = 366 * 24 * 60 * MINUTE_MS  # no message waits longer than a year, whatever the caller asks


class PushService:
    """The sending method of the Pocket agent."""

    def __init__(
        self,
        intake: Intake,
        directory: Directory,
        settings: PushSettings,
        second_ways: SecondWays | None = None,
        quotas: Quotas | None = None,
    ) -> None:
        self._quotas = quotas
        self._intake = intake
        self._second_ways = second_ways
        self._directory = directory
        self._settings = settings

    async def send_push_notification(
        self, call: Call, *, associate_ids: list[int], message: PocketNotificationMessage
    ) -> None:
        """Accept one push for every known recipient; notes MessageId, and UnknownAssociateIds where there are any.

        Raises InvalidArgument (no ids, negative TimeToLive) and UnknownRecipient (none of the ids is known).
        """
        if not associate_ids:
            raise InvalidArgument("AssociateIds is empty: name at least one recipient.", field="AssociateIds")
        ttl_ms = self._ttl_ms(message)
        recipients, unknown = await self._recipients(call.caller.company_id, associate_ids)
        if not recipients:
            raise UnknownRecipient(f"No such associate: {_listed(unknown)}.", field="AssociateIds")
        push = _push(message)
        ways = await self._ways(push, recipients)
        draft = Draft(content=push, ttl_ms=ttl_ms, ways=ways, urgent=message.type is PushType.IMPORTANT)
        accepted = await self._accept(call, draft, unknown)
        call.notes |= _notes(accepted, unknown)

    async def _accept(self, call: Call, draft: Draft, unknown: Sequence[int]) -> Accepted:
        """Keep it. Raises TooMany when it is more than the company may send, or nobody in it may be sent more."""
        replay = _kept(call.replay, unknown)
        if self._quotas is None or not self._quotas.on:
            submission = Submission(caller=call.caller, drafts=(draft,), events=call.take_due(), replay=replay)
            return (await self._intake.submit(submission))[0]
        admission = await self._quotas.admit(call.caller.company_id, _wants(draft))
        try:
            if admission.refused:
                draft = _fitting(draft, admission)
            submission = Submission(
                caller=call.caller, drafts=(draft,), events=call.take_due(), replay=replay, usage=admission.usage
            )
            return (await self._intake.submit(submission))[0]
        finally:
            self._quotas.over(admission)

    def _ttl_ms(self, message: PocketNotificationMessage) -> int:
        if message.time_to_live < 0:
            raise InvalidArgument("TimeToLive must not be negative.", field="TimeToLive")
        if message.expiry_seconds < 0:
            raise InvalidArgument("ExpirySecs must not be negative.", field="ExpirySecs")
        ttl_ms = message.time_to_live * MINUTE_MS or int(self._settings.default_ttl * 1000)
        if message.expiry_seconds:
            ttl_ms = min(ttl_ms, message.expiry_seconds * 1000)
        return min(ttl_ms, MAX_TTL_MS)

    async def _recipients(self, company_id: int, associate_ids: Sequence[int]) -> tuple[list[User], list[int]]:
        known, unknown = [], []
        for associate_id in dict.fromkeys(associate_ids):
            user = await self._directory.user(associate_id)
            if user is not None and user.company_id == company_id and user.active:
                known.append(user)
            else:
                unknown.append(associate_id)
        return known, unknown

    async def _ways(self, push: Push, recipients: Sequence[User]) -> tuple[Way, ...]:
        routes = self._settings.routes
        devices = await self._directory.devices([user.associate_id for user in recipients]) if routes else []
        by_owner: dict[int, list[Device]] = {}
        for device in devices:
            by_owner.setdefault(device.associate_id, []).append(device)
        plan = expand(push, recipients, by_owner, routes, self._settings.inbox)
        ways = tuple(Way(channel=channel, address=address) for channel, address in plan)
        if self._second_ways is None or not any(self._second_ways.any_for(channel) for channel, _ in plan):
            return ways
        return await self._with_second(self._second_ways, push, ways, {user.associate_id: user for user in recipients})

    async def _with_second(
        self, second_ways: SecondWays, push: Push, ways: Sequence[Way], users: Mapping[int, User]
    ) -> tuple[Way, ...]:
        """The same ways; those of a person's devices on one channel have the same second ones."""
        known: dict[tuple[str, int | None], tuple[Planned, ...]] = {}
        found = []
        for way in ways:
            key = (way.channel, way.address.associate_id)
            if key not in known:
                user = users[way.address.associate_id or 0]
                recipient = Recipient(company_id=user.company_id, user=user)
                known[key] = await second_ways.of(recipient, way.channel, push)
            found.append(replace(way, second=known[key]))
        return tuple(found)


def _wants(draft: Draft) -> list[Want]:
    """Each way counts on its channel, and each person once for the company."""
    met: set[int | None] = set()
    wants = []
    for way in draft.ways:
        person = way.address.associate_id
        wants.append(Want(channel=way.channel, address=way.address.value, messages=int(person not in met)))
        met.add(person)
    return wants


def _fitting(draft: Draft, admission: Admission) -> Draft:
    """Without what may not be sent to single addresses. Raises TooMany for a limit of the company's, which is for all or none."""
    for refusal in admission.refused.values():
        if refusal.kind not in OF_ITEMS or len(admission.refused) == len(draft.ways):
            raise TooMany(refusal.words, retry_after=refusal.retry_after or 1.0)
    ways = [
        replace(way, refused=admission.words(place), second=()) if place in admission.refused else way
        for place, way in enumerate(draft.ways)
    ]
    return replace(draft, ways=tuple(ways))


def _push(message: PocketNotificationMessage) -> Push:
    data = {key: value for key, value in message.extra_values.items() if key}
    if message.expiry_seconds:
        data["expiry"] = str(message.expiry_seconds)
    return Push(
        title=message.title,
        body=message.message,
        url=message.url,
        type=message.type,
        silent=message.silent,
        record_id=message.record_id,
        date=message.date.isoformat() if message.date else "",
        duration=iso_duration(message.duration) if message.duration is not None else "",
        display_seconds=message.expiry_seconds,
        data=data,
    )


def _kept(replay: Replaying | None, unknown: Sequence[int]) -> Callable[[Sequence[Accepted]], Replay] | None:
    """What a repetition is answered: the same ids."""
    if replay is None:
        return None
    return lambda accepted: replay(None, _notes(accepted[0], unknown))


def _notes(accepted: Accepted, unknown: Sequence[int]) -> dict[str, str]:
    notes = {"MessageId": str(accepted.message.id)}
    if unknown:
        notes["UnknownAssociateIds"] = _listed(unknown)
    return notes


def _listed(ids: Sequence[int], most: int = 100) -> str:
    head = ",".join(str(id) for id in ids[:most])
    return f"{head},... ({len(ids)} in all)" if len(ids) > most else head
