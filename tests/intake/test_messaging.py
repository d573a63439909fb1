"""SendMessages and its siblings, from the call to the answer."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from heliograph.config.settings import MessagingSettings
from heliograph.core.delivery import Record
from heliograph.core.errors import InvalidArgument, NotSupported, Unavailable, UnknownChannel
from heliograph.core.lifecycle import Happening, State
from heliograph.core.outcome import Accepted, Deferred, Refused
from heliograph.intake.carriers import MessageDeliveryStatus, OutgoingMessage
from heliograph.intake.messaging import STATUS
from heliograph.testing.builders import a_call, a_caller
from heliograph.testing.clock import JumpingClock
from heliograph.testing.gateway import SmallGateway
from heliograph.testing.scripted import ScriptedChannel, never

pytestmark = pytest.mark.anyio


def to(*addresses: str, **changes: Any) -> list[OutgoingMessage]:
    return [OutgoingMessage(from_="Lighthouse", to=address, content="Lit.", **changes) for address in addresses]


async def send(gateway: SmallGateway, *addresses: str, plugin: str = "stub") -> list[MessageDeliveryStatus]:
    return await gateway.messaging.send_messages(a_call(), plugin=plugin, outgoing_messages=to(*addresses))


async def test_every_message_is_answered_in_order_with_what_came_of_its_first_attempt(
    gateway: SmallGateway, stub: ScriptedChannel
) -> None:
    answers = {"good": None, "bad": Refused("no such number"), "busy": Deferred("line busy")}

    async def by_address(letter: Any) -> Any:
        return answers[letter.address.value] or Accepted(detail="taken")

    stub.answer(by_address, by_address, by_address)
    statuses = await send(gateway, "good", "bad", "busy")
    assert [(s.status, s.status_description) for s in statuses] == [
        (1, "taken"),
        (0, "no such number"),
        (1, "Queued: line busy"),
    ]
    ids = [s.messaging_id for s in statuses]
    assert ids == sorted(set(ids))


async def test_a_message_without_a_recipient_fails_alone_and_has_an_id_of_its_own(
    gateway: SmallGateway, stub: ScriptedChannel
) -> None:
    statuses = await send(gateway, "a", "   ", "nobody-7", "b")
    assert [s.status for s in statuses] == [1, 0, 0, 1]
    assert statuses[1].status_description == "To is empty: name a recipient."
    assert statuses[2].status_description == "'nobody-7' is nobody."
    assert len({s.messaging_id for s in statuses}) == 4
    assert [letter.address.value for letter in stub.letters] == ["a", "b"]
    assert (await gateway.delivery(statuses[1].messaging_id)).state is State.FAILED


async def test_a_format_the_plugin_does_not_speak_fails_that_message_alone(gateway: SmallGateway) -> None:
    messages = [*to("a", format="text/plain"), *to("b", format="fax"), *to("c")]
    statuses = await gateway.messaging.send_messages(a_call(), plugin="stub", outgoing_messages=messages)
    assert [s.status for s in statuses] == [1, 0, 1]
    assert "'fax'" in statuses[1].status_description


async def test_an_unknown_plugin_is_refused_naming_the_configured_ones_and_nothing_is_sent(
    gateway: SmallGateway, stub: ScriptedChannel
) -> None:
    with pytest.raises(UnknownChannel, match="Configured: stub, inbox"):
        await send(gateway, "a", plugin="carrier-pigeon")
    assert stub.letters == []
    assert await gateway.outbox.messages(company_id=1, state=None, before_id=None, limit=10) == []


async def test_an_empty_plugin_is_the_default_one(gateway: SmallGateway, inbox: ScriptedChannel) -> None:
    await send(gateway, "keeper101", plugin="")
    assert len(inbox.letters) == 1


async def test_an_empty_list_is_answered_with_an_empty_list(gateway: SmallGateway) -> None:
    assert await send(gateway) == []


class TestWithoutADefault:
    @pytest.fixture
    def messaging(self) -> MessagingSettings:
        return MessagingSettings()

    async def test_an_empty_plugin_is_refused(self, gateway: SmallGateway) -> None:
        with pytest.raises(InvalidArgument, match="default_plugin"):
            await send(gateway, "a", plugin="")


class TestWithoutWaiting:
    @pytest.fixture
    def messaging(self) -> MessagingSettings:
        return MessagingSettings(wait=0)

    async def test_the_call_is_answered_once_stored(self, gateway: SmallGateway, stub: ScriptedChannel) -> None:
        stub.answer(never, never)
        statuses = await send(gateway, "a", "", "b")
        assert [(s.status, s.status_description) for s in statuses] == [
            (1, "Queued: stored."),
            (0, "To is empty: name a recipient."),
            (1, "Queued: stored."),
        ]


async def test_the_call_waits_no_longer_than_the_setting_says(
    gateway: SmallGateway, stub: ScriptedChannel, clock: JumpingClock
) -> None:
    stub.answer(never)
    calling = asyncio.create_task(send(gateway, "slow", "quick"))
    await clock.jump(9.9)
    assert not calling.done()
    await clock.jump(0.1)
    assert [s.status_description for s in await calling] == ["Queued: stored.", ""]


async def test_a_store_that_cannot_keep_the_messages_accepts_none(gateway: SmallGateway, stub: ScriptedChannel) -> None:
    gateway.flaky.fail("accept")
    with pytest.raises(Unavailable):
        await send(gateway, "a")
    assert stub.letters == []
    assert gateway.results.expected == 0


async def test_the_callers_configuration_reaches_the_channel_and_is_not_kept(
    gateway: SmallGateway, stub: ScriptedChannel
) -> None:
    [status] = await gateway.messaging.send_messages_with_config(
        a_call(), plugin="stub", outgoing_messages=to("a"), config={"account": "x", "key": "canary-4711", "": "dropped"}
    )
    assert stub.letters[0].config == {"account": "x", "key": "canary-4711"}
    assert (await gateway.delivery(status.messaging_id)).sealed_config == b""


@pytest.mark.parametrize(
    ("plugin", "config", "error", "words"),
    [
        ("inbox", {"account": "x"}, NotSupported, "takes no configuration"),
        ("stub", {"acount": "x", "zone": "y"}, InvalidArgument, "acount, zone. Known: account, key."),
    ],
)
async def test_a_configuration_the_plugin_does_not_take_is_refused_and_nothing_is_sent(
    gateway: SmallGateway,
    stub: ScriptedChannel,
    plugin: str,
    config: dict[str, str],
    error: type[Exception],
    words: str,
) -> None:
    with pytest.raises(error, match=words):
        await gateway.messaging.send_messages_with_config(
            a_call(), plugin=plugin, outgoing_messages=to("a"), config=config
        )
    assert stub.letters == []


async def test_a_configuration_of_nothing_but_an_empty_key_is_none(
    gateway: SmallGateway, inbox: ScriptedChannel
) -> None:
    await gateway.messaging.send_messages_with_config(
        a_call(), plugin="inbox", outgoing_messages=to("a"), config={"": ""}
    )
    assert len(inbox.letters) == 1


async def test_plugins_are_listed_with_what_they_can(gateway: SmallGateway) -> None:
    stub, inbox = await gateway.messaging.get_plugins(a_call())
    assert (stub.name, stub.supported_messaging_formats, stub.supports_config) == ("stub", ["text/plain"], True)
    assert (inbox.name, inbox.supports_config) == ("inbox", False)


def test_every_state_has_a_status() -> None:
    assert set(STATUS) == set(State)


async def test_delivery_status_tells_the_truth_of_the_moment_in_the_order_asked(gateway: SmallGateway) -> None:
    first, second = await send(gateway, "a", "b")
    await gateway.outbox.record([Record(delivery_id=1, happening=Happening.ARRIVED, at=gateway.clock.now())])
    ids = [second.messaging_id, 999_999, first.messaging_id, second.messaging_id]
    statuses = await gateway.messaging.get_delivery_status(a_call(), messaging_ids=ids)
    assert [s.messaging_id for s in statuses] == ids
    assert [s.status for s in statuses] == [1, 0, 3, 1]
    assert statuses[1].status_description == "No such message."


async def test_another_companys_message_is_nobodys(gateway: SmallGateway) -> None:
    [mine] = await send(gateway, "a")
    stranger = a_call(caller=a_caller(company_id=2, associate_id=201))
    [theirs] = await gateway.messaging.get_delivery_status(stranger, messaging_ids=[mine.messaging_id])
    assert (theirs.status, theirs.status_description) == (0, "No such message.")
