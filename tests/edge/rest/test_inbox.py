"""A user's inbox over HTTP: pages, marks, and the live stream."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import msgspec
import pytest

from heliograph.edge.rest.inbox import item_json
from heliograph.edge.rest.streams import Streams
from heliograph.intake.carriers import PocketNotificationMessage
from heliograph.testing.builders import an_item
from heliograph.testing.running import Town

pytestmark = pytest.mark.anyio


async def push(town: Town, *titles: str, to: int = 101) -> None:
    for title in titles:
        message = PocketNotificationMessage(
            title=title, message="b", extra_values={"k": "v"}, url="https://example.com"
        )
        await town.app.services.call("SendPushNotification", {"associate_ids": [to], "message": message}, town.caller)


class Listener:
    """An open event stream."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._reader = reader
        self._text = b""
        self.headers = b""

    async def open(self) -> None:
        self.headers = await self._reader.readuntil(b"\r\n\r\n")

    async def event(self) -> tuple[str, dict[str, Any]]:
        """The id and the data of the next event."""
        async with asyncio.timeout(60):
            while True:
                block = await self._block()
                fields = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line)
                if fields.get("event") == "message":
                    return fields["id"], msgspec.json.decode(fields["data"])

    async def _block(self) -> str:
        while b"\n\n" not in self._text:
            size = int(await self._reader.readuntil(b"\r\n"), 16)
            if size == 0:
                raise EOFError
            self._text += (await self._reader.readexactly(size + 2))[:-2]
        block, self._text = self._text.split(b"\n\n", 1)
        return block.decode()

    async def ended(self) -> bool:
        """Whether the stream ends in order at once, without another event."""
        async with asyncio.timeout(20):
            try:
                while True:
                    assert not (await self._block()).startswith("event")
            except EOFError:
                return True


@asynccontextmanager
async def listening(town: Town, **headers: str) -> AsyncIterator[Listener]:
    place = urlsplit(town.url)
    reader, writer = await asyncio.open_connection(place.hostname, place.port)
    given = {"Host": place.netloc, "Authorization": f"SOTicket {town.ticket}", **headers}
    lines = "".join(f"{name}: {value}\r\n" for name, value in given.items())
    writer.write(f"GET /api/v2/inbox/stream HTTP/1.1\r\n{lines}\r\n".encode())
    listener = Listener(reader)
    async with asyncio.timeout(60):
        await listener.open()
    try:
        yield listener
    finally:
        writer.close()


async def test_an_item_has_the_members_the_contract_names(town: Town) -> None:
    await push(town, "Storm")
    await town.inbox(1)
    [item] = (await town.get("/api/v2/inbox")).json()["items"]  # type: ignore[index]
    assert set(item) == {"id", "title", "body", "url", "type", "data", "state", "time", "answer"}
    assert (item["title"], item["url"], item["data"], item["state"]) == (
        "Storm",
        "https://example.com",
        {"k": "v"},
        "unread",
    )


def test_the_time_of_an_item_is_utc_to_the_millisecond() -> None:
    assert item_json(an_item(time=1_795_262_400_005))["time"] == "2026-11-21T12:00:00.005Z"


async def test_pages_follow_each_other_newest_first_without_gap_or_repetition(town: Town) -> None:
    await push(town, *[f"n{n}" for n in range(7)])
    await town.inbox(7)
    titles, link = [], f"{town.url}/api/v2/inbox?limit=3"
    while link:
        page: Any = (await town.get(link.removeprefix(town.url))).json()
        assert len(page["items"]) <= 3
        titles += [item["title"] for item in page["items"]]
        link = page["next"]
    assert titles == [f"n{n}" for n in reversed(range(7))]


async def test_more_than_five_hundred_is_not_given_at_once(town: Town) -> None:
    await town.app.store.inbox.put([an_item(delivery_id=n) for n in range(1, 503)])
    page: Any = (await town.get("/api/v2/inbox?limit=9999")).json()
    assert len(page["items"]) == 500
    assert page["next"].endswith("&limit=500")


async def test_reading_marks_the_item_and_answers_it(town: Town) -> None:
    await push(town, "Storm")
    [item] = await town.inbox(1)
    heard = await town.ask("POST", f"/api/v2/inbox/{item.id}/read", {"Authorization": f"SOTicket {town.ticket}"})
    assert (heard.status, heard.json()["state"]) == (200, "read")  # type: ignore[index]
    assert [i.state.value for i in await town.inbox(1)] == ["read"]


