"""The wired parts, and what they do together: answer calls, serve until told to stop, say how they are."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from heliograph import __version__
from heliograph.config.settings import Settings
from heliograph.core.ports import Channels, Clock, Directory, Listening, Reports
from heliograph.core.reporting import Preparing
from heliograph.core.subscription import PLATFORM, TakesSubscriptions
from heliograph.dispatch.dispatcher import Dispatcher
from heliograph.dispatch.fallback import SecondWayWatch
from heliograph.dispatch.sweeper import Sweeper
from heliograph.hooks.control import Control
from heliograph.hooks.scripts import ScriptHooks
from heliograph.intake.actions import Actions
from heliograph.intake.answer_links import AnswerLinks
from heliograph.intake.answers import AnswerService
from heliograph.intake.applications import Applications
from heliograph.intake.arrivals import Arrivals
from heliograph.intake.callbacks import Callbacks
from heliograph.intake.credentials import Credentials
from heliograph.intake.desk import Desk, Sources
from heliograph.intake.devices import DeviceService
from heliograph.intake.dry_run import DryRuns
from heliograph.intake.groups import GroupService
from heliograph.intake.inbox import InboxService
from heliograph.intake.once import Once
from heliograph.intake.operators import Operators
from heliograph.intake.people import People
from heliograph.intake.query import Query
from heliograph.intake.quotas import Quotas
from heliograph.intake.roster import RosterService
from heliograph.intake.services import Services
from heliograph.intake.sign_in import SignIn
from heliograph.intake.submit import Intake
from heliograph.observe.counters import Counters
from heliograph.observe.metrics import Metrics
from heliograph.store.sqlite import SqliteStore
from heliograph.system.collector import settle
from heliograph.system.entropy import entropy
from heliograph.system.lock import FileLock
from heliograph.wiring import Notifications, prepare

if TYPE_CHECKING:  # the doors are imported when they are opened: a command that only asks the store needs none
    from heliograph.edge.rest.streams import Streams
    from heliograph.edge.serve import Running
    from heliograph.edge.server import Gateway

CONTROL = "scripts.sock"
SERVING = "serving.lock"


@dataclass(frozen=True, kw_only=True)
class Heliograph:
    """The wired parts. Opening them starts nothing: `serving` does."""

    settings: Settings
    clock: Clock
    store: SqliteStore
    directory: Directory
    channels: Channels
    services: Services
    dry_runs: DryRuns
    arrivals: Arrivals
    reports: Reports
    sign_in: SignIn
    applications: Applications
    credentials: Credentials
    operators: Operators
    once: Once
    intake: Intake
    people: People
    roster: RosterService
    groups: GroupService
    inbox: InboxService
    answering: AnswerService
    links: AnswerLinks
    devices: DeviceService
    query: Query
    actions: Actions
    notices: Notifications
    counters: Counters
    metrics: Metrics
    dispatcher: Dispatcher
    second_ways: SecondWayWatch
    quotas: Quotas
    sweeper: Sweeper
    scripts: ScriptHooks

    def gateway(self, streams: Streams) -> Gateway:
        """The ASGI application, for the built-in server or for one of your own."""
        from heliograph.edge.console.pages import Console
        from heliograph.edge.doors import build
        from heliograph.edge.soap.endpoint import SoapDoor

        return build(
            self.settings,
            services=self.services,
            dry_runs=self.dry_runs,
            sign_in=self.sign_in,
            directory=self.directory,
            inbox=self.inbox,
            answering=self.answering,
            callbacks=Callbacks(self.channels, self.reports, self.arrivals.take),
            links=self.links,
            devices=self.devices,
            query=self.query,
            roster=self.roster,
            groups=self.groups,
            webhooks=self.notices.service,
            soap=SoapDoor(self.services, self.sign_in, self.applications, self.once, self.settings.soap),
            applications=self.applications,
            once=self.once,
            metrics=self.metrics,
            console=Console(self._desk(), self.operators, self.settings, self.clock),
            health=self.health,
            entropy=entropy,
            version=__version__,
            push_key=self._push_key(),
            streams=streams,
        )

    def _push_key(self) -> str:
        """What a browser subscribes with at the inbox page; empty where no channel reaches browsers."""
        channel = self.channels.get(self.settings.push.routes.get(PLATFORM, ""))
        return channel.application_server_key if isinstance(channel, TakesSubscriptions) else ""

    def _desk(self) -> Desk:
        """What the operators' pages ask and do."""
        sources = Sources(
            standing=self.dispatcher.status,
            scripts=self.scripts,
            troubles=self.counters.troubles,
            minutes=self.metrics.trends.minutes,
            kinds={name: table["kind"] for name, table in self.settings.channels.items()},
            health=self.health,
        )
        return Desk(
            self.query,
            self.actions,
            self.store.outbox,
            self.directory,
            self.credentials,
            self.channels,
            self.clock,
            sources,
        )

    async def health(self) -> dict[str, object]:
        """What /healthz tells. A paused channel is told but is no reason to send callers elsewhere: messages are kept.

        A store that takes no writes is one: nothing could be accepted.
        """
        status, trouble = await self.dispatcher.status(), await self.store.pulse.trouble()
        return {
            "status": "degraded" if trouble else "ok",
            "store": trouble or "writes",
            "dispatching": status.running,
            "paused": {lane.channel: lane.paused for lane in status.lanes if lane.paused},
            "away": {lane.channel: lane.away for lane in status.lanes if lane.away},
            "unconfigured": status.unconfigured,
            "scripts": self.scripts.trouble(),
            "webhooks": await self.notices.service.trouble(),
        }

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[Running]:
        """Listen, dispatch and sweep until left; then finish what is running, within `server.drain` seconds."""
        from heliograph.edge.rest.streams import Streams
        from heliograph.edge.serve import serve

        drain = self.settings.server.drain
        streams = Streams()
        async with self._alone() as lock, self._scripting(drain, lock is not None):
            if lock is not None:
                await self.sweeper.adopt()
            await self._listen()
            await self.dispatcher.start()
            self.sweeper.start()
            self.metrics.trends.start()
            self.notices.fan_out.start()
            if self.settings.dispatch.enabled:
                self.second_ways.start()
            async with AsyncExitStack() as stack:
                stack.push_async_callback(self.second_ways.stop)
                stack.push_async_callback(self.notices.fan_out.stop)
                stack.push_async_callback(self.sweeper.stop)
                stack.push_async_callback(self.metrics.trends.stop)
                stack.push_async_callback(self.dispatcher.stop, drain)
                running = await serve(self.gateway(streams), self.settings.server)
                if lock is not None:
                    lock.tell(running.url)
                settle()
                yield running
                streams.stop()
                await asyncio.gather(running.stop(drain), self.dispatcher.stop(drain))

    async def _listen(self) -> None:
        """Channels that need a moment, or whose providers speak unasked, are there before anything is sent through them."""
        for channel in self.channels.values():
            if isinstance(channel, Preparing):
                await channel.prepare()
            if isinstance(channel, Listening):
                await channel.listen(self.arrivals.take)

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[FileLock | None]:
        """Held when no other process serves this data: then what is under lease was held by one that is gone."""
        lock = FileLock(self.settings.data_dir / SERVING)
        try:
            yield lock if lock.take() else None
        finally:
            lock.release()

    @asynccontextmanager
    async def _scripting(self, drain: float, alone: bool) -> AsyncIterator[None]:
        """Scripts around every call, and the socket through which they are looked after."""
        folder = scripts_folder(self.settings)
        prepare(folder)
        control = Control(self.settings.data_dir / CONTROL, self.scripts)
        try:
            await self.scripts.start(serving=True, only_here=alone)
            await control.start()
            yield
        finally:
            await control.stop()
            await self.scripts.stop(drain)


def scripts_folder(settings: Settings) -> Path:
    """Where the operator drops scripts."""
    return settings.scripts.folder or settings.data_dir / "scripts"
