"""Notifies through any service that the library apprise knows; the library runs in processes of its own."""

from __future__ import annotations

import importlib.util
from itertools import count

import msgspec

from heliograph.channels.apprise.answers import outcome
from heliograph.channels.apprise.crew import Crew, NoWorker
from heliograph.channels.apprise.groups import Groups
from heliograph.channels.apprise.payload import FORMATS, notification
from heliograph.channels.apprise.process import STARTING, Lost
from heliograph.channels.apprise.settings import AppriseSettings
from heliograph.channels.apprise.wire import Load, Notify
from heliograph.channels.plugin import Plugin, Tools
from heliograph.core.delivery import Address, Letter
from heliograph.core.errors import BadSetting, InvalidArgument
from heliograph.core.outcome import Deferred, Outcome, Refused
from heliograph.core.ports import Check, Traits
from heliograph.core.preview import Preview
from heliograph.core.retry import RetryPolicy

_SPARE = 5.0  # seconds in which a process that ran out of time is ended
_LONGEST = 900.0  # seconds for one try, whatever the size of a group


class AppriseChannel:
    """One try is one notification, by one process."""

    def __init__(
        self,
        name: str,
        settings: AppriseSettings,
        tools: Tools,
    ) -> None:
        self._name = name
        self._settings = settings
        self._log = tools.log
        self._answer_link = tools.answer_link
        self._groups = Groups(name, tools.parts, tools.clock, resend_in_doubt=settings.resend_in_doubt)
        self._ids = count(1)
        load = Load(
            targets={target: url.get_secret_value() for target, url in settings.targets.items()},
            overflow=settings.overflow.value,
            memory=settings.memory,
            proxy=settings.proxy.get_secret_value(),
        )
        self.crew = Crew(settings.workers, settings.queue, load, settings.ca_file, tools.clock)
        self._traits = Traits(
            formats=tuple(FORMATS),
            concurrency=settings.workers,
            timeout=_time(settings),
            # For about a day. A service shows a notification it has had once more.
            retry=RetryPolicy(attempts=60, first=5.0, cap=1800.0, resend_in_doubt=settings.resend_in_doubt),
        )

    @property
    def traits(self) -> Traits:
        """Three formats of text; as many tries at once as there are processes."""
        return self._traits

    async def prepare(self) -> None:
        """Start a process and have it look at every URL. Raises BadSetting naming those that it cannot use."""
        try:
            ready = await self.crew.look()
        except NoWorker as trouble:
            self._log.warning("apprise_has_no_worker", channel=self._name, reason=str(trouble))
            return
        if ready.problems:
            raise BadSetting(
                " ".join(f"channels.{self._name}.targets.{name}: {why}." for name, why in ready.problems.items())
            )

    async def resolve(self, company_id: int, to: str, format: str) -> Address:
        """The name of a target or group, as the settings write it. Raises InvalidArgument naming those there are."""
        if not self._settings.members(to):
            known = ", ".join([*self._settings.targets, *self._settings.groups])[:300]
            raise InvalidArgument(f"To is not a target of this channel. Targets: {known}.", field="To")
        return Address(value=to)

    async def send(self, letter: Letter) -> Outcome:
        """One notification to the target, or one to each of a group's that has none yet."""
        targets = self._settings.members(letter.address.value)
        if not targets:
            return Refused("the channel has no target of that name")  # any more; or a device's token, by a push route
        notify = notification(letter, self._answer_link(letter))
        if notify is None:
            return Refused("the message has no text")

        async def attempt(target: str) -> Outcome:
            return await self._told(msgspec.structs.replace(notify, id=next(self._ids), target=target))

        return await (attempt(targets[0]) if len(targets) == 1 else self._groups.send(letter, targets, attempt))

    async def _told(self, notify: Notify) -> Outcome:
        """When the process is lost over a notification, nobody knows whether it arrived."""
        try:
            told = await self.crew.send(notify, self._settings.timeout)
        except NoWorker as trouble:
            return Deferred(f"not sent: {trouble}", retry_after=trouble.wait, lane=True)
        except Lost as lost:
            self._log.warning("apprise_worker_lost", channel=self._name, reason=str(lost))
            return Deferred(f"in doubt: {lost}", in_doubt=True)
        ready = self.crew.ready
        return outcome(told, ready.services.get(notify.target, "the service") if ready is not None else "the service")

    def preview(self, letter: Letter) -> Preview:
        """The size of title and text; into how many notifications a service cuts them is the library's to know."""
        targets = self._settings.members(letter.address.value)
        if not targets:
            return Preview(refused="the channel has no target of that name")
        notify = notification(letter, self._answer_link(letter))
        if notify is None:
            return Preview(refused="the message has no text")
        return Preview(size=len(f"{notify.title}{notify.body}".encode()), parts=len(targets))

    async def check(self) -> Check:
        """Whether apprise can be loaded and understands every URL; it sends nothing, so passwords remain untried."""
        try:
            ready = await self.crew.look()
        except NoWorker as trouble:
            return Check(False, f"Nothing can be sent now: {trouble}.")
        if ready.problems:
            name, why = next(iter(ready.problems.items()))
            return Check(False, f"targets.{name}: {why}.")
        return Check(True, f"Apprise {ready.version} understands every target; none has been tried.")

    async def close(self) -> None:
        """End the processes."""
        await self.crew.close()


def _build(name: str, settings: AppriseSettings, tools: Tools) -> AppriseChannel:
    if importlib.util.find_spec("apprise") is None:
        raise BadSetting(f"channels.{name}: the kind 'apprise' needs an extra: pip install 'heliograph[apprise]'.")
    return AppriseChannel(name, settings, tools)


def _time(settings: AppriseSettings) -> float:
    """Seconds for one try: the largest group, one round of the processes after the other."""
    largest = max(map(len, settings.groups.values()), default=1)
    rounds = -(-largest // settings.workers)
    return min(STARTING + rounds * settings.timeout + _SPARE, _LONGEST)


PLUGIN = Plugin(
    kind="apprise",
    description="Notifies Slack, Teams, Telegram, Discord, ntfy and 100 more services through the library apprise.",
    settings=AppriseSettings,
    build=_build,
)
