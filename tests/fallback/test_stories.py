"""A message that one channel could not bring goes by another: told by the doors through which callers ask."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from heliograph.config.settings import MessagingSettings, PushSettings
from heliograph.core.delivery import Delivery, Record, Report
from heliograph.core.lifecycle import Happening, State
from heliograph.core.people import Caller, Door
from heliograph.intake.carriers import MessageDeliveryStatus, OutgoingMessage, PocketNotificationMessage
from heliograph.intake.reports import ProviderReports
from heliograph.testing.builders import a_device
from heliograph.testing.running import Town, a_town
from heliograph.testing.waiting import until

pytestmark = pytest.mark.anyio

KEEPER = Caller(company_id=1, door=Door.SOAP, associate_id=101)


def channels(**fallbacks: Any) -> dict[str, dict[str, Any]]:
    """Three channels of which each takes its own script in its settings, and the inbox; fallbacks by channel."""
    table: dict[str, dict[str, Any]] = {"inbox": {"kind": "inbox"}}
    for name, answers in (("first", "refused"), ("second", "accepted"), ("third", "accepted")):
        table[name] = {"kind": "stub", "answers": answers}
    for name, fallback in fallbacks.items():
        table[name]["fallback"] = fallback
    return table


async def send(
    town: Town, *to: str, plugin: str = "first", content: str = "The lamp is lit."
) -> list[MessageDeliveryStatus]:
    messages = [OutgoingMessage(to=each, content=content) for each in to]
    arguments = {"plugin": plugin, "outgoing_messages": messages}
    statuses: list[MessageDeliveryStatus] = (await town.app.services.call("SendMessages", arguments, KEEPER)).result
    return statuses


async def status_of(town: Town, id: int) -> MessageDeliveryStatus:
    called = await town.app.services.call("GetDeliveryStatus", {"messaging_ids": [id]}, KEEPER)
    [status] = called.result
    assert isinstance(status, MessageDeliveryStatus)
    return status


async def told(town: Town, id: int) -> dict[str, Any]:
    heard = await town.get(f"/api/v2/messages/{id}")
    assert heard.status == 200, heard.text
    found: dict[str, Any] = json.loads(heard.body)
    return found


async def deliveries(town: Town, id: int, **wanted: State) -> dict[str, Delivery]:
    """By channel, once those named are in those states."""

    async def by_channel() -> dict[str, Delivery]:
        return {delivery.channel: delivery for delivery in await town.app.store.outbox.deliveries([id])}

    return await until(
        by_channel,
        lambda found: all(name in found and found[name].state is state for name, state in wanted.items()),
    )


async def test_what_one_channel_refuses_goes_by_the_next_and_both_are_told(tmp_path: Path) -> None:
    async with a_town(tmp_path, channels=channels(first={"to": "second"})) as town:
        [status] = await send(town, "+4712345678")
        assert status.status == 1, "it is not lost: it goes another way"
        found = await deliveries(town, status.messaging_id, first=State.FAILED, second=State.SENT)
        assert found["second"].address == "+4712345678"
        now = await status_of(town, status.messaging_id)
        assert (now.status, now.status_description) == (1, "accepted as asked")

        view = await told(town, status.messaging_id)
        assert view["status"] == "sent"
        first, second = view["deliveries"]
        assert [attempt["detail"] for attempt in first["attempts"]] == ["refused as asked"]
        assert [attempt["detail"] for attempt in second["attempts"]] == ["accepted as asked"]
        assert first["in_place_of"] is None
        assert second["in_place_of"]["delivery"] == first["id"]
        assert second["in_place_of"]["reason"] == "refused"
        assert view["second_ways"] == []
        await town.app.second_ways.look()
        assert town.app.counters.snapshot()["second_way_taken", "second", "refused"] == 1


async def test_a_dead_letter_that_went_another_way_is_not_sent_again_unless_that_was_lost_too(tmp_path: Path) -> None:
    table = channels(first={"to": "second"})
    table["second"]["answers"] = "accepted"
    async with a_town(tmp_path, channels=table) as town:
        [status] = await send(town, "+4712345678")
        id = status.messaging_id
        found = await deliveries(town, id, first=State.FAILED, second=State.SENT)
        acted = {done.delivery_id: done for done in await town.app.actions.retry(id)}
        first = acted[found["first"].id]
        assert (first.moved, first.why_not) == (False, f"it went another way, by delivery {found['second'].id}")
        await town.app.store.outbox.record(
            [Record(delivery_id=found["second"].id, happening=Happening.BOUNCED, at=town.app.clock.now())]
        )
        assert [done.moved for done in await town.app.actions.retry(id)] == [True, False]


@pytest.mark.parametrize("chosen", ["", "first", "second"])
async def test_of_ways_that_were_all_lost_one_is_sent_again_the_last_or_the_one_asked_for(
    tmp_path: Path, chosen: str
) -> None:
    table = channels(first={"to": "second"})
    table["second"]["answers"] = "refused"
    async with a_town(tmp_path, channels=table) as town:
        [status] = await send(town, "+4712345678")
        id = status.messaging_id
        found = await deliveries(town, id, first=State.FAILED, second=State.FAILED)
        await town.app.dispatcher.stop(5)  # so that what is sent again waits
        again = found[chosen or "second"].id
        acted = await town.app.actions.retry(id, delivery_id=again if chosen else None)
        assert [done.delivery_id for done in acted if done.moved] == [again]
        for asked in (None, *(one.id for one in found.values())):
            acted = await town.app.actions.retry(id, delivery_id=asked)
            assert [done.delivery_id for done in acted if done.moved] == [], "the recipient would get it twice"


async def test_what_an_operator_withdraws_takes_no_second_way(tmp_path: Path) -> None:
    table = channels(second={"to": "third", "on": ["no_receipt"], "after": 600})
    async with a_town(tmp_path, channels=table) as town:
        [status] = await send(town, "a", plugin="second")
        await town.app.actions.cancel(status.messaging_id)
        assert (await told(town, status.messaging_id))["second_ways"] == []


async def test_what_nobody_brings_is_an_error_with_the_last_words(tmp_path: Path) -> None:
    table = channels(first={"to": "second"})
    table["second"]["answers"] = "refused"
    async with a_town(tmp_path, channels=table) as town:
        [status] = await send(town, "+4712345678")
        await deliveries(town, status.messaging_id, first=State.FAILED, second=State.FAILED)
        assert (await status_of(town, status.messaging_id)).status == 0


async def test_a_message_that_is_taken_has_its_second_way_standing_by(tmp_path: Path) -> None:
    table = channels(second={"to": "third", "on": ["no_receipt"], "after": 600})
    async with a_town(tmp_path, channels=table) as town:
        [status] = await send(town, "a", plugin="second")
        view = await told(town, status.messaging_id)
        [delivery] = view["deliveries"]
        assert view["second_ways"] == [
            {"channel": "third", "for_delivery": delivery["id"], "on": ["no_receipt"], "refused": ""}
        ]


async def test_a_receipt_that_does_not_come_in_time_sends_it_again_and_counts_when_it_comes(tmp_path: Path) -> None:
    table = channels(second={"to": "third", "on": ["no_receipt"], "after": 0.2})
    async with a_town(tmp_path, channels=table) as town:
        [status] = await send(town, "a", plugin="second")
        found = await deliveries(town, status.messaging_id, second=State.SENT, third=State.SENT)
        reports = ProviderReports(town.app.store.outbox, town.app.clock, town.app.store.parts)
        receipt = Report(
            ids=(found["second"].provider_id,), happening=Happening.ARRIVED, detail="on the phone after all"
        )
        assert await reports.report("second", receipt)
        found = await deliveries(town, status.messaging_id, second=State.DELIVERED, third=State.SENT)
        now = await status_of(town, status.messaging_id)
        assert (now.status, now.status_description) == (3, "on the phone after all")
        [said] = (await told(town, status.messaging_id))["deliveries"][0]["receipts"]
        assert (said["said"], said["detail"]) == ("arrived", "on the phone after all")


async def test_a_paused_channel_lets_what_waits_go_another_way(tmp_path: Path) -> None:
    table = channels(first={"to": "second", "on": ["paused"], "after": 0.1})
    table["first"]["answers"] = "paused"
    quick = MessagingSettings(wait=0.0)
    async with a_town(tmp_path, channels=table, messaging=quick) as town:
        ids = [status.messaging_id for status in await send(town, *"abcde")]
        for id in ids:
            found = await deliveries(town, id, first=State.CANCELLED, second=State.SENT)
            assert "paused" in found["first"].detail
            assert (await status_of(town, id)).status == 1


async def test_a_way_gets_its_share_of_the_time_and_the_next_way_the_rest(tmp_path: Path) -> None:
    table = channels(first={"to": "second", "on": ["expired"], "after": 0.3})
    table["first"]["answers"] = "deferred 1"
    async with a_town(tmp_path, channels=table, messaging=MessagingSettings(wait=0.0, default_ttl=60)) as town:
        [status] = await send(town, "a")
        found = await deliveries(town, status.messaging_id, first=State.EXPIRED, second=State.SENT)
        assert found["second"].expires_at - found["first"].expires_at > 50_000


async def push(town: Town, *associate_ids: int) -> int:
    message = PocketNotificationMessage(title="Lamp", message="Lit")
    called = await town.app.services.call(
        "SendPushNotification", {"associate_ids": list(associate_ids), "message": message}, KEEPER
    )
    return int(called.notes["MessageId"])


def push_settings() -> dict[str, Any]:
    """Pushes to Google devices fail, and texts to the telephone's profile take their place."""
    phone = {
        "kind": "http_sms",
        "profile": "twilio",
        "options": {"twilio_account_sid": "AC1", "twilio_auth_token": "secret"},
        "sender": "Lamp",
    }
    return {
        "channels": channels(first={"to": "second"}) | {"phone": phone},
        "push": PushSettings(routes={"Google": "first"}),
    }


