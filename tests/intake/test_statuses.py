"""A provider's later word on a message, told with SetDeliveryStatus."""

from __future__ import annotations

import pytest

from heliograph.config.settings import MessagingSettings
from heliograph.core.errors import InvalidArgument, NotFound, UnknownChannel
from heliograph.core.lifecycle import State
from heliograph.core.outcome import Accepted
from heliograph.intake.carriers import OutgoingMessage
from heliograph.intake.statuses import MEANING, StatusService
from heliograph.testing.builders import a_call, a_caller
from heliograph.testing.gateway import SmallGateway
from heliograph.testing.scripted import ScriptedChannel

pytestmark = pytest.mark.anyio


@pytest.fixture
def statuses(gateway: SmallGateway, messaging: MessagingSettings) -> StatusService:
    return StatusService(gateway.outbox, gateway.channels, gateway.clock, messaging)


async def sent(gateway: SmallGateway, channel: ScriptedChannel, provider_id: str) -> int:
    """The id of a message that the provider took under that id of its own."""
    channel.answer(Accepted(provider_id=provider_id))
    message = OutgoingMessage(to="+4791234567", content="Lit.")
    [status] = await gateway.messaging.send_messages(a_call(), plugin="stub", outgoing_messages=[message])
    return status.messaging_id


async def tell(statuses: StatusService, status: int, external_id: str = "x-1", plugin: str = "stub") -> None:
    await statuses.set_delivery_status(
        a_call(), plugin=plugin, external_message_id=external_id, status=status, status_description="told later"
    )


@pytest.mark.parametrize(
    ("status", "state"),
    [
        (0, State.UNDELIVERED),
        (1, State.SENT),
        (2, State.UNDELIVERED),
        (3, State.DELIVERED),
        (4, State.REPLIED),
    ],
)
async def test_each_status_moves_the_delivery_that_the_provider_took(
    gateway: SmallGateway, stub: ScriptedChannel, statuses: StatusService, status: int, state: State
) -> None:
    message_id = await sent(gateway, stub, "x-1")
    await tell(statuses, status)
    assert (await gateway.delivery(message_id)).state is state


async def test_what_is_told_is_what_get_delivery_status_answers(
    gateway: SmallGateway, stub: ScriptedChannel, statuses: StatusService
) -> None:
    message_id = await sent(gateway, stub, "x-1")
    await tell(statuses, 3)
    [status] = await gateway.messaging.get_delivery_status(a_call(), messaging_ids=[message_id])
    assert (status.status, status.status_description) == (3, "told later")


async def test_a_status_told_twice_or_too_late_changes_nothing(
    gateway: SmallGateway, stub: ScriptedChannel, statuses: StatusService
) -> None:
    message_id = await sent(gateway, stub, "x-1")
    for status in (4, 4, 2, 1):
        await tell(statuses, status)
    assert (await gateway.delivery(message_id)).state is State.REPLIED


async def test_an_id_that_a_provider_gave_again_is_the_newest_messages(
    gateway: SmallGateway, stub: ScriptedChannel, statuses: StatusService
) -> None:
    older, newer = await sent(gateway, stub, "x-1"), await sent(gateway, stub, "x-1")
    await tell(statuses, 3)
    assert (await gateway.delivery(older)).state is State.SENT
    assert (await gateway.delivery(newer)).state is State.DELIVERED


@pytest.mark.parametrize("external_id", ["", "x-2"])
async def test_an_id_that_no_message_has_is_not_found(
    gateway: SmallGateway, stub: ScriptedChannel, statuses: StatusService, external_id: str
) -> None:
    await sent(gateway, stub, "x-1")
    with pytest.raises(NotFound):
        await tell(statuses, 3, external_id)


async def test_another_companys_message_is_not_found(
    gateway: SmallGateway, stub: ScriptedChannel, statuses: StatusService
) -> None:
    message_id = await sent(gateway, stub, "x-1")
    call = a_call(caller=a_caller(company_id=2, associate_id=201))
    with pytest.raises(NotFound):
        await statuses.set_delivery_status(
            call, plugin="stub", external_message_id="x-1", status=3, status_description=""
        )
    assert (await gateway.delivery(message_id)).state is State.SENT


async def test_an_empty_plugin_is_the_default_one_and_an_unknown_one_is_refused(statuses: StatusService) -> None:
    with pytest.raises(NotFound, match="inbox"):
        await tell(statuses, 3, plugin="")
    with pytest.raises(UnknownChannel, match="inbox"):
        await tell(statuses, 3, plugin="pigeon")


@pytest.mark.parametrize("status", [-1, 5])
async def test_a_number_that_is_no_status_is_refused(statuses: StatusService, status: int) -> None:
    with pytest.raises(InvalidArgument, match="Status"):
        await tell(statuses, status)


def test_every_status_of_the_contract_has_a_meaning() -> None:
    assert sorted(MEANING) == [0, 1, 2, 3, 4]
