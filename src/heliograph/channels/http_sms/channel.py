"""Sends SMS through any provider that a profile describes; one try is one request."""

from __future__ import annotations

from hashlib import sha256

from msgspec.structs import replace

from heliograph.channels.http_sms.account import Account
from heliograph.channels.http_sms.answers import outcome
from heliograph.channels.http_sms.callbacks import CallbackAddresses, without_ours
from heliograph.channels.http_sms.part_ids import PartIds
from heliograph.channels.http_sms.profile import Profile, load
from heliograph.channels.http_sms.reading import Said, read_answer, read_receipts, read_texts
from heliograph.channels.http_sms.references import delivery_of, reference_of
from heliograph.channels.http_sms.render import Ask, render, values
from heliograph.channels.http_sms.settings import HttpSmsSettings
from heliograph.channels.plugin import Plugin, Tools
from heliograph.channels.sms.joiner import Fragment, Joiner, Whole, text_name
from heliograph.channels.sms.letters import FORMATS, read_letter, resolve, units
from heliograph.channels.sms.parked import Parked
from heliograph.channels.sms.previews import preview
from heliograph.channels.trouble import not_now
from heliograph.core.delivery import Address, Letter, Report
from heliograph.core.errors import BadSetting, Malformed, NotAuthenticated, NotFound, Unavailable
from heliograph.core.message import Content
from heliograph.core.outcome import Accepted, Deferred, Outcome, Refused
from heliograph.core.ports import AddressRefused, Check, ConnectFailed, Reply, ReplyLost, Traits, Unreachable
from heliograph.core.preview import Preview
from heliograph.core.reporting import Arrival, ProviderCall, Take

_SHORT = 6  # digits of the longest number without a country's code that a provider names as a sender
_SPARE = 5.0  # seconds in which a request that ran out of time says so itself


