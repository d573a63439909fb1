"""The inbox as a WebSocket, told with a client that somebody else wrote."""

from __future__ import annotations

import asyncio
import base64
from typing import Any

import msgspec
import pytest
from tests.edge.rest.test_inbox import push
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Subprotocol

from heliograph.edge.rest.socket import SUBPROTOCOL
from heliograph.testing.running import Town
from heliograph.testing.waiting import until

pytestmark = pytest.mark.anyio


def socket(town: Town, *, query: str = "", ticket: str | None = None, **headers: str) -> connect:
    given = {"Authorization": f"SOTicket {town.ticket if ticket is None else ticket}", **headers}
    return connect(f"ws{town.url.removeprefix('http')}/api/v2/inbox/socket{query}", additional_headers=given)


async def heard(client: ClientConnection) -> dict[str, Any]:
    async with asyncio.timeout(60):
        return msgspec.json.decode(await client.recv(), type=dict[str, Any])


async def test_items_come_as_they_are_sent(town: Town) -> None:
    await push(town, "before")
    await town.inbox(1)
    async with socket(town) as client:
        assert await heard(client) == {"type": "hello"}
        await push(town, "one", "two")
        told = [await heard(client), await heard(client)]
    assert [(each["type"], each["item"]["title"]) for each in told] == [("item", "one"), ("item", "two")]


async def test_a_socket_resumes_after_the_item_it_names(town: Town) -> None:
    await push(town, "one", "two", "three")
    seen, *_ = await town.inbox(3)
    for way in ({"query": f"?after={seen.id}"}, {"Last-Event-ID": str(seen.id)}):
        async with socket(town, **way) as client:
            await heard(client)
            assert [(await heard(client))["item"]["title"] for _ in range(2)] == ["two", "three"]


async def test_a_browser_sends_its_ticket_as_a_subprotocol(town: Town) -> None:
    ticket = base64.urlsafe_b64encode(town.ticket.encode()).rstrip(b"=").decode()
    url = f"ws{town.url.removeprefix('http')}/api/v2/inbox/socket"
    async with connect(url, subprotocols=[Subprotocol(SUBPROTOCOL), Subprotocol(f"ticket.{ticket}")]) as client:
        assert client.subprotocol == SUBPROTOCOL
        assert await heard(client) == {"type": "hello"}


async def test_nothing_of_anyone_else_comes(town: Town) -> None:
    async with socket(town) as client:
        await heard(client)
        await push(town, "for the other", to=103)
        await push(town, "for me")
        assert (await heard(client))["item"]["title"] == "for me"


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"ticket": "7T:nobody"}, 401),
        ({"query": "?after=x"}, 400),
        ({"query": "?ticket=7T:abc"}, 400),
        ({"Last-Event-ID": "yesterday"}, 400),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-WebSocket-Protocol": "ticket.7T"}, 401),
    ],
)
async def test_whoever_may_not_listen_is_told_so_in_http(town: Town, changes: dict[str, str], status: int) -> None:
    with pytest.raises(InvalidStatus) as caught:
        async with socket(town, **changes):
            pytest.fail("it was let in")
    assert caught.value.response.status_code == status
    assert b"ResponseStatus" in (caught.value.response.body or b"")


@pytest.mark.parametrize("path", ["/", "/api/v2/push", "/api/v2/inbox/stream", "/api/v2/inbox/socket/"])
async def test_there_is_no_socket_elsewhere(town: Town, path: str) -> None:
    with pytest.raises(InvalidStatus) as caught:
        async with connect(f"ws{town.url.removeprefix('http')}{path}"):
            pytest.fail("it was let in")
    assert caught.value.response.status_code == 403


async def test_what_a_client_says_is_dropped_and_too_much_of_it_ends_the_connection(town: Town) -> None:
    async with socket(town) as client:
        await heard(client)
        for _ in range(200):
            await client.send("x" * 1000)
        await push(town, "still heard")
        assert (await heard(client))["item"]["title"] == "still heard"
        await client.send("x" * 5000)
        with pytest.raises(ConnectionClosed) as caught:
            await heard(client)
    assert caught.value.rcvd is not None
    assert caught.value.rcvd.code == 1009


async def test_sockets_end_at_once_when_the_server_stops(town: Town) -> None:
    async with socket(town) as client:
        await heard(client)
        stopping = asyncio.create_task(town.running.stop(within=60))
        with pytest.raises(ConnectionClosed) as caught:
            await heard(client)
        async with asyncio.timeout(30):
            await stopping
    assert caught.value.rcvd is not None
    assert caught.value.rcvd.code == 1001


async def test_a_reader_who_left_leaves_nothing_behind(town: Town) -> None:
    async with socket(town) as client:
        await heard(client)
    await until(lambda: town.app.inbox._feed.listeners == 0)  # type: ignore[attr-defined]  # what a subscription costs
