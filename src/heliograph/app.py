"""The composition root: settings in, wired objects out; the one module that knows every class."""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import structlog

from heliograph import __version__
from heliograph.channels.plugin import Tools
from heliograph.channels.registry import build_channels
from heliograph.channels.transport import GuardedTransport
from heliograph.config.plain import plain_values
from heliograph.config.settings import Settings
from heliograph.core.ports import Channels, Clock, Directory, Hooks, Listening, Observer, Reports, Sealer, Transport
from heliograph.core.reporting import Preparing
from heliograph.core.subscription import PLATFORM, TakesSubscriptions
from heliograph.dispatch.deliver import Room
from heliograph.dispatch.dispatcher import Dispatcher
from heliograph.dispatch.fallback import SecondWayWatch
from heliograph.dispatch.sweeper import Sweeper
from heliograph.edge import server
from heliograph.edge.rest.streams import Streams
from heliograph.edge.serve import Running, serve
from heliograph.edge.soap.endpoint import SoapDoor
from heliograph.hooks.answers import Answers
from heliograph.hooks.control import Control
from heliograph.hooks.scripts import ScriptHooks
from heliograph.hooks.signatures import signature_of
from heliograph.intake.actions import Actions
from heliograph.intake.answer_links import AnswerLinks
from heliograph.intake.answers import AnswerService
from heliograph.intake.applications import Applications
from heliograph.intake.arrivals import Arrivals
from heliograph.intake.callbacks import Callbacks
from heliograph.intake.conversations import Conversations
from heliograph.intake.credentials import Credentials
from heliograph.intake.devices import DeviceService
from heliograph.intake.dry_run import DryRuns
from heliograph.intake.groups import GroupService
from heliograph.intake.inbox import InboxService
from heliograph.intake.incoming import IncomingService
from heliograph.intake.methods import handlers, service_methods
from heliograph.intake.notifications import NotificationService
from heliograph.intake.once import Once
from heliograph.intake.people import People
from heliograph.intake.principal import PrincipalService
from heliograph.intake.proven import reporting
from heliograph.intake.query import Query
from heliograph.intake.quotas import Quotas
from heliograph.intake.receipts import Receipts
from heliograph.intake.roster import RosterService
from heliograph.intake.services import Services
from heliograph.intake.sign_in import SignIn
from heliograph.intake.submit import Intake
from heliograph.observe.counters import Counters
from heliograph.observe.events import Everyone, LogEvents
from heliograph.observe.metrics import Metrics
from heliograph.scripts.verbs import Verbs
from heliograph.store.cached import CachedDirectory
from heliograph.store.sqlite import SqliteStore, open_store
from heliograph.system.clock import SystemClock
from heliograph.system.collector import settle
from heliograph.system.entropy import entropy
from heliograph.system.feed import InProcessFeed
from heliograph.system.lock import FileLock
from heliograph.system.resolver import SystemResolver
from heliograph.system.results import InProcessResults
from heliograph.vault.derived import derived
from heliograph.vault.passwords import Argon2Passwords
from heliograph.vault.sealer import AesGcmSealer
from heliograph.vault.secret_key import secret_keys
from heliograph.wiring import (
    Notifications,
    brief_transport,
    check_names,
    console_of,
    notifications,
    prepare,
    roots,
    senders,
)

DATABASE = "heliograph.db"
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

    def gateway(self, streams: Streams) -> server.Gateway:
        """The ASGI application, for the built-in server or for one of your own."""
        return server.build(
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
            console=console_of(self),
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
            "unconfigured": status.unconfigured,
            "scripts": self.scripts.trouble(),
            "webhooks": await self.notices.service.trouble(),
        }

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[Running]:
        """Listen, dispatch and sweep until left; then finish what is running, within `server.drain` seconds."""
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


