"""A limit that is reached, as callers see it: SOAP, the JSON agents, REST; and the operator's command."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from tests.cli.terminal import Terminal
from tests.edge.calls import agents, soap

from heliograph.config.quotas import AddressAllowance, Allowance, QuotaSettings
from heliograph.config.settings import SoapErrors, SoapSettings
from heliograph.core.lifecycle import State
from heliograph.testing.running import KEY, Town, a_town
from heliograph.testing.waiting import until

pytestmark = pytest.mark.anyio


def limited(**limits: Any) -> dict[str, Any]:
    return {"quotas": QuotaSettings(**limits)}


async def send(town: Town, *to: str) -> Any:
    """SendMessages over the JSON agents."""
    items = [{"To": each, "Content": "Lit"} for each in to]
    body = {"Plugin": "inbox", "OutgoingMessages": items}
    return await agents(town, "Messaging/SendMessages", body, f"SOTicket {town.ticket}")


async def push(town: Town, user: str = "keeper101@example.com") -> Any:
    fields = {"CompanyId": 1, "IntegrationKey": KEY, "UserEmail": user, "Title": "Lamp", "Body": "Lit"}
    headers = {"Content-Type": "application/json"}
    return await town.ask("POST", "/api/v2/push?format=json", headers, json.dumps(fields).encode())


async def test_items_that_fit_are_sent_and_the_others_say_why_not(tmp_path: Path) -> None:
    async with a_town(tmp_path, **limited(company=Allowance(month=2))) as town:
        heard = await send(town, "keeper101", "nobody", "keeper103", "keeper101")
        statuses = json.loads(heard.body)
        assert [status["Status"] for status in statuses] == [1, 0, 1, 0]
        assert "Over the limit of 2 messages in a month" in statuses[3]["StatusDescription"]
        [delivery] = await town.app.store.outbox.deliveries([statuses[3]["MessagingId"]])
        assert (delivery.state, delivery.attempts) == (State.FAILED, 0)
        await town.inbox(associate_id=103)
        assert len(await town.inbox()) == 1, "what was refused went nowhere"


async def test_a_call_for_which_there_is_no_room_at_all_is_refused_and_nothing_is_kept(tmp_path: Path) -> None:
    async with a_town(tmp_path, **limited(company=Allowance(month=1))) as town:
        assert (await push(town)).status == 200
        before = await town.app.store.outbox.messages(company_id=1, state=None, before_id=None, limit=9)

        refused = await push(town)
        assert refused.status == 429
        assert int(refused.headers["retry-after"]) > 60
        assert json.loads(refused.body)["ResponseStatus"]["ErrorCode"] == "TooManyRequests"
        assert "Over the limit of 1 messages in a month" in refused.text

        call = "<p:SendMessages><p:Plugin>inbox</p:Plugin><p:OutgoingMessages><p:OutgoingMessage><p:To>keeper101</p:To></p:OutgoingMessage></p:OutgoingMessages></p:SendMessages>"
        refused = await soap(town, "Messaging", call, ticket=town.ticket)
        assert ">false</h:Succeeded>" in refused.text
        assert int(refused.headers["retry-after"]) > 60
        assert "Over the limit of 1 messages in a month" in refused.text

        refused = await send(town, "keeper101")
        assert refused.status == 429
        assert "Over the limit" in refused.text
        assert before == await town.app.store.outbox.messages(company_id=1, state=None, before_id=None, limit=9)
        assert town.app.counters.snapshot()["quota_reached", "", "company"] == 3


async def test_where_failures_are_faults_a_limit_is_the_servers_with_a_time_to_come_back(tmp_path: Path) -> None:
    faults = SoapSettings(errors=SoapErrors.FAULT)
    async with a_town(tmp_path, soap=faults, **limited(company=Allowance(month=1))) as town:
        assert (await push(town)).status == 200
        call = "<p:SendPushNotification><p:AssociateIds><a:int>101</a:int></p:AssociateIds><p:Message><p:Title>Fog</p:Title></p:Message></p:SendPushNotification>"
        refused = await soap(town, "Pocket", call, ticket=town.ticket)
        assert refused.status == 500
        assert "Server</faultcode>" in refused.text
        assert int(refused.headers["retry-after"]) > 60


async def test_a_flood_of_calls_at_once_gets_exactly_what_is_left(tmp_path: Path) -> None:
    limits = {"company": Allowance(month=40), "address": AddressAllowance(most=25, window=31 * 86400)}
    async with a_town(tmp_path, **limited(**limits)) as town:
        heard = await asyncio.gather(
            *(send(town, "keeper101", "keeper103", "keeper101") for _ in range(60)), *(push(town) for _ in range(30))
        )
        accepted = sum(
            sum(status["Status"] for status in told) if isinstance(told := json.loads(each.body), list) else 1
            for each in heard
            if each.status == 200
        )
        assert accepted == 40
        [(_, used)] = await town.app.quotas.report(1)
        assert used == 40

        async def arrived() -> list[int]:
            return [len(await town.inbox(0, associate_id=associate_id)) for associate_id in (101, 103)]

        assert max(await until(arrived, lambda counts: sum(counts) >= 40)) <= 25
        assert {each.status for each in heard} <= {200, 429}


async def test_what_was_used_is_known_after_a_restart(tmp_path: Path) -> None:
    limits = limited(channels={"inbox": Allowance(month=2)})
    async with a_town(tmp_path, **limits) as town:
        assert (await push(town)).status == 200
    async with a_town(tmp_path, **limits) as town:
        assert (await push(town)).status == 200
        assert (await push(town)).status == 429
    async with a_town(tmp_path) as town:
        assert (await push(town)).status == 200, "without limits nothing is refused"


async def test_one_address_is_not_sent_more_than_its_share(tmp_path: Path) -> None:
    async with a_town(tmp_path, **limited(address=AddressAllowance(most=2, window=31 * 86400))) as town:
        statuses = json.loads((await send(town, "keeper103", "keeper103", "keeper103", "keeper101")).body)
        assert [status["Status"] for status in statuses] == [1, 1, 0, 1]
        assert "to this address" in statuses[2]["StatusDescription"]
        [status] = json.loads((await send(town, "keeper103")).body)
        assert status["Status"] == 0, "an item of its own, not the whole call"
        heard = await push(town, "keeper103@example.com")
        assert heard.status == 429
        assert (await push(town)).status == 200


async def test_a_push_to_several_leaves_out_those_who_have_had_their_share(tmp_path: Path) -> None:
    async with a_town(tmp_path, **limited(address=AddressAllowance(most=1, window=31 * 86400))) as town:
        await push(town, "keeper103@example.com")
        call = (
            "<p:SendPushNotification><p:AssociateIds><a:int>101</a:int><a:int>103</a:int></p:AssociateIds>"
            "<p:Message><p:Title>Fog</p:Title></p:Message></p:SendPushNotification>"
        )
        heard = await soap(town, "Pocket", call, ticket=town.ticket)
        assert ">true</h:Succeeded>" in heard.text
        [item] = await town.inbox(1)
        assert item.title == "Fog"
        every = await town.app.store.outbox.deliveries([item.message_id])
        assert {delivery.associate_id: delivery.state is State.FAILED for delivery in every} == {101: False, 103: True}


async def test_a_push_counts_each_person_once_whatever_devices_there_are(tmp_path: Path) -> None:
    async with a_town(tmp_path, **limited(company=Allowance(month=3))) as town:
        call = (
            "<p:SendPushNotification><p:AssociateIds><a:int>101</a:int><a:int>103</a:int></p:AssociateIds>"
            "<p:Message><p:Title>Fog</p:Title></p:Message></p:SendPushNotification>"
        )
        assert ">true</h:Succeeded>" in (await soap(town, "Pocket", call, ticket=town.ticket)).text
        [(_, used)] = await town.app.quotas.report(1)
        assert used == 2
        assert ">false</h:Succeeded>" in (await soap(town, "Pocket", call, ticket=town.ticket)).text, "all or nobody"


def test_the_command_shows_what_is_used_and_left(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path)
    (tmp_path / "heliograph.toml").write_text("[quotas]\ncompany = {day = 5}\nchannels.inbox = {month = 3}\n")
    terminal.ok("company", "add", "Lighthouse Keepers")
    terminal.ok("user", "add", "ada", "--email", "ada@example.com")
    terminal.ok("send", "--user", "ada", "--title", "Fog", "--body", "Sound the horn", "--wait", "0")
    rows = terminal.ok("quotas", "--json").json
    assert [(row["scope"], row["most"], row["used"], row["left"]) for row in rows] == [
        ("company", 5, 1, 4),
        ("channel:inbox", 3, 1, 2),
    ]
    shown = terminal.ok("quotas").out
    assert "messages by inbox in a month" in shown
    (tmp_path / "heliograph.toml").write_text("")
    assert "No limits are set" in terminal.ok("quotas").out
