"""What someone outside sent comes into an inbox, in the thread it belongs to."""

from __future__ import annotations

from typing import Any

import pytest

from heliograph.config.settings import IdempotencySettings, MessagingSettings, PushSettings
from heliograph.core.delivery import Acceptance
from heliograph.core.errors import InvalidArgument, NotSupported, Unavailable, UnknownChannel, UnknownRecipient
from heliograph.core.lifecycle import State
from heliograph.core.message import Text
from heliograph.core.reporting import Arrival
from heliograph.hooks.none import NoHooks
from heliograph.intake.arrivals import Arrivals
from heliograph.intake.carriers import IncomingMessage, OutgoingMessage
from heliograph.intake.conversations import Conversations, same_address
from heliograph.intake.incoming import IncomingService
from heliograph.intake.methods import handlers
from heliograph.intake.once import Once
from heliograph.intake.query import MessageView, Query
from heliograph.intake.services import Services
from heliograph.testing.builders import a_call, a_delivery, a_text
from heliograph.testing.builders import a_message as a_sent_message
from heliograph.testing.clock import SATURDAY_NOON as NOON
from heliograph.testing.gateway import SmallGateway
from heliograph.testing.scripted import ScriptedChannel

pytestmark = pytest.mark.anyio

PHONE = "+4791234567"
WINDOW = 60.0


@pytest.fixture
def conversations(gateway: SmallGateway, messaging: MessagingSettings) -> Conversations:
    settings = messaging.model_copy(update={"reply_window": WINDOW})
    return Conversations(gateway.outbox, gateway.store.threads, gateway.clock, settings)


@pytest.fixture
def incoming(gateway: SmallGateway, messaging: MessagingSettings, conversations: Conversations) -> IncomingService:
    return IncomingService(gateway.intake, gateway.channels, conversations, messaging, PushSettings())


@pytest.fixture
def arrivals(gateway: SmallGateway, incoming: IncomingService, conversations: Conversations) -> Arrivals:
    once = Once(gateway.store.replays, gateway.clock, IdempotencySettings())
    return Arrivals(Services(handlers(incoming), NoHooks()), conversations, gateway.directory, once)


def a_message(**changes: Any) -> IncomingMessage:
    told = {"to": "keeper101", "from_": PHONE, "content": "Is the lamp lit?", "session_key": "thread-7"}
    return IncomingMessage(**told | changes)


def an_arrival(**changes: Any) -> Arrival:
    told = {"company_id": 1, "user": "keeper102", "sender": PHONE, "text": "It is lit."}
    return Arrival(**told | changes)


async def sent(gateway: SmallGateway, id: int, *, company_id: int = 1, **text: Any) -> None:
    """A text of keeper101's to the phone, taken by its provider."""
    message = a_sent_message(
        id, company_id=company_id, created_at=gateway.clock.now(), content=a_text(**{"sender": ""} | text)
    )
    delivery = a_delivery(id, company_id=company_id, address=PHONE, state=State.LEASED)
    await gateway.store.outbox.accept(Acceptance(messages=(message,), deliveries=(delivery,)))
    await gateway.outbox.reserve(1, 1)  # the ids above are not given again


async def view(gateway: SmallGateway, id: int) -> MessageView:
    return await Query(gateway.outbox, gateway.store.answers, gateway.store.threads).message(id)


async def state(gateway: SmallGateway, id: int) -> State:
    return (await view(gateway, id)).deliveries[0].state


