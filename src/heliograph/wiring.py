"""What the composition root makes of several pieces: the services that send, event notifications, and the checks of settings against the machine."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from heliograph.channels.transport import GuardedTransport
from heliograph.channels.webhook.events import EventChannel
from heliograph.config.channels import fallbacks
from heliograph.config.settings import Settings
from heliograph.core.errors import BadSetting
from heliograph.core.ports import Channels, Clock, Directory, Observer, Passwords, Results, Sealer, Transport
from heliograph.core.webhooks import ANSWER_KEPT, CHANNEL
from heliograph.dispatch.fallback import SecondWayWatch
from heliograph.dispatch.fan_out import FanOut
from heliograph.intake.answer_reports import AnswerReports
from heliograph.intake.answers import AnswerService
from heliograph.intake.fallback import SecondWays
from heliograph.intake.hints import Hints
from heliograph.intake.messaging import MessagingService
from heliograph.intake.methods import handlers
from heliograph.intake.push import PushService
from heliograph.intake.quotas import Quotas
from heliograph.intake.services import Handler
from heliograph.intake.statuses import StatusService
from heliograph.intake.submit import Intake
from heliograph.intake.webhooks import WebhookService
from heliograph.observe.counters import Counters
from heliograph.store.sqlite import SqliteStore
from heliograph.system.entropy import entropy
from heliograph.system.resolver import SystemResolver

NOTICES_EVERY = 0.25  # seconds between looks for events that have happened


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What everything else stands on."""

    settings: Settings
    clock: Clock
    store: SqliteStore
    directory: Directory
    sealer: Sealer
    passwords: Passwords
    counters: Counters
    observer: Observer


@dataclass(frozen=True, kw_only=True)
class Notifications:
    """Event notifications: who looks after endpoints, who makes notices of events, and the channel that carries them."""

    service: WebhookService
    fan_out: FanOut
    channel: EventChannel

    async def trouble(self) -> dict[str, int]:
        """How many endpoints fail, and how many were disabled for it. Raises Unavailable."""
        return await self.service.trouble()

    def beside(self, channels: Channels) -> Channels:
        """What dispatch carries. Callers do not get to see this channel: nobody sends messages by it."""
        return {**channels, CHANNEL: self.channel}


def notifications(ground: Ground, transport: Transport) -> Notifications:
    """Wired, and not started."""
    settings, store, sealer, clock = ground.settings.webhooks, ground.store, ground.sealer, ground.clock
    channel = EventChannel(settings, store.webhooks, sealer, transport, clock)
    return Notifications(
        service=WebhookService(store.webhooks, channel, store.outbox, store.queue, sealer, clock, entropy, settings),
        fan_out=FanOut(store.webhooks, store.queue, clock, NOTICES_EVERY),
        channel=channel,
    )


@dataclass(frozen=True, kw_only=True)
class Senders:
    """The services that send and are told what became of it, with the limits they keep and the second ways they plan."""

    intake: Intake
    push: PushService
    messaging: MessagingService
    at_once: MessagingService  # does not wait for first attempts: for scripts, whose time is too short
    over: Callable[[Intake], Mapping[str, Handler]]  # the methods that send, over another intake: for dry runs
    statuses: StatusService
    answering: AnswerService
    quotas: Quotas
    watch: Callable[[Callable[[], Mapping[str, str]]], SecondWayWatch]  # from why channels are paused

    @property
    def services(self) -> tuple[object, ...]:
        """Those whose methods callers may call."""
        return (self.push, self.messaging, self.statuses, self.answering)


def senders(ground: Ground, results: Results, channels: Channels) -> Senders:
    """Wired, and nothing started. Raises BadSetting for fallbacks that cannot be."""
    settings, store, directory = ground.settings, ground.store, ground.directory
    clock, observer = ground.clock, ground.observer
    intake = Intake(store.outbox, store.queue, results, clock, observer)
    ways = fallbacks(settings.channels)
    quotas = Quotas(settings.quotas, channels, store.usage, clock, observer)
    second_ways = SecondWays(ways, channels, directory, quotas.price_of)
    messaging = partial(
        MessagingService,
        outbox=store.outbox,
        results=results,
        channels=channels,
        sealer=ground.sealer,
        second_ways=second_ways,
    )
    hints = Hints(channels, observer)
    at_once = settings.messaging.model_copy(update={"wait": 0.0})
    reports = AnswerReports(intake, channels, settings.push)

    def over(other: Intake) -> Mapping[str, Handler]:
        unseen = Quotas(settings.quotas, channels, store.usage, clock)  # takes nothing of what the real one counts
        push = PushService(other, directory, settings.push, second_ways, unseen)
        return handlers(push, messaging(other, settings=at_once, quotas=unseen))

    return Senders(
        intake=intake,
        push=PushService(intake, directory, settings.push, second_ways, quotas),
        messaging=messaging(intake, settings=settings.messaging, quotas=quotas, hints=hints),
        at_once=messaging(intake, settings=at_once, quotas=quotas, hints=hints),
        over=over,
        statuses=StatusService(store.outbox, channels, clock, settings.messaging),
        answering=AnswerService(store.outbox, store.answers, clock, settings.push, observer, reports),
        quotas=quotas,
        watch=lambda paused: SecondWayWatch(store.standbys, ways, paused, observer, clock),
    )


def brief_transport(settings: Settings) -> Transport:
    """The guarded way out once more, that reads no more of an endpoint's answer than is kept: 4 KiB."""
    outbound = settings.outbound.model_copy(update={"max_reply": ANSWER_KEPT})
    return GuardedTransport(outbound, SystemResolver(), roots=roots(settings))


def roots(settings: Settings) -> bytes:
    """The operator's own certificate authorities. Raises BadSetting when the file cannot be used."""
    file = settings.outbound.ca_file
    if file is None:
        return b""
    try:
        pem = file.read_bytes()
        ssl.create_default_context(cadata=pem.decode("ascii"))
    except (OSError, UnicodeDecodeError, ssl.SSLError) as error:
        raise BadSetting(f"outbound.ca_file: {file} cannot be used ({type(error).__name__}).") from None
    return pem


def prepare(folder: Path) -> None:
    """Make the data folder, for its owner alone. Raises BadSetting when it cannot be used."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise BadSetting(f"data_dir: {folder} cannot be used ({error.strerror}).") from None


def check_names(settings: Settings, channels: Channels) -> None:
    """Channels that other settings name must be configured. Raises BadSetting."""
    named = {
        "push.inbox": settings.push.inbox,
        "push.answers": settings.push.answers,
        "messaging.default_plugin": settings.messaging.default_plugin,
        **{f"push.routes.{platform}": channel for platform, channel in settings.push.routes.items()},
    }
    for key, channel in named.items():
        if channel and channel not in channels:
            raise BadSetting(f"{key}: there is no channel {channel!r}. Configured: {', '.join(channels) or 'none'}.")
