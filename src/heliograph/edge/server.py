"""The ASGI application: the hot routes in plain code, everything else through a small router.

The agents (SOAP and JSON) and the push are matched and answered here without a framework; pages
and the reading side go to Starlette.
"""

from __future__ import annotations

import asyncio
import itertools
import re
import time
from collections.abc import Mapping
from typing import Protocol

import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from heliograph.config.settings import Settings
from heliograph.core.errors import HeliographError, NotSupported, Unavailable, UnknownRoute
from heliograph.core.ports import Directory
from heliograph.edge import dry_run
from heliograph.edge.agents.endpoint import AgentsDoor
from heliograph.edge.auth import Authenticator
from heliograph.edge.console.pages import Console
from heliograph.edge.contract.versions import AGENT_NAMES, has_agent
from heliograph.edge.http.access import Watched, record
from heliograph.edge.http.address import base_url
from heliograph.edge.http.messages import (
    ASGI,
    WHOLE_ANSWER,
    Answer,
    Disconnected,
    Receive,
    Scope,
    Send,
    check_head,
    header_map,
    read_body,
    send_answer,
)
from heliograph.edge.inbox.pages import InboxPages
from heliograph.edge.metrics import MetricsPage
from heliograph.edge.openapi.pages import ApiPages
from heliograph.edge.pages import Health, Pages, not_found
from heliograph.edge.rest.answers import AnswerPages
from heliograph.edge.rest.callbacks import CallbackPages
from heliograph.edge.rest.devices import DevicesApi
from heliograph.edge.rest.family.door import FamilyApi
from heliograph.edge.rest.formats import wanted_format
from heliograph.edge.rest.inbox import InboxApi
from heliograph.edge.rest.ledger import MessagesApi
from heliograph.edge.rest.own import as_response
from heliograph.edge.rest.push import PushDoor
from heliograph.edge.rest.socket import SOCKET_PATH, InboxSocket
from heliograph.edge.rest.status import failure_answer
from heliograph.edge.rest.streams import Streams
from heliograph.edge.soap.wsdl import document
from heliograph.intake.answer_links import AnswerLinks
from heliograph.intake.answers import AnswerService
from heliograph.intake.applications import Applications
from heliograph.intake.callbacks import Callbacks
from heliograph.intake.devices import DeviceService
from heliograph.intake.dry_run import DryRuns
from heliograph.intake.groups import GroupService
from heliograph.intake.guesses import PEER
from heliograph.intake.inbox import InboxService
from heliograph.intake.once import Once, Reply
from heliograph.intake.query import Query
from heliograph.intake.roster import RosterService
from heliograph.intake.services import Services
from heliograph.intake.sign_in import Entropy, SignIn
from heliograph.intake.webhooks import WebhookService
from heliograph.intake.zones import Zones
from heliograph.observe.metrics import Metrics
from heliograph.observe.tally import Tally

PUSH_PATHS = frozenset({"/api/v2/push", "/api/v2/push/"})
_JSON_AGENT = re.compile(r"(?:/cust([0-9]{1,9}))?/api/v1/agents(?:/([a-z]{1,40})(?:/([a-z]{1,60}))?)?/?", re.ASCII)
_AGENT = re.compile(r"(?:/cust([0-9]{1,9}))?/remote/services([0-9]{2})/([a-z]{1,40})\.svc", re.ASCII)

_STOPPING = "The gateway is stopping; whether it took this call is not known. Try again shortly."
_NOT_DRY = "SOAP has no dry run, and nothing was sent: ask by the JSON agents."
_PLAIN = "text/plain; charset=utf-8"

Address = tuple[int | None, int, str]  # company in the path or None, service version, agent

log = structlog.get_logger(__name__)


class Soap(Protocol):
    """The SOAP door, as the server uses it. Every failure of a call is an answer of its own."""

    async def post(
        self, tenant: int | None, version: int, agent: str, headers: Mapping[str, str], body: bytes
    ) -> Reply:
        """Answer a call; version and agent exist."""

    def refuse(self, headers: Mapping[str, str], error: HeliographError) -> Reply:
        """The Fault for what is refused before the body is read."""


