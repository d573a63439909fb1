"""The composition root: settings in, wired objects out. Parts of several pieces are made in `wiring`."""

from __future__ import annotations

import os
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

import structlog

from heliograph import __version__
from heliograph.channels.plugin import Tools
from heliograph.channels.registry import build_channels
from heliograph.channels.transport import GuardedTransport
from heliograph.config.plain import plain_values
from heliograph.config.settings import Settings
from heliograph.core.ports import Channels, Hooks, Transport
from heliograph.dispatch.deliver import Room
from heliograph.dispatch.dispatcher import Dispatcher
from heliograph.dispatch.sweeper import Sweeper
from heliograph.gateway import CONTROL as CONTROL
from heliograph.gateway import SERVING as SERVING
from heliograph.gateway import Heliograph as Heliograph
from heliograph.gateway import scripts_folder as scripts_folder
from heliograph.hooks.answers import Answers
from heliograph.hooks.scripts import ScriptHooks
from heliograph.hooks.signatures import signature_of
from heliograph.intake.actions import Actions
from heliograph.intake.answer_links import AnswerLinks
from heliograph.intake.applications import Applications
from heliograph.intake.arrivals import Arrivals
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
from heliograph.intake.operators import Operators
from heliograph.intake.people import People
from heliograph.intake.principal import PrincipalService
from heliograph.intake.proven import reporting
from heliograph.intake.query import Query
from heliograph.intake.receipts import Receipts
from heliograph.intake.roster import RosterService
from heliograph.intake.services import Services
from heliograph.intake.sign_in import SignIn
from heliograph.observe.counters import Counters
from heliograph.observe.events import Everyone, LogEvents
from heliograph.observe.metrics import Metrics
from heliograph.scripts.verbs import Verbs
from heliograph.store.cached import CachedDirectory
from heliograph.store.sqlite import open_store
from heliograph.system.clock import SystemClock
from heliograph.system.entropy import entropy
from heliograph.system.feed import InProcessFeed
from heliograph.system.resolver import SystemResolver
from heliograph.system.results import InProcessResults
from heliograph.system.turns import InProcessTurns
from heliograph.vault.derived import derived
from heliograph.vault.passwords import Argon2Passwords
from heliograph.vault.sealer import AesGcmSealer
from heliograph.vault.secret_key import secret_keys
from heliograph.wiring import (
    Ground,
    Notifications,
    brief_transport,
    check_names,
    notifications,
    prepare,
    roots,
    senders,
)

DATABASE = "heliograph.db"


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
        ground = Ground(
            settings=settings,
            clock=clock,
            store=store,
            directory=directory,
            sealer=sealer,
            passwords=passwords,
            counters=counters,
            observer=observer,
        )
        gateway = _wired(ground, tools, channels, notifications(ground, to_endpoints), hooks)
        stack.push_async_callback(gateway.scripts.stop, 0.0)
        yield gateway


def _wired(ground: Ground, tools: Tools, channels: Channels, notices: Notifications, hooks: Hooks | None) -> Heliograph:
    settings, clock, store, directory = ground.settings, ground.clock, ground.store, ground.directory
    results, people = InProcessResults(clock), People(directory, ground.passwords, clock, entropy)
    sign_in = SignIn(directory, store.keyring, ground.passwords, clock, entropy, settings, store.notes)
    sending, turns = senders(ground, results, channels), InProcessTurns()
    receipts, devices = Receipts(store.outbox, clock), DeviceService(directory, clock)
    conversations = Conversations(store.outbox, store.threads, clock, settings.messaging)
    incoming = IncomingService(sending.intake, channels, conversations, settings.messaging, settings.push)
    handled = NotificationService(store.inbox, receipts, settings.push)
    methods = handlers(*sending.services, PrincipalService(sign_in, __version__), devices, incoming, handled)
    scripts = _scripts(ground, Verbs(sending.push, sending.at_once, directory))
    services, once = Services(methods, hooks or scripts), Once(store.replays, clock, settings.idempotency)
    dispatcher = Dispatcher(notices.beside(channels), store.queue, _room(ground, results), settings.dispatch)
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
        operators=Operators(store.sessions, sign_in, directory, clock, entropy, settings.console),
        once=once,
        intake=sending.intake,
        people=people,
        roster=RosterService(directory, people, store.roster, clock, turns),
        groups=GroupService(directory, people, store.roster, clock, entropy, turns),
        inbox=InboxService(store.inbox, tools.feed, receipts, store.answers),
        answering=sending.answering,
        links=AnswerLinks(ground.sealer, settings.server.public_url),
        devices=devices,
        query=Query(store.outbox, store.answers, store.threads, store.standbys),
        actions=Actions(store.outbox, store.queue, clock, store.standbys),
        notices=notices,
        counters=ground.counters,
        metrics=Metrics(ground.counters, store.outbox, dispatcher.status, scripts, clock, __version__, notices.trouble),
        dispatcher=dispatcher,
        quotas=sending.quotas,
        second_ways=sending.watch(dispatcher.paused),
        sweeper=Sweeper(
            store.outbox, store.inbox, store.replays, directory, clock, settings.retention, store.usage, store.notes
        ),
        scripts=scripts,
    )


def _room(ground: Ground, results: InProcessResults) -> Room:
    return Room(
        outbox=ground.store.outbox,
        directory=ground.directory,
        sealer=ground.sealer,
        results=results,
        observer=ground.observer,
        clock=ground.clock,
        jitter=random.random,
    )


def _scripts(ground: Ground, verbs: Verbs) -> ScriptHooks:
    settings = ground.settings
    return ScriptHooks(
        {name: signature_of(name, function) for name, function in service_methods().items()},
        settings.scripts,
        scripts_folder(settings),
        plain_values(settings),
        agenda=ground.store.agenda,
        sealer=ground.sealer,
        clock=ground.clock,
        observer=ground.observer,
        answers=Answers(verbs.table()),
    )
