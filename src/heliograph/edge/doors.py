"""Every door of the gateway, made of the parts behind it: what is where, and who may use what."""

from __future__ import annotations

from heliograph.config.settings import Settings
from heliograph.core.ports import Directory
from heliograph.edge.agents.endpoint import AgentsDoor
from heliograph.edge.auth import Authenticator
from heliograph.edge.console.pages import Console
from heliograph.edge.inbox.pages import InboxPages
from heliograph.edge.metrics import MetricsPage
from heliograph.edge.openapi.pages import ApiPages
from heliograph.edge.pages import Health, Pages
from heliograph.edge.rest.answers import AnswerPages
from heliograph.edge.rest.callbacks import CallbackPages
from heliograph.edge.rest.devices import DevicesApi
from heliograph.edge.rest.family.door import FamilyApi
from heliograph.edge.rest.inbox import InboxApi
from heliograph.edge.rest.ledger import MessagesApi
from heliograph.edge.rest.push import PushDoor
from heliograph.edge.rest.socket import InboxSocket
from heliograph.edge.rest.streams import Streams
from heliograph.edge.server import Gateway, Soap
from heliograph.intake.answer_links import AnswerLinks
from heliograph.intake.answers import AnswerService
from heliograph.intake.applications import Applications
from heliograph.intake.callbacks import Callbacks
from heliograph.intake.devices import DeviceService
from heliograph.intake.dry_run import DryRuns
from heliograph.intake.groups import GroupService
from heliograph.intake.inbox import InboxService
from heliograph.intake.once import Once
from heliograph.intake.query import Query
from heliograph.intake.roster import RosterService
from heliograph.intake.services import Services
from heliograph.intake.sign_in import Entropy, SignIn
from heliograph.intake.webhooks import WebhookService
from heliograph.intake.zones import Zones
from heliograph.observe.metrics import Metrics


def build(
    settings: Settings,
    *,
    services: Services,
    dry_runs: DryRuns,
    sign_in: SignIn,
    applications: Applications,
    once: Once,
    directory: Directory,
    inbox: InboxService,
    answering: AnswerService,
    links: AnswerLinks,
    devices: DeviceService,
    query: Query,
    roster: RosterService,
    groups: GroupService,
    webhooks: WebhookService,
    callbacks: Callbacks,
    soap: Soap,
    metrics: Metrics,
    console: Console,
    health: Health,
    entropy: Entropy,
    version: str,
    push_key: str = "",
    streams: Streams | None = None,
) -> Gateway:
    """The gateway's HTTP side from the parts behind it. A door that is not hot is here alone."""
    streams = streams or Streams()
    authenticator = Authenticator(sign_in, entropy)
    server, limit, zones = settings.server, settings.server.body_limit, Zones(settings.soap.time_zones)
    doors = (
        Pages(health, version),
        ApiPages(version, public_url=server.public_url),
        InboxApi(inbox, services, authenticator, streams, public_url=server.public_url),
        InboxPages(sign_in, directory, stay=settings.tickets.stay, push_key=push_key, public_url=server.public_url),
        AnswerPages(answering, links, services, directory),
        DevicesApi(devices, services, authenticator),
        FamilyApi(sign_in, authenticator, roster, groups, webhooks, directory, settings.rest),
        CallbackPages(callbacks),
        MessagesApi(query, authenticator),
        MetricsPage(metrics.render, sign_in, streams, settings),
        console,
    )
    return Gateway(
        soap=soap,
        push=PushDoor(services, sign_in, once, directory, settings.rest, dry_runs=dry_runs, body_limit=limit),
        agents=AgentsDoor(services, authenticator, applications, once, zones, dry_runs=dry_runs, body_limit=limit),
        socket=InboxSocket(inbox, authenticator, streams),
        routes=[route for door in doors for route in door.routes()],
        tally=metrics.tally,
        streams=streams,
        body_limit=limit,
        public_url=server.public_url,
        access_log=settings.log.level.lower() == "debug",
    )