class Gateway:
    """The ASGI callable. Call `streams.stop()` before the server is stopped, so that open streams end at once."""

    def __init__(
        self,
        *,
        soap: Soap,
        push: PushDoor,
        agents: AgentsDoor,
        inbox: InboxApi,
        inbox_pages: InboxPages,
        answers: AnswerPages,
        devices: DevicesApi,
        family: FamilyApi,
        callbacks: CallbackPages,
        messages: MessagesApi,
        metrics: MetricsPage,
        tally: Tally,
        console: Console,
        pages: Pages,
        api: ApiPages,
        socket: InboxSocket,
        streams: Streams,
        body_limit: int,
        public_url: str = "",
        access_log: bool = False,
    ) -> None:
        self._soap = soap
        self._push = push
        self._agents = agents
        self.streams = streams
        self._tally = tally
        self._socket = socket
        self._body_limit = body_limit
        self._public_url = public_url
        self._access_log = access_log
        self._ids = itertools.count(1)
        self._run = f"{time.time_ns() // 1_000_000:x}"
        self.routes = [
            *pages.routes(),
            *api.routes(),
            *inbox.routes(),
            *inbox_pages.routes(),
            *answers.routes(),
            *devices.routes(),
            *family.routes(),
            *callbacks.routes(),
            *messages.routes(),
            *metrics.routes(),
            *console.routes(),
        ]  # all but the hot ones
        self._router = _router(self.routes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; also lifespan and WebSocket scopes, for servers that insist on them."""
        if scope["type"] == "websocket" and scope.get("path", "").lower() == SOCKET_PATH:
            await self._socket(scope, receive, send)
        elif scope["type"] != "http":
            await _not_http(scope, receive, send)
        elif self._access_log:
            await self._recorded(scope, receive, send)
        else:
            await self._serve(scope, receive, send, next(self._ids))

    async def _recorded(self, scope: Scope, receive: Receive, send: Send) -> None:
        number, started, watched = next(self._ids), time.perf_counter(), Watched(send)
        scope.get("extensions", {}).pop(WHOLE_ANSWER, None)  # what is recorded is what goes through `watched`
        try:
            await self._serve(scope, receive, watched, number)
        finally:
            record(scope, watched.status, time.perf_counter() - started, self._name(number))

    def _name(self, number: int) -> str:
        return f"{self._run}-{number}"

    async def _serve(self, scope: Scope, receive: Receive, send: Send, number: int) -> None:
        path, began = scope["path"].lower(), time.perf_counter()
        PEER.set((scope.get("client") or ("",))[0])
        try:
            if path in PUSH_PATHS:
                answer = await self._push_answer(scope, receive, number)
                self._tally.add("push", answer.status, time.perf_counter() - began)
                await send_answer(scope, send, answer)
            elif matched := _AGENT.fullmatch(path):
                answer = await self._soap_answer(matched, scope, receive, number)
                self._tally.add("soap", answer.status, time.perf_counter() - began)
                await send_answer(scope, send, answer)
            elif matched := _JSON_AGENT.fullmatch(path):
                answer = await self._agents_answer(matched, scope, receive, number)
                self._tally.add("agents", answer.status, time.perf_counter() - began)
                await send_answer(scope, send, answer)
            else:
                await self._router(scope, receive, send)
        except Disconnected:
            return

    async def _push_answer(self, scope: Scope, receive: Receive, number: int) -> Answer:
        headers, query = header_map(scope), scope["query_string"]
        if scope["method"] != "POST":
            format = wanted_format(query, headers.get("accept", ""), "")
            return failure_answer(UnknownRoute("This address takes POST alone.", allow="POST"), format)
        try:
            return await self._push.post(headers, query, lambda limit: read_body(receive, limit))
        except Disconnected:
            raise
        except asyncio.CancelledError:
            self._must_be_stopping()
            format = wanted_format(query, headers.get("accept", ""), headers.get("content-type", ""))
            return failure_answer(Unavailable(_STOPPING), format)
        except Exception as error:
            beside = self._unexpected(error, scope, number)
            format = wanted_format(query, headers.get("accept", ""), headers.get("content-type", ""))
            return failure_answer(error, format, headers=beside)

    async def _soap_answer(self, matched: re.Match[str], scope: Scope, receive: Receive, number: int) -> Answer:
        tenant, version, agent = matched.groups()
        address = int(tenant) if tenant else None, int(version), AGENT_NAMES.get(agent, agent)
        if scope["method"] in ("GET", "HEAD"):
            return self._description(address, scope)
        if scope["method"] != "POST":
            return Answer(
                405, _PLAIN, b"POST calls the agent, GET ?wsdl describes it.\n", (("allow", "GET, HEAD, POST"),)
            )
        headers = header_map(scope)
        try:
            if not has_agent(*address[1:]):
                raise UnknownRoute(f"There is no agent {address[2]} in Services{address[1]}.")
            check_head(headers, self._body_limit)
            if dry_run.asked(scope["query_string"]):
                raise NotSupported(_NOT_DRY)
            body = await read_body(receive, self._body_limit)
            return Answer(*await self._soap.post(*address, headers, body))
        except HeliographError as error:
            return Answer(*self._soap.refuse(headers, error))
        except Disconnected:
            raise
        except asyncio.CancelledError:
            self._must_be_stopping()
            return Answer(*self._soap.refuse(headers, Unavailable(_STOPPING)))
        except Exception as error:
            beside = self._unexpected(error, scope, number)
            status, kind, fault, _ = self._soap.refuse(headers, HeliographError())
            return Answer(status, kind, fault, beside)

    async def _agents_answer(self, matched: re.Match[str], scope: Scope, receive: Receive, number: int) -> Answer:
        tenant, agent, method = matched.groups("")
        headers = header_map(scope)
        if scope["method"] in ("GET", "HEAD"):
            return self._agents.describe(agent, method, headers)
        if scope["method"] != "POST":
            return self._agents.refuse(
                headers, UnknownRoute("POST calls the method, GET describes it.", allow="GET, HEAD, POST")
            )
        credentials = [value.decode("latin-1") for name, value in scope["headers"] if name == b"authorization"]
        query, company = scope["query_string"], int(tenant) if tenant else None
        try:
            return await self._agents.post(
                company, agent, method, headers, credentials, query, lambda limit: read_body(receive, limit)
            )
        except Disconnected:
            raise
        except asyncio.CancelledError:
            self._must_be_stopping()
            return self._agents.refuse(headers, Unavailable(_STOPPING))
        except Exception as error:
            return self._agents.refuse(headers, error, *self._unexpected(error, scope, number))

    def _description(self, address: Address, scope: Scope) -> Answer:
        """GET on an agent's address: its WSDL and schemas."""
        tenant, version, agent = address
        if not has_agent(version, agent):
            return Answer(404, _PLAIN, b"There is no such agent in this version.\n")
        company = f"/Cust{tenant}" if tenant else ""
        own = f"{base_url(scope, self._public_url)}{company}/Remote/Services{version}/{agent}.svc"
        try:
            text = document(version, agent, scope["query_string"].decode("latin-1"), own)
        except UnknownRoute as error:
            return Answer(404, _PLAIN, f"{error.detail}\n".encode())
        return Answer(200, "text/xml; charset=utf-8", text, (("x-content-type-options", "nosniff"),))

    def _must_be_stopping(self) -> None:
        """A request is cut off only when the server stops and `server.drain` has run out: then it is answered."""
        if not self.streams.stopped:
            raise asyncio.CancelledError

    def _unexpected(self, error: Exception, scope: Scope, number: int) -> tuple[tuple[str, str], ...]:
        """Log it under the request's id, which the answer names."""
        name = self._name(number)
        log.error("request failed", exc_info=error, request_id=name, method=scope["method"], path=scope["path"])
        return (("heliograph-request-id", name),)


def _router(routes: list[Route]) -> ASGI:
    handlers = {HTTPException: _no_such_route}
    app = Starlette(routes=routes, exception_handlers=handlers)  # type: ignore[arg-type]
    app.router.redirect_slashes = False  # a wrong address is told, not guessed at
    return app


async def _no_such_route(request: Request, error: HTTPException) -> Response:
    """An address or verb that is none: 405 within the API (contract rest-push, section 2), 404 elsewhere."""
    allow = (error.headers or {}).get("Allow", "")
    if request.url.path.lower().startswith("/api/"):
        accept = request.headers.get("accept", "")
        format = wanted_format(request.scope["query_string"], accept, request.headers.get("content-type", ""))
        return as_response(failure_answer(UnknownRoute(allow=allow), format))
    if error.status_code == 405:
        headers = {"allow": allow, "x-content-type-options": "nosniff"}
        return PlainTextResponse("This address does not take that verb.\n", 405, headers)
    return not_found()


async def _not_http(scope: Scope, receive: Receive, send: Send) -> None:
    """Lifespan is acknowledged (start and stop are not its business here); a WebSocket is declined."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1000})
        return
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


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
    """The gateway's HTTP side from the parts behind it."""
    streams = streams or Streams()
    authenticator = Authenticator(sign_in, entropy)
    server, limit, zones = settings.server, settings.server.body_limit, Zones(settings.soap.time_zones)
    return Gateway(
        soap=soap,
        push=PushDoor(services, sign_in, once, directory, settings.rest, dry_runs=dry_runs, body_limit=limit),
        agents=AgentsDoor(services, authenticator, applications, once, zones, dry_runs=dry_runs, body_limit=limit),
        inbox=InboxApi(inbox, services, authenticator, streams, public_url=server.public_url),
        inbox_pages=InboxPages(
            sign_in, directory, stay=settings.tickets.stay, push_key=push_key, public_url=server.public_url
        ),
        answers=AnswerPages(answering, links, services, directory),
        devices=DevicesApi(devices, services, authenticator),
        family=FamilyApi(sign_in, authenticator, roster, groups, webhooks, directory, settings.rest),
        callbacks=CallbackPages(callbacks),
        messages=MessagesApi(query, authenticator),
        metrics=MetricsPage(metrics.render, sign_in, streams, settings),
        tally=metrics.tally,
        console=console,
        pages=Pages(health, version),
        api=ApiPages(version, public_url=server.public_url),
        socket=InboxSocket(inbox, authenticator, streams),
        streams=streams,
        body_limit=server.body_limit,
        public_url=server.public_url,
        access_log=settings.log.level.lower() == "debug",
    )