@asynccontextmanager
async def open_app(
    settings: Settings, *, hooks: Hooks | None = None, transport: Transport | None = None
) -> AsyncIterator[Heliograph]:
    """Open the store and wire everything. Raises OperatorError when the set-up is wrong."""
    async with AsyncExitStack() as stack:
        clock = SystemClock()
        prepare(settings.data_dir)
        store = await open_store(settings.data_dir / DATABASE, settings.store, clock)
        stack.push_async_callback(store.close)
        directory = CachedDirectory(store.directory, clock, settings.store.directory_cache)
        keys = secret_keys(settings.data_dir, os.environ, entropy)
        sealer = AesGcmSealer(keys, entropy)
        passwords = Argon2Passwords()
        stack.callback(passwords.close)
        to_endpoints = transport or brief_transport(settings)
        if transport is None:
            transport = GuardedTransport(settings.outbound, SystemResolver(), roots=roots(settings))
        stack.push_async_callback(transport.close)
        stack.push_async_callback(to_endpoints.close)
        counters = Counters(clock)
        observer = Everyone([counters, LogEvents(verbose=settings.log.level.lower() == "debug")])
        tools = Tools(
            directory=directory,
            inbox=store.inbox,
            feed=InProcessFeed(),
            transport=transport,
            reports=reporting(store.outbox, directory, clock, store.parts, observer),
            parts=store.parts,
            notes=store.notes,
            clock=clock,
            entropy=entropy,
            log=structlog.get_logger("heliograph.channels"),
            answer_link=AnswerLinks(sealer, settings.server.public_url).of,
            keys_for=partial(derived, keys),
        )
        channels = build_channels(settings.channels, tools)
        for channel in channels.values():
            stack.push_async_callback(channel.close)
        check_names(settings, channels)
        notices = notifications(settings, store, sealer, to_endpoints, clock)
        gateway = _wired(settings, store, tools, channels, notices, sealer, passwords, counters, observer, hooks)
        stack.push_async_callback(gateway.scripts.stop, 0.0)
        yield gateway


def _wired(
    settings: Settings,
    store: SqliteStore,
    tools: Tools,
    channels: Channels,
    notices: Notifications,
    sealer: Sealer,
    passwords: Argon2Passwords,
    counters: Counters,
    observer: Observer,
    hooks: Hooks | None,
) -> Heliograph:
    clock, directory = tools.clock, tools.directory
    results, people = InProcessResults(clock), People(directory, passwords, clock, entropy)
    room = _room(store, directory, sealer, results, observer, clock)
    sign_in = SignIn(directory, store.keyring, passwords, clock, entropy, settings, store.notes)
    sending = senders(settings, results, store, directory, channels, sealer, clock, observer)
    receipts, devices = Receipts(store.outbox, clock), DeviceService(directory, clock)
    conversations = Conversations(store.outbox, store.threads, clock, settings.messaging)
    incoming = IncomingService(sending.intake, channels, conversations, settings.messaging, settings.push)
    handled = NotificationService(store.inbox, receipts, settings.push)
    methods = handlers(*sending.services, PrincipalService(sign_in, __version__), devices, incoming, handled)
    scripts = _scripts(settings, Verbs(sending.push, sending.at_once, directory), store, sealer, clock, observer)
    services, once = Services(methods, hooks or scripts), Once(store.replays, clock, settings.idempotency)
    dispatcher = Dispatcher(notices.beside(channels), store.queue, room, settings.dispatch)
    return Heliograph(
        settings=settings,
        clock=clock,
        store=store,
        directory=directory,
        channels=channels,
        services=services,
        dry_runs=DryRuns(services, sending.over, channels, directory, clock),
        arrivals=Arrivals(services, conversations, directory, once),
        reports=tools.reports,
        sign_in=sign_in,
        applications=Applications(store.keyring, settings.soap),
        credentials=Credentials(store.keyring, clock, entropy),
        once=once,
        intake=sending.intake,
        people=people,
        roster=RosterService(directory, people, store.roster, clock),
        groups=GroupService(directory, people, store.roster, clock, entropy),
        inbox=InboxService(store.inbox, tools.feed, receipts, store.answers),
        answering=sending.answering,
        links=AnswerLinks(sealer, settings.server.public_url),
        devices=devices,
        query=Query(store.outbox, store.answers, store.threads, store.standbys),
        actions=Actions(store.outbox, store.queue, clock, store.standbys),
        notices=notices,
        counters=counters,
        metrics=Metrics(counters, store.outbox, dispatcher.status, scripts, clock, __version__, notices.trouble),
        dispatcher=dispatcher,
        quotas=sending.quotas,
        second_ways=sending.watch(dispatcher.paused),
        sweeper=Sweeper(
            store.outbox, store.inbox, store.replays, directory, clock, settings.retention, store.usage, store.notes
        ),
        scripts=scripts,
    )


def _room(
    store: SqliteStore,
    directory: Directory,
    sealer: Sealer,
    results: InProcessResults,
    observer: Observer,
    clock: Clock,
) -> Room:
    return Room(
        outbox=store.outbox,
        directory=directory,
        sealer=sealer,
        results=results,
        observer=observer,
        clock=clock,
        jitter=random.random,
    )


def _scripts(
    settings: Settings, verbs: Verbs, store: SqliteStore, sealer: Sealer, clock: Clock, observer: Observer
) -> ScriptHooks:
    return ScriptHooks(
        {name: signature_of(name, function) for name, function in service_methods().items()},
        settings.scripts,
        scripts_folder(settings),
        plain_values(settings),
        agenda=store.agenda,
        sealer=sealer,
        clock=clock,
        observer=observer,
        answers=Answers(verbs.table()),
    )