class HttpSmsChannel:
    """A provider, and the account with it."""

    def __init__(self, name: str, settings: HttpSmsSettings, profile: Profile, tools: Tools) -> None:
        self._name = name
        self._settings = settings
        self._profile = profile
        self._account = Account(profile.options, settings)
        self._callbacks = CallbackAddresses(settings, profile, self._account)
        self._transport = tools.transport
        self._clock = tools.clock
        self._part_ids = PartIds(name, tools)
        self._parked = Parked(name, tools)
        self._joiner = Joiner(name, tools, _text)
        self._take: Take | None = None  # where messages from phones go, once the channel listens
        self._traits = Traits(
            formats=FORMATS,
            addressed_by="phone",
            config_keys=frozenset(profile.options),
            config_required=frozenset(n for n, each in profile.options.items() if each.required and not each.default),
            concurrency=settings.concurrency,
            timeout=settings.timeout + _SPARE,
            retry=settings.in_doubt.policy,
        )

    @property
    def traits(self) -> Traits:
        """The profile's options are the keys that SendMessagesWithConfig may give."""
        return self._traits

    async def resolve(self, company_id: int, to: str, format: str) -> Address:
        """A number as +4712345678. Raises InvalidArgument."""
        return resolve(to, self._settings.country)

    def units(self, content: Content) -> int:
        """The SMS that the text needs."""
        return units(content)

    def preview(self, letter: Letter) -> Preview:
        """Parts and alphabet."""
        return preview(read_letter(letter, sender=self._settings.sender, most_parts=self._settings.max_parts))

    async def send(self, letter: Letter) -> Outcome:
        """Ask the provider once, with the caller's account where the message brings one."""
        sms = read_letter(letter, sender=self._settings.sender, most_parts=self._settings.max_parts)
        if isinstance(sms, Refused):
            return sms
        options = self._account.of(letter.config)
        missing = self._account.missing(options)
        if missing:
            said = f"the account is incomplete: {missing} is set neither in the settings nor with the message"
            return Refused(said) if letter.config else Deferred(said, pause=said)
        reference = reference_of(letter)
        callback = self._callbacks.url(reference if letter.config else "")
        given = values(sms, self._profile.request, reference=reference, callback=callback)
        ask = render(self._profile.request, self._profile.access, options | given, base_url=self._settings.base_url)
        return self._held(await self._asked(ask, reference, own_account=bool(letter.config)), reference)

    def called_back(self, call: ProviderCall) -> list[Report]:
        """The final receipts in the provider's call, once it has proven to be the provider's.

        Raises NotAuthenticated and Malformed.
        """
        only, query = self._callbacks.believed(call)
        receipts = self._profile.receipts
        found = read_receipts(receipts, call.body, query) if receipts is not None else []
        if not found:
            raise Malformed("There is no receipt in this.")
        return [
            Report(ids=(receipt.id,), happening=receipt.happening, detail=receipt.detail, only=only)
            for receipt in found
            if receipt.happening is not None
        ]

    def arrived(self, call: ProviderCall) -> list[Arrival]:
        """The texts from phones in the provider's call, once it has proven to be the provider's; empty when it holds none.

        Raises NotAuthenticated, and NotFound where nobody takes them.
        """
        inbound = self._profile.inbound
        said = read_texts(inbound, call.body, without_ours(call.query)) if inbound is not None else []
        if not said:
            return []
        only, _ = self._callbacks.believed(call)
        if only is not None:
            raise NotAuthenticated("The address is good for receipts of one message.")
        if not self._settings.replies_to:
            raise NotFound("Nobody takes messages from phones here.")
        return [self._arrival(one) for one in said]

    def answer(self) -> tuple[str, str]:
        """Type and text of what the provider wants to hear after `arrived`."""
        inbound = self._profile.inbound
        return (inbound.media, inbound.answer) if inbound is not None else ("text/plain", "")

    async def check(self) -> Check:
        """Asks for the account, where the provider has a call for that which costs nothing."""
        name, options = self._profile.name, self._account.ours
        missing = self._account.missing(options)
        if missing:
            return Check(False, f"The account with {name} is incomplete: set options.{missing}.")
        if self._profile.check is None:
            return Check(True, f"The account is filled in; {name} has no call that would test it without sending.")
        ask = render(self._profile.check, self._profile.access, options, base_url=self._settings.base_url)
        try:
            reply = await self._request(ask)
        except (AddressRefused, ConnectFailed, ReplyLost) as failure:
            return Check(False, f"{name} cannot be reached: {failure}.")
        return Check(200 <= reply.status < 300, f"{name} answered {reply.status} when asked for the account.")

    async def listen(self, take: Take) -> None:
        """Look again at what an earlier process has kept: receipts without a message, texts without all their parts."""
        self._take = take
        self._parked.start()
        self._joiner.start(self._handed)

    async def join(self, arrival: Arrival) -> None:
        """Keep a part of a text, and hand the text on once it is whole. Raises CallerError and Unavailable."""
        part = arrival.part
        if part is None:
            raise ValueError("what is whole needs no joining")
        name = text_name(arrival.sender, arrival.to, part.reference, part.of)
        data, now = arrival.text.encode("utf-8", "replace"), self._clock.now()
        await self._joiner.keep(Fragment(name, part.number, part.of, arrival.sender, 0, data, now, arrival.to))

    async def _handed(self, whole: Whole) -> None:
        if self._take is None:
            raise Unavailable("The channel does not listen yet.")
        said = Said(whole.once, whole.sender, whole.to, whole.text)
        await self._take(self._name, self._arrival(said))

    async def park(self, report: Report) -> bool:
        """Keep a receipt whose message is not known yet. Raises Unavailable."""
        return await self._parked.park(report)

    async def close(self) -> None:
        """Look after nothing any more; the connections are the transport's."""
        await self._parked.close()
        await self._joiner.close()

    async def _asked(self, ask: Ask, reference: str, *, own_account: bool) -> Outcome:
        try:
            reply = await self._request(ask)
        except AddressRefused as refusal:
            said = f"{self._profile.name} may not be reached: {refusal}"
            return Deferred(said, pause=said)
        except (ConnectFailed, ReplyLost) as failure:
            return replace(not_now(failure), unreachable=isinstance(failure, Unreachable) and not own_account)
        found = read_answer(self._profile.answer, reply.body, reference)
        sent = outcome(self._profile, reply, found, now=self._clock.now(), own_account=own_account)
        if isinstance(sent, Accepted):
            await self._part_ids.keep(delivery_of(reference), found.parts)
        return sent

    def _held(self, sent: Outcome, reference: str) -> Outcome:
        """What is in doubt waits for a receipt, if the settings say so; it is known where receipts name our reference."""
        if isinstance(sent, Deferred) and sent.in_doubt:
            id = reference if "{reference}" in self._profile.answer.id else ""
            return replace(sent, retry_after=self._settings.in_doubt.wait, provider_id=id)
        return sent

    async def _request(self, ask: Ask) -> Reply:
        return await self._transport.request(
            ask.method, ask.url, headers=ask.headers, body=ask.body, timeout=self._settings.timeout
        )

    def _arrival(self, said: Said) -> Arrival:
        sender = said.sender.removeprefix("00")
        digits = sender.isascii() and sender.isdecimal() and len(sender) > _SHORT
        return Arrival(
            company_id=self._settings.replies_company,
            user=self._settings.replies_to,
            sender=f"+{sender}" if digits else said.sender,
            text=said.text,
            to=said.to,
            format=FORMATS[0],
            once=f"sms {sha256(said.id.encode()).hexdigest()}" if said.id else "",
            part=said.part,
        )


def _text(coding: int, data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _build(name: str, settings: HttpSmsSettings, tools: Tools) -> HttpSmsChannel:
    profile = load(settings.profile)
    unknown = sorted(settings.options.keys() - profile.options.keys())
    if unknown:
        known = ", ".join(profile.options)
        raise BadSetting(f"channels.{name}.options.{unknown[0]} is not one of {profile.name}'s: {known}.")
    return HttpSmsChannel(name, settings, profile, tools)


PLUGIN = Plugin(
    kind="http_sms",
    description="Sends SMS through a provider with an HTTP interface, described by a profile.",
    settings=HttpSmsSettings,
    build=_build,
)