@pytest.mark.parametrize("id", ["0", "x", "-1", "9" * 40, "%31"])
async def test_an_id_that_cannot_be_is_an_item_that_is_not_there(town: Town, id: str) -> None:
    heard = await town.ask("POST", f"/api/v2/inbox/{id}/read", {"Authorization": f"SOTicket {town.ticket}"})
    assert heard.status == 404


async def test_another_users_items_are_not_there(town: Town) -> None:
    await push(town, "for the other", to=103)
    [item] = await town.inbox(1, associate_id=103)
    assert (await town.get("/api/v2/inbox")).json() == {"items": [], "next": None}
    heard = await town.ask("POST", f"/api/v2/inbox/{item.id}/read", {"Authorization": f"SOTicket {town.ticket}"})
    assert heard.status == 404
    assert [i.state.value for i in await town.inbox(1, associate_id=103)] == ["unread"]


async def test_the_stream_brings_what_comes_after_its_headers(town: Town) -> None:
    await push(town, "before")
    await town.inbox(1)
    async with listening(town) as stream:
        assert b"content-type: text/event-stream" in stream.headers
        assert b"x-accel-buffering: no" in stream.headers
        await push(town, "one", "two")
        first, second = await stream.event(), await stream.event()
    assert [first[1]["title"], second[1]["title"]] == ["one", "two"]
    assert first[0] == str(first[1]["id"])


async def test_a_stream_resumes_after_the_last_event_it_saw(town: Town) -> None:
    await push(town, "one", "two", "three")
    seen, *_ = await town.inbox(3)
    async with listening(town, **{"Last-Event-ID": str(seen.id)}) as stream:
        assert [(await stream.event())[1]["title"] for _ in range(2)] == ["two", "three"]
        await push(town, "four")
        assert (await stream.event())[1]["title"] == "four"


async def test_a_last_event_id_that_is_none_is_refused(town: Town) -> None:
    heard = await town.get("/api/v2/inbox/stream", **{"Last-Event-ID": "yesterday"})
    assert heard.status == 400


async def test_a_stream_brings_nothing_of_anyone_else(town: Town) -> None:
    async with listening(town) as stream:
        await push(town, "for the other", to=103)
        await push(town, "for me")
        assert (await stream.event())[1]["title"] == "for me"


async def test_streams_end_at_once_when_the_server_stops(town: Town) -> None:
    async with listening(town) as stream:
        started = time.monotonic()
        stopping = asyncio.create_task(town.running.stop(within=60))
        assert await stream.ended()
        await stopping
        assert time.monotonic() - started < 30


async def some(*numbers: int) -> AsyncIterator[int]:
    for number in numbers:
        yield number
    await asyncio.sleep(60)


async def welcome() -> None:
    return None


def shown(number: int) -> bytes:
    return b"%d\n" % number


async def test_a_silent_stream_says_now_and_then_that_it_is_there() -> None:
    streams = Streams(heartbeat=0.02)
    pieces = streams.open(some(1), shown, welcome)
    heard = [await anext(pieces) for _ in range(4)]
    await pieces.aclose()  # type: ignore[attr-defined]
    assert heard == [b"retry: 3000\n\n", b"1\n", b": still here\n\n", b": still here\n\n"]
    assert len(streams) == 0


async def test_a_stream_ends_when_its_reader_is_no_longer_welcome(town: Town) -> None:
    streams = Streams(heartbeat=0.02)
    authenticator_asked = 0

    async def until_revoked() -> None:
        nonlocal authenticator_asked
        authenticator_asked += 1
        await town.app.sign_in.by_ticket(town.ticket, town.caller.door)

    pieces = streams.open(some(1), shown, until_revoked)
    assert [await anext(pieces) for _ in range(3)][1:] == [b"1\n", b": still here\n\n"]
    await town.app.directory.revoke_tickets(101)
    assert [piece async for piece in pieces] in ([], [b": still here\n\n"])
    assert authenticator_asked >= 2


async def test_a_stream_that_is_opened_after_the_stop_ends_at_once() -> None:
    streams = Streams()
    streams.stop()
    assert [piece async for piece in streams.open(some(1), shown, welcome)] == [b"retry: 3000\n\n"]


async def test_a_reader_that_does_not_take_its_events_holds_its_source_back() -> None:
    taken = 0

    async def endless() -> AsyncIterator[int]:
        nonlocal taken
        while True:
            taken += 1
            yield taken

    streams = Streams()
    pieces = streams.open(endless(), shown, welcome)
    await anext(pieces)
    await asyncio.sleep(0.02)
    assert taken < 100
    await pieces.aclose()  # type: ignore[attr-defined]