async def test_it_is_delivered_to_the_inbox_of_the_user_it_is_addressed_to(
    gateway: SmallGateway, inbox: ScriptedChannel, incoming: IncomingService
) -> None:
    call = a_call("CreateMessage")
    await incoming.create_message(call, incoming_message=a_message(subject="The lamp"))
    await gateway.clock.settle()
    [letter] = inbox.letters
    assert letter.address.value == "keeper101"
    assert letter.message.content == Text(
        sender=PHONE,
        to="keeper101",
        body="Is the lamp lit?",
        format="",
        session_key="thread-7",
        inbound=True,
        subject="The lamp",
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


async def test_without_an_inbox_nothing_can_come_in(
    gateway: SmallGateway, messaging: MessagingSettings, conversations: Conversations
) -> None:
    elsewhere = PushSettings(inbox="elsewhere")
    service = IncomingService(gateway.intake, gateway.channels, conversations, messaging, elsewhere)
    with pytest.raises(NotSupported, match="inbox"):
        await service.create_message(a_call(), incoming_message=a_message())


class TestThreads:
    """An answer is linked to what it answers, which then says that it was replied to."""

    async def test_a_session_key_finds_the_newest_message_to_that_sender(
        self, gateway: SmallGateway, incoming: IncomingService
    ) -> None:
        await sent(gateway, 1, session_key="thread-7")
        await sent(gateway, 2, session_key="thread-7")
        await sent(gateway, 3, session_key="thread-8")
        await incoming.create_message(a_call(), incoming_message=a_message())
        assert [await state(gateway, id) for id in (1, 2, 3)] == [State.LEASED, State.REPLIED, State.LEASED]
        [answer] = (await view(gateway, 2)).follow_ups
        assert isinstance(answer.content, Text)
        assert (answer.content.parent_id, answer.content.session_key, answer.content.inbound) == (2, "thread-7", True)

    async def test_an_answer_from_another_address_is_in_the_thread_and_moves_nothing(
        self, gateway: SmallGateway, incoming: IncomingService
    ) -> None:
        await sent(gateway, 1, session_key="thread-7")
        await incoming.create_message(a_call(), incoming_message=a_message(from_="+4799999999"))
        assert await state(gateway, 1) is State.LEASED
        assert len((await view(gateway, 1)).follow_ups) == 1

    async def test_another_companys_session_is_not_seen(self, gateway: SmallGateway, incoming: IncomingService) -> None:
        await sent(gateway, 1, company_id=2, session_key="thread-7")
        await incoming.create_message(a_call(), incoming_message=a_message())
        assert await state(gateway, 1) is State.LEASED
        assert (await view(gateway, 1)).follow_ups == ()

    async def test_another_companys_message_cannot_be_named_as_the_one_answered(
        self, gateway: SmallGateway, incoming: IncomingService
    ) -> None:
        await sent(gateway, 1, company_id=2)
        await incoming.create_message(a_call(), incoming_message=a_message(parent_messaging_id=1, session_key=""))
        assert await state(gateway, 1) is State.LEASED

    async def test_what_follows_a_message_is_in_its_session(self, gateway: SmallGateway) -> None:
        await sent(gateway, 1, session_key="thread-7")
        outgoing = [
            OutgoingMessage(to=PHONE, content="again", parent_messaging_id=1),
            OutgoingMessage(to=PHONE, content="elsewhere", parent_messaging_id=1, suggested_session_key="own"),
            OutgoingMessage(to=PHONE, content="unknown", parent_messaging_id=99),
        ]
        call = a_call()
        statuses = await gateway.messaging.send_messages(call, plugin="stub", outgoing_messages=outgoing)
        keys = [(await view(gateway, status.messaging_id)).message.content for status in statuses]
        assert [text.session_key for text in keys if isinstance(text, Text)] == ["thread-7", "own", ""]
        assert len((await view(gateway, 1)).follow_ups) == 2


class TestPairsOfNumbers:
    """A text from a phone answers the newest one that was sent to it, from the number it was sent to, for a while."""

    async def test_it_answers_the_newest_text_to_its_sender(self, gateway: SmallGateway, arrivals: Arrivals) -> None:
        await sent(gateway, 1, session_key="thread-7")
        await sent(gateway, 2, sender="26112")
        await arrivals.take("stub", an_arrival(user="keeper101", to="26112"))
        assert [await state(gateway, id) for id in (1, 2)] == [State.LEASED, State.REPLIED]
        [answer] = (await view(gateway, 2)).follow_ups
        assert isinstance(answer.content, Text)
        assert (answer.content.plugin, answer.content.body) == ("stub", "It is lit.")

    @pytest.mark.parametrize("from_and_to", [("26113", "26112"), ("Lighthouse", "26112")])
    async def test_a_text_from_another_number_is_not_what_it_answers(
        self, gateway: SmallGateway, arrivals: Arrivals, from_and_to: tuple[str, str]
    ) -> None:
        sender, to = from_and_to
        await sent(gateway, 1, sender=sender)
        await arrivals.take("stub", an_arrival(user="keeper101", to=to))
        assert await state(gateway, 1) is State.LEASED

    async def test_a_number_without_its_plus_is_the_same(self, gateway: SmallGateway, arrivals: Arrivals) -> None:
        await sent(gateway, 1)
        await arrivals.take("stub", an_arrival(user="keeper101", sender=PHONE[1:], to="26112"))
        assert await state(gateway, 1) is State.REPLIED

    async def test_after_the_window_it_answers_nothing(self, gateway: SmallGateway, arrivals: Arrivals) -> None:
        await sent(gateway, 1)
        await gateway.clock.jump(WINDOW + 1)
        await arrivals.take("stub", an_arrival(user="keeper101", to="26112"))
        assert (await view(gateway, 1)).follow_ups == ()

    @pytest.mark.parametrize(
        ("one", "other", "same"),
        [
            (PHONE, PHONE, True),
            (PHONE, "47 91 23 45 67", True),
            ("91234567", PHONE, True),
            ("091234567", PHONE, True),
            ("4567", PHONE, False),
            ("26112", "026112", True),
            ("Keeper@Coast.example", "keeper@coast.example", True),
            ("keeper@coast.example", "keeper@coast.exampl", False),
            ("", "", False),
            ("0", "", False),
            ("Lighthouse", PHONE, False),
        ],
    )
    def test_two_ways_to_write_one_address(self, one: str, other: str, same: bool) -> None:
        assert same_address(one, other) is same
        assert same_address(other, one) is same


class TestProof:
    """A channel that can prove which delivery is answered needs no company and no user."""

    async def test_it_goes_to_whoever_sent_what_it_answers(
        self, gateway: SmallGateway, inbox: ScriptedChannel, arrivals: Arrivals
    ) -> None:
        await sent(gateway, 1, session_key="thread-7")
        await arrivals.take("stub", an_arrival(company_id=0, user="", to_sender=True, answers=(1, 1), sender="any@x"))
        await gateway.clock.settle()
        assert inbox.letters[0].address.value == "keeper101"
        assert await state(gateway, 1) is State.REPLIED

    @pytest.mark.parametrize("answers", [(1, 2), (2, 1), (9, 9)])
    async def test_what_is_not_there_is_answered_by_nobody(
        self, gateway: SmallGateway, arrivals: Arrivals, answers: tuple[int, int]
    ) -> None:
        await sent(gateway, 1)
        with pytest.raises(UnknownRecipient):
            await arrivals.take("stub", an_arrival(company_id=0, user="", to_sender=True, answers=answers))
        assert await state(gateway, 1) is State.LEASED

    async def test_proof_for_one_channel_is_none_for_another(self, gateway: SmallGateway, arrivals: Arrivals) -> None:
        await sent(gateway, 1)
        with pytest.raises(UnknownRecipient):
            await arrivals.take("inbox", an_arrival(company_id=0, user="", to_sender=True, answers=(1, 1)))

    async def test_what_a_machine_sent_goes_to_the_user_of_the_settings(
        self, gateway: SmallGateway, inbox: ScriptedChannel, arrivals: Arrivals
    ) -> None:
        message = a_sent_message(1, sender_id=None, content=a_text())
        delivery = a_delivery(1, address=PHONE, state=State.LEASED)
        await gateway.store.outbox.accept(Acceptance(messages=(message,), deliveries=(delivery,)))
        await gateway.outbox.reserve(1, 1)
        await arrivals.take("stub", an_arrival(company_id=0, to_sender=True, answers=(1, 1)))
        await gateway.clock.settle()
        assert inbox.letters[0].address.value == "keeper102"


class TestOnce:
    """A far side that hands the same message in again is believed, and nothing comes in twice."""

    async def test_the_same_message_comes_in_once(
        self, gateway: SmallGateway, inbox: ScriptedChannel, arrivals: Arrivals
    ) -> None:
        for _ in range(3):
            await arrivals.take("stub", an_arrival(once="mail-1"))
        await arrivals.take("stub", an_arrival(once="mail-2"))
        await arrivals.take("stub", an_arrival())
        await arrivals.take("stub", an_arrival())
        await gateway.clock.settle()
        assert len(inbox.letters) == 4

    async def test_what_could_not_be_kept_may_come_again(
        self, gateway: SmallGateway, inbox: ScriptedChannel, arrivals: Arrivals
    ) -> None:
        gateway.flaky.fail("accept")
        with pytest.raises(Unavailable):
            await arrivals.take("stub", an_arrival(once="mail-1"))
        gateway.flaky.heal()
        await arrivals.take("stub", an_arrival(once="mail-1"))
        await gateway.clock.settle()
        assert len(inbox.letters) == 1
        assert inbox.letters[0].message.created_at == NOON
