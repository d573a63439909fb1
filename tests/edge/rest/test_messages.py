"""What became of a message, over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from heliograph.core.people import Caller, Door
from heliograph.intake.carriers import PocketNotificationMessage
from heliograph.testing.running import Town
from heliograph.testing.waiting import until

pytestmark = pytest.mark.anyio


async def sent(town: Town, *, company: int = 1, to: int = 101) -> int:
    message = PocketNotificationMessage(title="a secret title", message="a secret body")
    caller = Caller(company_id=company, door=Door.REST)
    call = await town.app.services.call("SendPushNotification", {"associate_ids": [to], "message": message}, caller)
    return int(call.notes["MessageId"])


async def test_a_message_tells_its_deliveries_and_attempts_and_not_its_content(town: Town) -> None:
    message_id = await sent(town)
    await town.inbox(1)
    heard = await until(  # the item is there a moment before the attempt is recorded
        lambda: town.get(f"/api/v2/messages/{message_id}"), lambda heard: heard.json()["deliveries"][0]["attempts"]
    )
    view: Any = heard.json()
    [delivery] = view["deliveries"]
    assert (delivery["channel"], delivery["associate_id"]) == ("inbox", 101)
    assert [attempt["outcome"] for attempt in delivery["attempts"]] == ["accepted"]
    assert view["status"] == delivery["state"]
    assert "secret" not in heard.text


async def test_another_companys_message_is_not_there(town: Town) -> None:
    message_id = await sent(town, company=2, to=201)
    assert (await town.get(f"/api/v2/messages/{message_id}")).status == 404
    assert (await town.get("/api/v2/messages/abc")).status == 404


async def test_without_a_ticket_nothing_is_told(town: Town) -> None:
    message_id = await sent(town)
    assert (await town.ask("GET", f"/api/v2/messages/{message_id}")).status == 401
