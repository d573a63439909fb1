"""A text from a phone answers the newest one that was sent to it: linked, told, and over a restart."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from heliograph.channels.smpp.pdu import Sm
from heliograph.core.lifecycle import State
from heliograph.intake.carriers import OutgoingMessage
from heliograph.testing.running import Town, a_town
from heliograph.testing.servers.smsc import Smsc

pytestmark = pytest.mark.anyio


def channels(smsc: Smsc) -> dict[str, dict[str, Any]]:
    sms = {"kind": "smpp", "host": "127.0.0.1", "port": smsc.port, "system_id": "lamp", "password": "secret"}
    return {"inbox": {"kind": "inbox"}, "sms": sms | {"replies_to": "keeper101", "replies_company": 1}}


async def send(town: Town, **text: Any) -> int:
    message = OutgoingMessage(**{"to": "+4712345678", "content": "Fog?", "from_": "26112"} | text)
    arguments = {"plugin": "sms", "outgoing_messages": [message]}
    [status] = (await town.app.services.call("SendMessages", arguments, town.caller)).result
    assert status.status == 1
    return int(status.messaging_id)


async def status(town: Town, message_id: int) -> int:
    [told] = (await town.app.services.call("GetDeliveryStatus", {"messaging_ids": [message_id]}, town.caller)).result
    return int(told.status)


async def bound(smsc: Smsc) -> None:
    for _ in range(300):
        if smsc.bound:
            return
        await asyncio.sleep(0.01)


async def test_an_answer_makes_the_text_replied_and_is_in_its_session(tmp_path: Path) -> None:
    async with Smsc() as smsc:
        async with a_town(tmp_path, channels=channels(smsc)) as town:
            first = await send(town)
            second = await send(town, suggested_session_key="fog")
            elsewhere = await send(town, from_="26113")
        async with a_town(tmp_path, channels=channels(smsc)) as town:
            await bound(smsc)
            answer = Sm(source="4712345678", source_ton=1, to="26112", text=b"Thick as wool")
            assert await smsc.deliver(answer) == 0
            [item] = await town.inbox(1)
            assert (item.body, item.data) == ("Thick as wool", {"parent_id": str(second), "session_key": "fog"})
            assert [await status(town, id) for id in (first, second, elsewhere)] == [1, 4, 1]
            view = await town.app.query.message(second)
            assert view.deliveries[0].state is State.REPLIED
            assert [one.id for one in view.follow_ups] == [item.message_id]


async def test_a_text_that_answers_nothing_comes_in_all_the_same(tmp_path: Path) -> None:
    async with Smsc() as smsc, a_town(tmp_path, channels=channels(smsc)) as town:
        await bound(smsc)
        sent = await send(town)
        assert await smsc.deliver(Sm(source="4799999999", source_ton=1, to="26112", text=b"Hello")) == 0
        [item] = await town.inbox(1)
        assert item.data == {}
        assert await status(town, sent) == 1
