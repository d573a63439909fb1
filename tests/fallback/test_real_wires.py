"""Second ways over real protocols: two message centres by SMPP, and receipts that come by their own hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from heliograph.channels.smpp.pdu import Sm
from heliograph.config.settings import PushSettings
from heliograph.core.delivery import Delivery
from heliograph.core.lifecycle import State
from heliograph.intake.carriers import OutgoingMessage, PocketNotificationMessage
from heliograph.testing.builders import a_device
from heliograph.testing.running import Town, a_town
from heliograph.testing.servers.smsc import Receipts, Smsc, receipt_for, words
from heliograph.testing.waiting import until

pytestmark = pytest.mark.anyio

TO = "+4712345678"


def centre(smsc: Smsc, **more: Any) -> dict[str, Any]:
    return {"kind": "smpp", "host": "127.0.0.1", "port": smsc.port, "system_id": "lamp", "password": "secret", **more}


async def deliveries(town: Town, id: int, **wanted: State) -> dict[str, Delivery]:
    """By channel, once those named are in those states."""

    async def by_channel() -> dict[str, Delivery]:
        return {delivery.channel: delivery for delivery in await town.app.store.outbox.deliveries([id])}

    return await until(
        by_channel,
        lambda found: all(name in found and found[name].state is state for name, state in wanted.items()),
    )


async def send(town: Town) -> int:
    messages = [OutgoingMessage(to=TO, content="Fog ahead")]
    arguments = {"plugin": "one", "outgoing_messages": messages}
    [status] = (await town.app.services.call("SendMessages", arguments, town.caller)).result
    assert status.status == 1
    return int(status.messaging_id)


async def test_what_one_message_centre_reports_as_lost_goes_by_another_and_arrives(tmp_path: Path) -> None:
    async with Smsc() as one, Smsc(receipts=Receipts.EARLY) as other:
        channels = {"inbox": {"kind": "inbox"}, "one": centre(one, fallback={"to": "other"}), "other": centre(other)}
        async with a_town(tmp_path, channels=channels) as town:
            id = await send(town)
            await deliveries(town, id, one=State.SENT)
            assert await one.deliver(receipt_for(one.submitted[0], "m-1", "UNDELIV")) == 0
            await deliveries(town, id, one=State.UNDELIVERED, other=State.DELIVERED)
        assert [words(sm) for sm in (*one.submitted, *other.submitted)] == ["Fog ahead"] * 2


async def test_a_receipt_that_is_late_counts_beside_the_second_way(tmp_path: Path) -> None:
    async with Smsc() as one, Smsc() as other:
        late = {"to": "other", "on": ["no_receipt"], "after": 0.2}
        channels = {"inbox": {"kind": "inbox"}, "one": centre(one, fallback=late), "other": centre(other)}
        async with a_town(tmp_path, channels=channels) as town:
            id = await send(town)
            await deliveries(town, id, one=State.SENT, other=State.SENT)
            assert await one.deliver(receipt_for(one.submitted[0], "m-1")) == 0
            await deliveries(town, id, one=State.DELIVERED, other=State.SENT)
            view = json.loads((await town.get(f"/api/v2/messages/{id}")).body)
            assert view["status"] == "delivered"
            assert [receipt["said"] for receipt in view["deliveries"][0]["receipts"]] == ["arrived"]


async def test_a_message_centre_that_is_not_there_has_its_share_of_the_time_and_no_more(tmp_path: Path) -> None:
    async with Smsc() as gone, Smsc() as other:
        expired = {"to": "other", "on": ["expired"], "after": 1.0}
        channels = {"inbox": {"kind": "inbox"}, "one": centre(gone, fallback=expired), "other": centre(other)}
        await gone.stop()
        async with a_town(tmp_path, channels=channels) as town:
            id = await send(town)
            await deliveries(town, id, one=State.EXPIRED, other=State.SENT)
        assert len(other.submitted) == 1


async def test_a_push_that_no_device_takes_comes_as_a_text(tmp_path: Path) -> None:
    async with Smsc() as smsc:
        channels = {
            "inbox": {"kind": "inbox"},
            "phones": {"kind": "stub", "answers": "gone", "fallback": {"to": "sms"}},
            "sms": centre(smsc),
        }
        routes = PushSettings(routes={"Google": "phones"})
        async with a_town(tmp_path, channels=channels, push=routes) as town:
            keeper = await town.app.directory.user(101)
            assert keeper is not None
            await town.app.directory.update_user(replace(keeper, phone=TO))
            await town.app.directory.put_device(a_device(1))
            message = PocketNotificationMessage(title="Fog", message="Sound the horn", url="https://coast.example/1")
            arguments = {"associate_ids": [101], "message": message}
            called = await town.app.services.call("SendPushNotification", arguments, town.caller)
            await deliveries(town, int(called.notes["MessageId"]), phones=State.FAILED, sms=State.SENT)
        [sm] = smsc.submitted
        assert isinstance(sm, Sm)
        assert words(sm) == "Fog\nSound the horn\nhttps://coast.example/1"
