"""What someone outside sent comes into an inbox."""

from __future__ import annotations

from typing import Any

import pytest

from heliograph.config.settings import MessagingSettings, PushSettings
from heliograph.core.errors import InvalidArgument, NotSupported, UnknownChannel
from heliograph.core.message import Text
from heliograph.intake.carriers import IncomingMessage
from heliograph.intake.incoming import IncomingService
from heliograph.testing.builders import a_call
from heliograph.testing.gateway import SmallGateway
from heliograph.testing.scripted import ScriptedChannel

pytestmark = pytest.mark.anyio


@pytest.fixture
def incoming(gateway: SmallGateway, messaging: MessagingSettings) -> IncomingService:
    return IncomingService(gateway.intake, gateway.channels, messaging, PushSettings())


def a_message(**changes: Any) -> IncomingMessage:
    told = {"to": "keeper101", "from_": "+4791234567", "content": "Is the lamp lit?", "session_key": "thread-7"}
    return IncomingMessage(**told | changes)


async def test_it_is_delivered_to_the_inbox_of_the_user_it_is_addressed_to(
    gateway: SmallGateway, inbox: ScriptedChannel, incoming: IncomingService
) -> None:
    call = a_call("CreateMessage")
    await incoming.create_message(call, incoming_message=a_message())
    await gateway.clock.settle()
    [letter] = inbox.letters
    assert letter.address.value == "keeper101"
    assert letter.message.content == Text(
        sender="+4791234567", to="keeper101", body="Is the lamp lit?", format="", session_key="thread-7"
    )
    assert call.notes == {"MessageId": str(letter.message.id)}


async def test_a_message_for_nobody_is_refused_and_not_kept(
    gateway: SmallGateway, inbox: ScriptedChannel, incoming: IncomingService
) -> None:
    with pytest.raises(InvalidArgument, match="nobody"):
        await incoming.create_message(a_call(), incoming_message=a_message(to="nobody"))
    await gateway.clock.settle()
    assert inbox.letters == []
    assert await gateway.outbox.counts() == {}


async def test_the_plugin_it_came_through_must_be_one_or_none(
    inbox: ScriptedChannel, incoming: IncomingService, gateway: SmallGateway
) -> None:
    with pytest.raises(UnknownChannel, match="stub"):
        await incoming.create_message(a_call(), incoming_message=a_message(plugin="pigeon"))
    await incoming.create_message(a_call(), incoming_message=a_message(plugin="stub"))
    await gateway.clock.settle()
    assert len(inbox.letters) == 1


async def test_without_an_inbox_nothing_can_come_in(gateway: SmallGateway, messaging: MessagingSettings) -> None:
    service = IncomingService(gateway.intake, gateway.channels, messaging, PushSettings(inbox="elsewhere"))
    with pytest.raises(NotSupported, match="inbox"):
        await service.create_message(a_call(), incoming_message=a_message())
