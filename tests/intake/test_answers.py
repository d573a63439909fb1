"""A question, and what its recipient says to it."""

from __future__ import annotations

import base64

import pytest

from heliograph.config.settings import PushSettings
from heliograph.core.delivery import Address, Letter
from heliograph.core.errors import Conflict, InvalidArgument, NotAllowed, NotFound
from heliograph.core.events import MessageAnswered
from heliograph.core.lifecycle import State
from heliograph.core.message import PushType
from heliograph.core.people import Caller, Door
from heliograph.core.ports import Call
from heliograph.intake.answer_links import PATH, AnswerLinks, Asked
from heliograph.intake.answers import AnswerService
from heliograph.intake.carriers import PocketNotificationMessage
from heliograph.testing.builders import a_call, a_caller, a_letter, a_message, a_push, a_text, an_acceptance, an_item
from heliograph.testing.clock import JumpingClock
from heliograph.testing.gateway import SmallGateway
from heliograph.testing.secrets import OpenSealer

pytestmark = pytest.mark.anyio


def by(associate_id: int | None, company_id: int = 1) -> Call:
    caller = Caller(company_id=company_id, door=Door.REST, associate_id=associate_id)
    return Call(method="AnswerQuestion", arguments={}, caller=caller)


async def ask(gateway: SmallGateway, *to: int, type: PushType = PushType.QUESTION) -> None:
    message = PocketNotificationMessage(title="Storm", message="Will you come?", type=type)
    await gateway.push.send_push_notification(a_call(), associate_ids=list(to), message=message)
    await gateway.clock.settle()


async def status(gateway: SmallGateway) -> tuple[int, str]:
    [said] = await gateway.messaging.get_delivery_status(a_call(), messaging_ids=[1])
    return said.status, said.status_description


async def test_an_answer_makes_the_message_replied(gateway: SmallGateway) -> None:
    await ask(gateway, 101, 102)
    assert (await status(gateway))[0] == 1
    first, second = await gateway.outbox.deliveries([1])
    said = await gateway.answers.answer_question(by(101), message_id=1, delivery_id=first.id, answer=" Yes ")
    assert said == "yes"
    assert await status(gateway) == (4, "answered yes")
    states = [delivery.state for delivery in await gateway.outbox.deliveries([1])]
    assert states == [State.REPLIED, second.state]
    assert [event for event in gateway.witness.events if isinstance(event, MessageAnswered)] == [
        MessageAnswered(1, 1, first.id)
    ]


async def test_the_same_answer_again_changes_nothing_and_the_other_one_is_refused(
    gateway: SmallGateway, clock: JumpingClock
) -> None:
    await ask(gateway, 101)
    [delivery] = await gateway.outbox.deliveries([1])
    for _ in range(2):
        await gateway.answers.answer_question(by(101), message_id=1, delivery_id=delivery.id, answer="no")
        await clock.jump(1)
    with pytest.raises(Conflict, match="no"):
        await gateway.answers.answer_question(by(101), message_id=1, delivery_id=delivery.id, answer="yes")
    assert sum(isinstance(event, MessageAnswered) for event in gateway.witness.events) == 1
    asked = await gateway.answers.question(by(101).caller, 1, delivery.id)
    assert (asked.answer, asked.over) == ("no", False)
    assert asked.push == (await gateway.outbox.message(1)).content  # type: ignore[union-attr]


async def test_nobody_answers_for_another(gateway: SmallGateway) -> None:
    await ask(gateway, 101)
    [delivery] = await gateway.outbox.deliveries([1])
    for stranger in (by(102), by(101, company_id=2), by(201, company_id=2)):
        with pytest.raises(NotFound):
            await gateway.answers.answer_question(stranger, message_id=1, delivery_id=delivery.id, answer="yes")
    with pytest.raises(NotAllowed):
        await gateway.answers.answer_question(by(None), message_id=1, delivery_id=delivery.id, answer="yes")
    for message_id, delivery_id in ((1, delivery.id + 1), (2, delivery.id), (0, 0)):
        with pytest.raises(NotFound):
            await gateway.answers.answer_question(by(101), message_id=message_id, delivery_id=delivery_id, answer="yes")


