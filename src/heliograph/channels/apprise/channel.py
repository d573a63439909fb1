"""Notifies through any service that the library apprise knows; the library runs in processes of its own."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from itertools import count

from heliograph.channels.apprise.answers import outcome
from heliograph.channels.apprise.crew import Crew, NoWorker
from heliograph.channels.apprise.payload import FORMATS, notification
from heliograph.channels.apprise.process import STARTING, Lost
from heliograph.channels.apprise.settings import AppriseSettings
from heliograph.channels.apprise.wire import Load
from heliograph.channels.plugin import Log, Plugin, Tools, no_answer_link
from heliograph.core.delivery import Address, Letter
from heliograph.core.errors import BadSetting, InvalidArgument
from heliograph.core.outcome import Deferred, Outcome, Refused
from heliograph.core.ports import Check, Clock, Traits
from heliograph.core.preview import Preview
from heliograph.core.retry import RetryPolicy

_SPARE = 5.0  # seconds in which a process that ran out of time is ended


class AppriseChannel:
    """One try is one notification, by one process."""

    def __init__(
        self,
        name: str,
        settings: AppriseSettings,
        clock: Clock,
        log: Log,
        answer_link: Callable[[Letter], str] = no_answer_link,
    ) -> None:
        self._name = name
        self._settings = settings
        self._log = log
        self._answer_link = answer_link
        self._ids = count(1)
        load = Load(
            targets={target: url.get_secret_value() for target, url in settings.targets.items()},
            overflow=settings.overflow.value,
            memory=settings.memory,
            proxy=settings.proxy.get_secret_value(),
        )
        self.crew = Crew(settings.workers, settings.queue, load, settings.ca_file, clock)
        self._traits = Traits(
            formats=tuple(FORMATS),
            concurrency=settings.workers,
            timeout=STARTING + settings.timeout + _SPARE,
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
        """The name of a target, as the settings write it. Raises InvalidArgument naming those there are."""
        if to not in self._settings.targets:
            known = ", ".join(self._settings.targets)[:300]
            raise InvalidArgument(f"To is not a target of this channel. Targets: {known}.", field="To")
        return Address(value=to)

    async def send(self, letter: Letter) -> Outcome:
        """One notification. When its process is lost over it, nobody knows whether it arrived."""
        target = letter.address.value
        if target not in self._settings.targets:
            return Refused("the channel has no target of that name")  # any more; or a device's token, by a push route
        notify = notification(letter, next(self._ids), self._answer_link(letter))
        if notify is None:
            return Refused("the message has no text")
        try:
            told = await self.crew.send(notify, self._settings.timeout)
        except NoWorker as trouble:
            return Deferred(f"not sent: {trouble}", retry_after=trouble.wait, lane=True)
        except Lost as lost:
            self._log.warning("apprise_worker_lost", channel=self._name, reason=str(lost))
            return Deferred(f"in doubt: {lost}", in_doubt=True)
        ready = self.crew.ready
        return outcome(told, ready.services.get(target, "the service") if ready is not None else "the service")

    def preview(self, letter: Letter) -> Preview:
        """The size of title and text; into how many notifications a service cuts them is the library's to know."""
        if letter.address.value not in self._settings.targets:
            return Preview(refused="the channel has no target of that name")
        notify = notification(letter, 0, self._answer_link(letter))
        if notify is None:
            return Preview(refused="the message has no text")
        return Preview(size=len(f"{notify.title}{notify.body}".encode()))

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
    return AppriseChannel(name, settings, tools.clock, tools.log, tools.answer_link)


PLUGIN = Plugin(
    kind="apprise",
    description="Notifies Slack, Teams, Telegram, Discord, ntfy and 100 more services through the library apprise.",
    settings=AppriseSettings,
    build=_build,
)