async def test_a_push_that_reaches_none_of_a_persons_devices_takes_one_second_way(tmp_path: Path) -> None:
    settings = push_settings()
    settings["channels"]["first"]["fallback"] = {"to": "inbox2", "on": ["refused"]}
    settings["channels"]["inbox2"] = {"kind": "inbox"}
    async with a_town(tmp_path, **settings) as town:
        for n in (1, 2, 3):
            await town.app.directory.put_device(a_device(n, identifier=f"d{n}"))
        id = await push(town, 101)
        found = await deliveries(town, id, inbox2=State.SENT)
        assert found["inbox2"].associate_id == 101
        every = await town.app.store.outbox.deliveries([id])
        assert sorted(d.channel for d in every) == ["first", "first", "first", "inbox", "inbox2"]


async def test_who_has_no_number_is_told_of_where_the_text_would_have_gone(tmp_path: Path) -> None:
    settings = push_settings()
    settings["channels"]["first"]["fallback"] = {"to": "phone"}
    async with a_town(tmp_path, **settings) as town:
        keeper = await town.app.directory.user(103)
        assert keeper is not None
        await town.app.directory.update_user(replace(keeper, phone="+4790000103"))
        for n, owner in ((1, 101), (2, 103)):
            await town.app.directory.put_device(a_device(n, identifier=f"d{n}", associate_id=owner))
        id = await push(town, 101, 103)

        async def by_phone() -> dict[int | None, Delivery]:
            return {d.associate_id: d for d in await town.app.store.outbox.deliveries([id]) if d.channel == "phone"}

        texts = await until(by_phone, lambda found: len(found) == 2)
        assert texts[103].address == "+4790000103"
        assert (texts[101].state, texts[101].detail) == (
            State.FAILED,
            "in place of first (refused): the recipient has no phone number",
        )


