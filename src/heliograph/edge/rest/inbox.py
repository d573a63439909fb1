"""A user's own inbox over HTTP: pages, counting, marking as read, answering, and the live stream (server-sent events)."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from heliograph.core.access import Scope
from heliograph.core.answer import YesNo
from heliograph.core.delivery import InboxItem
from heliograph.core.errors import Malformed, NotFound
from heliograph.core.moments import iso_time
from heliograph.edge.auth import Authenticator
from heliograph.edge.http.address import base_url
from heliograph.edge.rest.bodies import json_body
from heliograph.edge.rest.own import answered, as_json, id_in_path, positive, signed_in
from heliograph.edge.rest.streams import Streams, once
from heliograph.intake.inbox import PAGE_MAX, InboxService
from heliograph.intake.services import Services

PATH = "/api/v2/inbox"
_PAGE = 50

_STREAM_HEADERS = {
    "cache-control": "no-store",
    "x-accel-buffering": "no",  # a buffering proxy would hold the events back
    "x-content-type-options": "nosniff",
}


def item_json(item: InboxItem, answer: YesNo | None = None) -> dict[str, Any]:
    """An item as its reader gets it; `state` is unread, read or answered, `time` is UTC. A stream does not tell answers."""
    return {
        "id": item.id,
        "title": item.title,
        "body": item.body,
        "url": item.url,
        "type": item.type,
        "data": item.data,
        "state": item.state.value,
        "answer": answer,
        "time": iso_time(item.time),
    }


def event(item: InboxItem) -> bytes:
    """The item as one server-sent event."""
    return b"event: message\nid: %d\ndata: %b\n\n" % (item.id, msgspec.json.encode(item_json(item)))


class Given(msgspec.Struct):
    """The body of an answer."""

    answer: str


class InboxApi:
    """The endpoints under /api/v2/inbox."""

    def __init__(
        self,
        inbox: InboxService,
        services: Services,
        authenticator: Authenticator,
        streams: Streams,
        *,
        public_url: str = "",
    ) -> None:
        self._inbox = inbox
        self._services = services
        self._authenticator = authenticator
        self._streams = streams
        self._event = once(event)
        self._public_url = public_url

    def routes(self) -> list[Route]:
        """Verb by verb; what is not here is a 405."""
        return [
            Route(PATH, answered(self.page), methods=["GET"]),
            Route(f"{PATH}/stream", answered(self.stream), methods=["GET"]),
            Route(f"{PATH}/unread", answered(self.unread), methods=["GET"]),
            Route(f"{PATH}/{{id}}/read", answered(self.read), methods=["POST"]),
            Route(f"{PATH}/{{id}}/answer", answered(self.answer), methods=["POST"]),
        ]

    async def page(self, request: Request) -> Response:
        """`{"items": [...], "next": link or null}`, newest first; `limit` (at most 500) and `before` (an id)."""
        caller = await signed_in(request, self._authenticator, Scope.INBOX)
        limit = min(positive(request, "limit", _PAGE) or _PAGE, PAGE_MAX)
        before = positive(request, "before", None)
        items, further = await self._inbox.page(caller, before_id=before, limit=limit)
        link = None
        if further is not None:
            link = f"{base_url(request.scope, self._public_url)}{PATH}?before={further}&limit={limit}"
        return as_json({"items": await self._told(items), "next": link})

    async def unread(self, request: Request) -> Response:
        """`{"unread": n}`."""
        caller = await signed_in(request, self._authenticator, Scope.INBOX)
        return as_json({"unread": await self._inbox.unread(caller)})

    async def read(self, request: Request) -> Response:
        """Mark one item as read, which is the receipt of its delivery; the item as it now is."""
        caller = await signed_in(request, self._authenticator, Scope.INBOX)
        [told] = await self._told([await self._inbox.mark_read(caller, _item_id(request))])
        return as_json(told)

    async def answer(self, request: Request) -> Response:
        """Answer a question: `{"answer": "yes"}` or `no`; the item as it now is. 409 when the other was answered before."""
        caller = await signed_in(request, self._authenticator, Scope.INBOX)
        given = await json_body(request, Given)
        item = await self._inbox.item(caller, _item_id(request))
        arguments = {"message_id": item.message_id, "delivery_id": item.delivery_id, "answer": given.answer}
        await self._services.call("AnswerQuestion", arguments, caller)
        [told] = await self._told([await self._inbox.item(caller, item.id)])
        return as_json(told)

    async def _told(self, items: list[InboxItem]) -> list[dict[str, Any]]:
        given = await self._inbox.given(items)
        return [item_json(item, given.get(item.id)) for item in items]

    async def stream(self, request: Request) -> Response:
        """Items as they come; with Last-Event-ID first those that came after it."""
        caller = await signed_in(request, self._authenticator, Scope.INBOX)
        after = last_id(request.headers.get("last-event-id", ""))
        if after is None:  # decided before the headers go out: whoever has them misses nothing from then on
            newest, _ = await self._inbox.page(caller, before_id=None, limit=1)
            after = newest[0].id if newest else 0

        async def still_welcome() -> None:
            await signed_in(request, self._authenticator, Scope.INBOX)

        events = self._streams.open(self._inbox.stream(caller, after_id=after), self._event, still_welcome)
        return StreamingResponse(events, media_type="text/event-stream", headers=_STREAM_HEADERS)


def _item_id(request: Request) -> int:
    item_id = id_in_path(request)
    if item_id is None:
        raise NotFound("There is no such item in this inbox.")
    return item_id


def last_id(text: str) -> int | None:
    """The id that a stream is to go on after; None when none is named. Raises Malformed."""
    text = text.strip()
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise Malformed("Last-Event-ID must be the id of an item.")
    return int(text)