@pytest.mark.parametrize("answer", ["", "maybe", "yes\x00", "1", "true"])
async def test_only_yes_and_no_are_answers(gateway: SmallGateway, answer: str) -> None:
    await ask(gateway, 101)
    [delivery] = await gateway.outbox.deliveries([1])
    with pytest.raises(InvalidArgument) as caught:
        await gateway.answers.answer_question(by(101), message_id=1, delivery_id=delivery.id, answer=answer)
    assert caught.value.fields[0].field == "Answer"


@pytest.mark.parametrize("type", sorted(set(PushType) - {PushType.QUESTION}))
async def test_what_asks_nothing_is_not_answered(gateway: SmallGateway, type: PushType) -> None:
    await ask(gateway, 101, type=type)
    [delivery] = await gateway.outbox.deliveries([1])
    with pytest.raises(InvalidArgument):
        await gateway.answers.answer_question(by(101), message_id=1, delivery_id=delivery.id, answer="yes")


async def test_the_time_to_answer_ends(gateway: SmallGateway, clock: JumpingClock) -> None:
    await ask(gateway, 101)
    [delivery] = await gateway.outbox.deliveries([1])
    answers = AnswerService(gateway.outbox, gateway.store.answers, clock, PushSettings(answer_time=5))
    await clock.jump(5)
    with pytest.raises(Conflict):
        await answers.answer_question(by(101), message_id=1, delivery_id=delivery.id, answer="yes")


def a_question(**changes: object) -> Letter:
    letter = a_letter(
        message=a_message(5, content=a_push(type=PushType.QUESTION)),
        delivery_id=9,
        address=Address(value="token", associate_id=101, device_id=3),
    )
    return a_letter(message=letter.message, delivery_id=9, address=letter.address, **changes)


def test_a_link_says_which_delivery_is_answered_by_whom() -> None:
    links = AnswerLinks(OpenSealer(), "https://gateway.example/")
    link = links.of(a_question())
    assert link.startswith(f"https://gateway.example{PATH}")
    assert links.read(link.rpartition("/")[2]) == Asked(1, 101, 5, 9)


def test_what_asks_nothing_or_has_no_public_address_has_no_link() -> None:
    links = AnswerLinks(OpenSealer(), "https://gateway.example")
    assert AnswerLinks(OpenSealer(), "").of(a_question()) == ""
    assert links.of(a_letter(message=a_message(content=a_push()))) == ""
    assert links.of(a_letter(message=a_message(content=a_text()))) == ""
    assert links.of(a_letter(message=a_question().message)) == ""  # to an address that is nobody's


@pytest.mark.parametrize("token", ["", "x", "!!!", "A" * 300, base64.urlsafe_b64encode(b"made up").decode()])
def test_a_link_that_was_made_up_is_none(token: str) -> None:
    with pytest.raises(NotFound):
        AnswerLinks(OpenSealer(), "https://gateway.example").read(token)


async def test_a_link_of_a_user_who_is_gone_or_elsewhere_is_none(gateway: SmallGateway) -> None:
    links = AnswerLinks(OpenSealer(), "https://gateway.example")
    good = links.token(Asked(1, 101, 5, 9))
    caller, asked = await links.caller(good, gateway.directory)
    assert (caller.company_id, caller.associate_id, asked.delivery_id) == (1, 101, 9)
    for wrong in (Asked(1, 103, 5, 9), Asked(1, 999, 5, 9), Asked(2, 101, 5, 9), Asked(9, 101, 5, 9)):
        with pytest.raises(NotFound):
            await links.caller(links.token(wrong), gateway.directory)


async def test_reading_an_item_is_the_receipt_of_its_delivery(gateway: SmallGateway) -> None:
    await gateway.accept(an_acceptance(1, channel="nobody", state=State.SENT, associate_id=101))
    [item] = await gateway.inbox_store.put([an_item(1)])
    await gateway.inbox.mark_read(a_caller(), item.id)
    assert await status(gateway) == (3, "read by its recipient")
