"""Idempotency by itself: keys, fingerprints, what is kept and for how long."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from heliograph.config.settings import IdempotencySettings
from heliograph.core.errors import InvalidArgument, KeyReused, Malformed, StillRunning, Unavailable
from heliograph.core.ports import Call
from heliograph.core.replay import Replaying
from heliograph.intake.carriers import OutgoingMessage, PocketNotificationMessage
from heliograph.intake.once import REPLAYED, Once, Reply
from heliograph.testing.builders import a_call, a_caller
from heliograph.testing.clock import JumpingClock
from heliograph.testing.gateway import SmallGateway
from heliograph.testing.scripted import Gate, ScriptedChannel

pytestmark = pytest.mark.anyio
WINDOW = 3600.0


class Sender:
    """A caller of SendPushNotification and SendMessages who may repeat every call with a key."""

    def __init__(self, gateway: SmallGateway) -> None:
        self.gateway = gateway
        self.once = Once(gateway.store.replays, gateway.clock, IdempotencySettings(window=WINDOW))
        self.caller = a_caller()

    async def push(self, key: str | None, request: object = "a push", ids: tuple[int, ...] = (101,)) -> Reply:
        async def call(replay: Replaying | None) -> Call:
            made = a_call("SendPushNotification", caller=self.caller, replay=replay)
            message = PocketNotificationMessage(title="Fog", message="Sound the horn.")
            await self.gateway.push.send_push_notification(made, associate_ids=list(ids), message=message)
            return made

        return await self.once.answer(key, self.caller, request, call, rendered)

    async def send(self, key: str) -> Reply:
        async def call(replay: Replaying | None) -> Call:
            made = a_call(caller=self.caller, replay=replay)
            messages = [OutgoingMessage(to="keeper101", content="Fog.")]
            made.result = await self.gateway.messaging.send_messages(made, plugin="inbox", outgoing_messages=messages)
            return made

        return await self.once.answer(key, self.caller, "a text", call, rendered)

    async def accepted(self) -> int:
        return len(await self.gateway.outbox.messages(company_id=None, state=None, before_id=None, limit=100))


def rendered(result: Any, notes: dict[str, str]) -> Reply:
    words = [(status.status, status.status_description, status.messaging_id) for status in result or ()]
    return 200, "text/plain", f"{words} {notes}".encode(), (("x-note", "ø"),)


@pytest.fixture
def sender(gateway: SmallGateway) -> Sender:
    return Sender(gateway)


async def test_a_repetition_gets_the_first_answer_and_sends_nothing(sender: Sender) -> None:
    first = await sender.push("k1")
    assert await sender.push("k1") == (*first[:3], (*first[3], REPLAYED))
    assert await sender.push('"k1"') == (*first[:3], (*first[3], REPLAYED)), "quotes are not part of the key"
    assert await sender.accepted() == 1


async def test_another_request_under_the_same_key_is_refused(sender: Sender) -> None:
    await sender.push("k1", {"title": "Fog"})
    with pytest.raises(KeyReused):
        await sender.push("k1", {"title": "Ice"})
    assert await sender.accepted() == 1


async def test_without_a_key_every_call_sends(sender: Sender) -> None:
    await sender.push(None)
    await sender.push(None)
    assert await sender.accepted() == 2


async def test_another_caller_with_the_same_key_is_served(sender: Sender) -> None:
    await sender.push("k1")
    sender.caller = a_caller(associate_id=102)
    await sender.push("k1")
    sender.caller = a_caller(associate_id=None)
    await sender.push("k1")
    assert await sender.accepted() == 3


async def test_while_the_first_call_runs_its_repetition_is_told_to_wait(
    sender: Sender, clock: JumpingClock, inbox: ScriptedChannel
) -> None:
    gate = Gate()
    inbox.answer(gate)
    first = asyncio.create_task(sender.send("k1"))
    await clock.settle()
    with pytest.raises(StillRunning):
        await sender.send("k1")
    gate.open()
    await clock.settle()
    answered = await first
    assert await sender.send("k1") == (*answered[:3], (*answered[3], REPLAYED))
    assert await sender.accepted() == 1


async def test_a_refused_call_leaves_its_key_free(sender: Sender) -> None:
    with pytest.raises(InvalidArgument):
        await sender.push("k1", ids=())
    await sender.push("k1", "another request")
    assert await sender.accepted() == 1


async def test_a_call_the_store_could_not_take_leaves_its_key_free(sender: Sender, gateway: SmallGateway) -> None:
    gateway.flaky.fail("accept")
    with pytest.raises(Unavailable):
        await sender.push("k1")
    gateway.flaky.heal()
    await sender.push("k1")
    assert await sender.accepted() == 1


async def test_after_its_window_a_key_is_as_good_as_new(sender: Sender, clock: JumpingClock) -> None:
    await sender.push("k1")
    await clock.jump(WINDOW - 1)
    await sender.push("k1")
    assert await sender.accepted() == 1
    await clock.jump(1)
    await sender.push("k1", "another request")
    assert await sender.accepted() == 2


async def test_a_process_that_died_before_it_answered_answers_what_is_true(sender: Sender) -> None:
    """The first process kept the call and never answered; the second one has only what is on disk."""
    lost: list[Reply] = []

    async def died(replay: Replaying | None) -> Call:
        made = a_call(replay=replay)
        await sender.gateway.messaging.send_messages(
            made, plugin="stub", outgoing_messages=[OutgoingMessage(to="keeper101", content="Fog.")]
        )
        raise ConnectionError("the power is gone")

    with pytest.raises(ConnectionError):
        await sender.once.answer("k1", sender.caller, "a text", died, rendered)
    survivor = Once(sender.gateway.store.replays, sender.gateway.clock, IdempotencySettings(window=WINDOW))

    async def never(replay: Replaying | None) -> Call:
        raise AssertionError("sent twice")

    lost.append(await survivor.answer("k1", sender.caller, "a text", never, rendered))
    assert b"Queued: stored." in lost[0][2]
    assert REPLAYED in lost[0][3]


async def test_a_quicker_process_has_the_key(sender: Sender) -> None:
    """Two processes on one store: neither knows what runs in the other, and the store lets one of them through."""
    other = Sender(sender.gateway)
    replies = await asyncio.gather(sender.push("k1"), other.push("k1"))
    assert replies[0][:3] == replies[1][:3]
    assert [REPLAYED in reply[3] for reply in replies].count(True) == 1
    assert await sender.accepted() == 1


@pytest.mark.parametrize("key", ["", " ", '""', "ø", "a\tb", "x" * 256])
async def test_what_cannot_be_a_key_is_refused(sender: Sender, key: str) -> None:
    with pytest.raises(InvalidArgument):
        await sender.push(key)
    assert await sender.accepted() == 0


async def test_a_request_that_is_not_text_is_refused(sender: Sender) -> None:
    with pytest.raises(Malformed):
        await sender.push("k1", "\ud800")
