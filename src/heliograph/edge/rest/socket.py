"""A user's inbox as a WebSocket: the same items as the event stream, for clients that would rather have one.

A browser cannot send headers with a WebSocket, so its ticket may come as a subprotocol: `ticket.` and the ticket in
base64url, beside `heliograph.inbox`, which is the one that is agreed on. A ticket never stands in the address.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing, suppress

import msgspec
import structlog

from heliograph.core import base64url
from heliograph.core.delivery import InboxItem
from heliograph.core.errors import HeliographError, Malformed, NotAllowed, NotAuthenticated
from heliograph.core.people import Caller, Door
from heliograph.edge.auth import Authenticator
from heliograph.edge.http.messages import Answer, Receive, Scope, Send, header_map
from heliograph.edge.rest.formats import Format
from heliograph.edge.rest.inbox import PATH, item_json, last_id
from heliograph.edge.rest.status import failure_answer
from heliograph.edge.rest.streams import Streams, once
from heliograph.intake.inbox import InboxService

SOCKET_PATH = f"{PATH}/socket"
SUBPROTOCOL = "heliograph.inbox"
_TICKET = "ticket."
_HELLO = b'{"type":"hello"}'
_STILL_HERE = b'{"type":"still here"}'
_GOING_AWAY, _NO_LONGER = 1001, 1008  # RFC 6455, section 7.4.1

log = structlog.get_logger(__name__)


def message(item: InboxItem) -> bytes:
    """The item as one text message."""
    return msgspec.json.encode({"type": "item", "item": item_json(item)})


class InboxSocket:
    """The ASGI application for the one WebSocket there is."""

    def __init__(self, inbox: InboxService, authenticator: Authenticator, streams: Streams) -> None:
        self._inbox = inbox
        self._authenticator = authenticator
        self._streams = streams
        self._message = once(message)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse with an HTTP answer, or accept and send until either side ends. What a client says is dropped."""
        await receive()  # websocket.connect
        try:
            caller = await self._caller(scope)
            after = await self._after(scope, caller)
        except HeliographError as error:
            await _refuse(send, failure_answer(error, Format.JSON))
            return
        agreed = SUBPROTOCOL if SUBPROTOCOL in scope["subprotocols"] else None
        await send({"type": "websocket.accept", "subprotocol": agreed})
        sending = asyncio.create_task(self._send_items(scope, caller, after, send))
        hearing = asyncio.create_task(_until_gone(receive))
        try:
            await asyncio.wait([sending, hearing], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (sending, hearing):
                task.cancel()
            await asyncio.gather(sending, hearing, return_exceptions=True)

    async def _send_items(self, scope: Scope, caller: Caller, after: int, send: Send) -> None:
        async def still_welcome() -> None:
            await self._caller(scope)

        items = self._inbox.stream(caller, after_id=after)
        pieces = self._streams.open(items, self._message, still_welcome, hello=_HELLO, comment=_STILL_HERE)
        with suppress(OSError):  # the other side is gone
            async with aclosing(pieces):  # type: ignore[type-var]
                async for piece in pieces:
                    await send({"type": "websocket.send", "text": piece.decode()})
            code = _GOING_AWAY if self._streams.stopped else _NO_LONGER
            await send({"type": "websocket.close", "code": code})

    async def _caller(self, scope: Scope) -> Caller:
        """Raises NotAuthenticated, and NotAllowed for a page of another site that a browser lends a remembered password."""
        given = [value for name, value in scope["headers"] if name.lower() == b"authorization"]
        tickets = [word[len(_TICKET) :] for word in scope["subprotocols"] if word.startswith(_TICKET)]
        if len(given) + len(tickets) > 1:
            raise NotAuthenticated("There is more than one credential.")
        if tickets:
            return await self._authenticator.caller(f"SOTicket {_plain(tickets[0])}", Door.REST)
        if header_map(scope).get("sec-fetch-site") == "cross-site":
            raise NotAllowed("Pages of other sites may not use this address.")
        return await self._authenticator.caller(given[0].decode("latin-1") if given else "", Door.REST)

    async def _after(self, scope: Scope, caller: Caller) -> int:
        """Where to go on: after the id that Last-Event-ID or `after` names, else after the newest item of this moment."""
        headers = {name.lower(): value for name, value in header_map(scope).items()}
        query = scope["query_string"].decode("latin-1")
        named = query.removeprefix("after=")
        if query and named == query:
            raise Malformed("The address takes after=ID and nothing else.")
        found = last_id(headers.get("last-event-id", "") or named)
        if found is not None:
            return found
        newest, _ = await self._inbox.page(caller, before_id=None, limit=1)
        return newest[0].id if newest else 0


def _plain(ticket: str) -> str:
    try:
        return base64url.decode(ticket).decode("ascii")
    except ValueError:
        raise NotAuthenticated("The ticket is not in base64url.") from None


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "websocket.disconnect":
        pass


async def _refuse(send: Send, answer: Answer) -> None:
    headers = [(b"content-type", answer.content_type.encode("latin-1"))]
    headers += [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers]
    await send({"type": "websocket.http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": answer.body})
