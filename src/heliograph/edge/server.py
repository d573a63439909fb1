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
from starlette.routing import Route

from heliograph.core.errors import HeliographError, NotSupported, Unavailable, UnknownRoute
from heliograph.edge import dry_run
from heliograph.edge.agents.endpoint import AgentsDoor
from heliograph.edge.contract.versions import AGENT_NAMES, has_agent
from heliograph.edge.http.access import Watched, record
from heliograph.edge.http.address import base_url
from heliograph.edge.http.messages import (
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
from heliograph.edge.rest.formats import wanted_format
from heliograph.edge.rest.push import PushDoor
from heliograph.edge.rest.socket import SOCKET_PATH, InboxSocket
from heliograph.edge.rest.status import failure_answer
from heliograph.edge.rest.streams import Streams
from heliograph.edge.router import router
from heliograph.edge.soap.wsdl import document
from heliograph.intake.guesses import PEER
from heliograph.intake.once import Reply
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
        socket: InboxSocket,
        routes: list[Route],
        tally: Tally,
        streams: Streams,
        body_limit: int,
        public_url: str = "",
        access_log: bool = False,
    ) -> None:
        """`routes` are the addresses that are not hot."""
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
        self.routes = routes
        self._router = router(routes)

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
