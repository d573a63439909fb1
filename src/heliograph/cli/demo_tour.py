"""The demo's tour: send each request over real HTTP, follow its message through the store, find it in the inbox."""

from __future__ import annotations

import asyncio
import http.client
import json
import time
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec

from heliograph.cli.demo_calls import DemoCall
from heliograph.core.lifecycle import SETTLED
from heliograph.intake.query import MessageView

if TYPE_CHECKING:
    from heliograph.app import Heliograph

_PATIENCE = 15.0  # seconds for one request, and for one message to arrive
_LOOK_EVERY = 0.01  # seconds between looks


class Travelled(msgspec.Struct, frozen=True, kw_only=True):
    """How one request travelled; times are ms from the moment it left."""

    call: DemoCall
    status: int
    answered: float
    message_id: int = 0
    accepted: float | None = None  # on disk
    state: str = ""
    settled: float | None = None
    seen: float | None = None  # when the recipient's request for the inbox had shown it
    trouble: str = ""


async def travel(gateway: Heliograph, url: str, call: DemoCall, ticket: str) -> Travelled:
    """Send the request and follow it to the recipient's inbox; `ticket` is the recipient's."""
    before = await _newest(gateway)
    began = time.time() * 1000
    clock = time.perf_counter()
    status, body = await request(url, "POST", call.path, {"Content-Type": call.content_type}, call.body)
    answered = (time.perf_counter() - clock) * 1000
    view = await _settled(gateway, before, call)
    if view is None:
        trouble = body.decode("utf-8", "replace").strip() or "the answer is empty"
        return Travelled(call=call, status=status, answered=answered, trouble=trouble)
    [delivery] = view.deliveries
    item = await _item(url, call, ticket, since=began)
    return Travelled(
        call=call,
        status=status,
        answered=answered,
        message_id=view.message.id,
        accepted=view.message.created_at - began,
        state=delivery.state.value,
        settled=delivery.updated_at - began,
        seen=(time.perf_counter() - clock) * 1000 if item else None,
        trouble="" if item else f"the inbox does not show it; delivery: {delivery.detail or delivery.state}",
    )


async def request(url: str, method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> tuple[int, bytes]:
    """One HTTP request on a connection of its own: status and body."""

    def work() -> tuple[int, bytes]:
        where = urlsplit(url)
        connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=_PATIENCE)
        try:
            connection.request(method, path, body=body or None, headers=dict(headers))
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    return await asyncio.to_thread(work)


async def _newest(gateway: Heliograph) -> int:
    newest = await gateway.query.messages(limit=1)
    return newest[0].message.id if newest else 0


async def _settled(gateway: Heliograph, before: int, call: DemoCall) -> MessageView | None:
    """The message this call brought, once its one delivery to the recipient has settled; None when none came."""
    end = time.monotonic() + _PATIENCE
    while True:
        views = [view for view in await gateway.query.messages(limit=5) if view.message.id > before]
        mine = [
            view
            for view in views
            if len(view.deliveries) == 1 and view.deliveries[0].associate_id == call.recipient.associate_id
        ]
        if not mine or mine[0].deliveries[0].state in SETTLED or time.monotonic() > end:
            return mine[0] if mine else None
        await asyncio.sleep(_LOOK_EVERY)


async def _item(url: str, call: DemoCall, ticket: str, *, since: float) -> dict[str, Any] | None:
    """The message in the recipient's inbox, asked for as the recipient would."""
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        headers = {"Authorization": f"SOTicket {ticket}"}
        status, body = await request(url, "GET", "/api/v2/inbox?limit=20", headers)
        items = json.loads(body)["items"] if status == 200 else []
        for item in items:
            fresh = datetime.fromisoformat(item["time"]).timestamp() * 1000 >= since - 1
            if item["title"] == call.title and fresh:
                found: dict[str, Any] = item
                return found
        await asyncio.sleep(_LOOK_EVERY)
    return None