async def test_a_mail_that_cannot_be_sent_comes_into_the_inbox_of_whose_address_it_is(tmp_path: Path) -> None:
    table = channels(first={"to": "inbox"}, second={"to": "inbox", "on": ["no_receipt"], "after": 0.2})
    async with a_town(tmp_path, channels=table) as town:
        known, unknown = await send(town, "keeper103@example.com", "stranger@example.com")
        found = await deliveries(town, known.messaging_id, first=State.FAILED, inbox=State.SENT)
        assert found["inbox"].associate_id == 103
        assert (known.status, unknown.status) == (1, 0)
        found = await deliveries(town, unknown.messaging_id, first=State.FAILED, inbox=State.FAILED)
        assert "No user here goes by" in found["inbox"].detail

        [late] = await send(town, "keeper101@example.com", plugin="second")
        await deliveries(town, late.messaging_id, second=State.SENT, inbox=State.SENT)
        assert len(await town.inbox()) == 1


async def test_who_has_read_it_in_the_inbox_is_sent_nothing_more(tmp_path: Path) -> None:
    settings = push_settings()
    settings["channels"]["second"]["fallback"] = {"to": "third", "on": ["no_receipt"], "after": 60}
    settings["push"] = PushSettings(routes={"Google": "second"})
    async with a_town(tmp_path, **settings) as town:
        await town.app.directory.put_device(a_device(1))
        id = await push(town, 101)
        await deliveries(town, id, second=State.SENT)
        assert len(await town.app.store.standbys.standbys([id])) == 1
        [item] = await town.inbox()
        heard = await town.ask("POST", f"/api/v2/inbox/{item.id}/read", {"Authorization": f"SOTicket {town.ticket}"})
        assert heard.status == 200
        await until(lambda: town.app.store.standbys.standbys([id]), lambda plans: not plans, within=30)
        assert "third" not in await deliveries(town, id)
