"""What becomes of a delivery, told from its acceptance to its end."""

from __future__ import annotations

import msgspec
import pytest
from structlog.testing import capture_logs

from heliograph.core.delivery import Acceptance, Record
from heliograph.core.events import AttemptMade, DeliverySettled
from heliograph.core.lifecycle import Happening, State
from heliograph.core.outcome import Accepted, Deferred, Gone, Refused
from heliograph.core.ports import Traits
from heliograph.core.retry import RetryPolicy
from heliograph.testing.builders import a_delivery, a_device, a_message, a_user, an_acceptance
from heliograph.testing.clock import SATURDAY_NOON, JumpingClock
from heliograph.testing.scripted import ScriptedChannel, never
from heliograph.testing.secrets import OpenSealer

pytestmark = pytest.mark.anyio


async def test_an_accepted_message_is_sent_at_once(start, channel: ScriptedChannel) -> None:
    gateway = await start()
    channel.answer(Accepted(provider_id="p-7", detail="taken"))
    await gateway.accept(an_acceptance())
    delivery = await gateway.delivery()
    assert (delivery.state, delivery.provider_id, delivery.detail) == (State.SENT, "p-7", "taken")
    [letter] = channel.letters
    assert (letter.address.value, letter.attempt, letter.delivery_id) == ("address-1", 1, 1)
    [attempt] = await gateway.attempts()
    assert (attempt.number, attempt.outcome, attempt.started_at) == (1, "accepted", SATURDAY_NOON)
    assert gateway.witness.events[-2:] == [
        AttemptMade(1, "stub", 1, "accepted", 0),
        DeliverySettled(1, "stub", State.SENT),
    ]


async def test_a_channel_that_delivers_on_the_spot_says_so(start, channel: ScriptedChannel) -> None:
    gateway = await start()
    channel.answer(Accepted(delivered=True))
    await gateway.accept(an_acceptance())
    assert (await gateway.delivery()).state is State.DELIVERED


async def test_a_busy_provider_is_asked_again_after_growing_waits_until_it_takes_the_message(
    start, channel: ScriptedChannel, clock: JumpingClock
) -> None:
    gateway = await start()
    channel.answer(Deferred("busy"), Deferred("busy"))
    await gateway.accept(an_acceptance())
    delivery = await gateway.delivery()
    assert (delivery.state, delivery.detail, delivery.attempts) == (State.QUEUED, "busy", 1)
    assert delivery.due_at == SATURDAY_NOON + 1000  # half the ceiling of two seconds
    await clock.jump(0.9)
    assert len(channel.letters) == 1
    await clock.jump(10)
    assert [letter.attempt for letter in channel.letters] == [1, 2, 3]
    assert (await gateway.delivery()).state is State.SENT
    assert [attempt.outcome for attempt in await gateway.attempts()] == ["deferred", "deferred", "accepted"]


async def test_a_provider_that_names_a_time_is_left_alone_until_then(
    start, channel: ScriptedChannel, clock: JumpingClock
) -> None:
    gateway = await start()
    channel.answer(Deferred("busy", retry_after=120))
    await gateway.accept(an_acceptance())
    await clock.jump(119)
    assert len(channel.letters) == 1
    await clock.jump(10)
    assert len(channel.letters) == 2


async def test_a_refused_message_fails_with_the_reason_and_is_not_tried_again(
    start, channel: ScriptedChannel, clock: JumpingClock
) -> None:
    gateway = await start()
    channel.answer(Refused("no such number"))
    await gateway.accept(an_acceptance())
    delivery = await gateway.delivery()
    assert (delivery.state, delivery.detail) == (State.FAILED, "no such number")
    await clock.jump(3600)
    assert len(channel.letters) == 1


async def test_a_message_that_expires_before_its_next_attempt_is_expired(start, channel: ScriptedChannel) -> None:
    gateway = await start()
    channel.answer(Deferred("busy", retry_after=60))
    await gateway.accept(an_acceptance(expires_at=SATURDAY_NOON + 30_000))
    assert (await gateway.delivery()).state is State.EXPIRED


async def test_a_message_that_expired_while_nothing_ran_is_never_tried(
    start, channel: ScriptedChannel, clock: JumpingClock
) -> None:
    gateway = await start()
    await gateway.dispatcher.stop(0)
    await gateway.accept(an_acceptance(expires_at=SATURDAY_NOON + 30_000))
    await clock.jump(31)
    again = await start(store=gateway.store)
    await again.sweeper.sweep()
    assert channel.letters == []
    assert (await again.delivery()).state is State.EXPIRED


async def test_a_dead_letter_is_tried_afresh_when_an_operator_says_so(
    start, channel: ScriptedChannel, clock: JumpingClock
) -> None:
    channel.traits = Traits(retry=RetryPolicy(attempts=3))
    gateway = await start()
    channel.answer(*[Deferred("busy")] * 5)
    await gateway.accept(an_acceptance())
    await clock.jump(60)
    delivery = await gateway.delivery()
    assert (delivery.state, delivery.detail) == (State.FAILED, "gave up after 3 attempts: busy")
    assert gateway.witness.all(DeliverySettled) == [DeliverySettled(1, "stub", State.FAILED, 3.0)]
    await gateway.outbox.record([Record(delivery_id=1, happening=Happening.RETRIED, at=clock.now())])
    await clock.jump(60)
    assert len(channel.letters) == 6
    assert (await gateway.delivery()).state is State.SENT


async def test_an_expired_message_sent_again_carries_its_new_time_to_live(
    start, channel: ScriptedChannel, clock: JumpingClock
) -> None:
    gateway = await start()
    channel.answer(Deferred("busy", retry_after=60))
    await gateway.accept(an_acceptance(expires_at=SATURDAY_NOON + 30_000))
    later = SATURDAY_NOON + 3_600_000
    retried = Record(delivery_id=1, happening=Happening.RETRIED, at=clock.now(), expires_at=later)
    await gateway.outbox.record([retried])
    await clock.jump(2)
    assert (await gateway.delivery()).state is State.SENT
    assert channel.letters[-1].message.expires_at == later


async def test_a_channel_that_fails_instead_of_answering_is_a_bug_and_the_message_is_in_doubt(
    start, channel: ScriptedChannel, clock: JumpingClock
) -> None:
    gateway = await start()
    channel.answer(RuntimeError("secret-4711"))
    with capture_logs() as logged:
        await gateway.accept(an_acceptance())
    assert [line["action"] for line in logged] == ["channel_bug"]
    assert (await gateway.delivery()).detail == "the channel failed (RuntimeError)"
    await clock.jump(5)
    assert (await gateway.delivery()).state is State.SENT


async def test_an_answer_that_is_no_outcome_is_a_bug_too(start, channel: ScriptedChannel) -> None:
    async def nonsense(letter: object) -> object:
        return "yes"

    gateway = await start()
    channel.answer(nonsense)  # type: ignore[arg-type]
    with capture_logs() as logged:
        await gateway.accept(an_acceptance())
    assert [line["action"] for line in logged] == ["channel_bug"]
    assert (await gateway.delivery()).state is State.QUEUED


async def test_a_try_that_takes_too_long_is_ended_and_in_doubt(
    start, channel: ScriptedChannel, clock: JumpingClock
) -> None:
    channel.traits = Traits(timeout=20)
    gateway = await start()
    channel.answer(never)
    await gateway.accept(an_acceptance())
    await clock.jump(19.9)
    assert (await gateway.delivery()).state is State.LEASED
    await clock.jump(0.1)
    delivery = await gateway.delivery()
    assert (delivery.state, delivery.detail) == (State.QUEUED, "no answer within 20 seconds")
    [attempt] = await gateway.attempts()
    assert attempt.took_ms == 20_000


async def test_what_may_have_arrived_is_not_sent_again_where_the_far_side_would_not_notice(
    start, channel: ScriptedChannel, clock: JumpingClock
) -> None:
    channel.traits = Traits(timeout=20, retry=RetryPolicy(resend_in_doubt=False))
    gateway = await start()
    channel.answer(never)
    await gateway.accept(an_acceptance())
    await clock.jump(3600)
    assert (await gateway.delivery()).state is State.FAILED
    assert len(channel.letters) == 1


async def test_a_dead_address_is_never_used_again(start, channel: ScriptedChannel) -> None:
    gateway = await start()
    channel.answer(Gone("unregistered"))
    await gateway.accept(an_acceptance(address="token-1"))
    await gateway.accept(an_acceptance(first=2, address="token-1"))
    delivery = await gateway.delivery(2)
    assert (delivery.state, delivery.detail) == (State.FAILED, "the address is not used any more: unregistered")
    assert len(channel.letters) == 1
    assert await gateway.attempts(2) == []


@pytest.mark.parametrize(("registered_at", "suppressed"), [(5000, None), (3000, "unregistered")])
async def test_a_device_that_registered_after_the_provider_last_looked_stays_in_use(
    start, channel: ScriptedChannel, registered_at: int, suppressed: str | None
) -> None:
    gateway = await start()
    await gateway.directory.add_user(a_user())
    device = await gateway.directory.put_device(
        a_device(0, handle="token-1", registered_at=registered_at, last_seen=registered_at)
    )
    channel.answer(Gone("unregistered", since=4000))
    await gateway.accept(an_acceptance(address="token-1", associate_id=101, device_id=device.id))
    assert (await gateway.directory.dead("stub", {"token-1"})).get("token-1") == suppressed
    assert bool(await gateway.directory.devices([101])) is (suppressed is None)


async def test_a_recipient_disabled_meanwhile_gets_nothing(start, channel: ScriptedChannel) -> None:
    gateway = await start()
    await gateway.directory.add_user(a_user(active=False))
    await gateway.accept(an_acceptance(associate_id=101))
    assert channel.letters == []
    assert (await gateway.delivery()).detail == "the recipient is disabled"


async def test_the_callers_own_configuration_reaches_the_channel_opened(start, channel: ScriptedChannel) -> None:
    gateway = await start()
    sealed = gateway.sealer.seal(msgspec.json.encode({"key": "v"}), context="delivery.config")
    await gateway.accept(an_acceptance(sealed_config=sealed))
    assert channel.letters[0].config == {"key": "v"}
    assert (await gateway.delivery()).sealed_config == b""


@pytest.mark.parametrize("sealed", [b"sealed with another key", b"sealed for delivery.config\0[]"])
async def test_a_configuration_that_cannot_be_opened_fails_the_message_without_a_try(
    start, channel: ScriptedChannel, sealed: bytes
) -> None:
    gateway = await start()
    await gateway.accept(an_acceptance(sealed_config=sealed))
    assert channel.letters == []
    assert (await gateway.delivery()).state is State.FAILED


async def test_a_receipt_that_overtakes_the_answer_is_not_undone_by_it(start, channel: ScriptedChannel) -> None:
    gateway = await start()

    async def receipt_first(letter: object) -> Accepted:
        await gateway.outbox.record([Record(delivery_id=1, happening=Happening.ARRIVED, at=gateway.clock.now())])
        return Accepted()

    channel.answer(receipt_first)
    await gateway.accept(an_acceptance())
    assert (await gateway.delivery()).state is State.DELIVERED


async def test_a_message_for_a_channel_that_is_no_longer_configured_waits_and_is_reported(
    start, channel: ScriptedChannel, clock: JumpingClock
) -> None:
    gateway = await start()
    orphan = Acceptance(messages=(a_message(),), deliveries=(a_delivery(channel="sms-old"),))
    await gateway.accept(orphan)
    await clock.jump(60)
    status = await gateway.dispatcher.status()
    assert status.unconfigured == {"sms-old": 1}
    await gateway.dispatcher.stop(0)
    await gateway.accept(an_acceptance(first=2))
    assert (await gateway.dispatcher.status()).unconfigured == {"sms-old": 1}
    assert (await gateway.delivery()).state is State.QUEUED
    assert channel.letters == []


async def test_a_question_the_store_cannot_answer_puts_the_try_off_and_is_not_counted(
    start, channel: ScriptedChannel, clock: JumpingClock
) -> None:
    gateway = await start()
    gateway.flaky_directory.fail("dead")
    await gateway.accept(an_acceptance())
    delivery = await gateway.delivery()
    assert (delivery.state, delivery.attempts, delivery.detail) == (State.QUEUED, 0, "The disk is full.")
    gateway.flaky_directory.heal()
    await clock.jump(6)
    assert [letter.attempt for letter in channel.letters] == [1]


async def test_a_dead_address_that_cannot_be_noted_still_fails_its_message(start, channel: ScriptedChannel) -> None:
    gateway = await start()
    gateway.flaky_directory.fail("suppress")
    channel.answer(Gone("unregistered"))
    with capture_logs() as logged:
        await gateway.accept(an_acceptance())
    assert [line["action"] for line in logged] == ["suppress_failed"]
    assert (await gateway.delivery()).state is State.FAILED


async def test_a_fault_of_our_own_before_the_try_is_logged_and_the_delivery_comes_back(
    start, channel: ScriptedChannel, clock: JumpingClock
) -> None:
    class Broken(OpenSealer):
        def open(self, sealed: bytes, *, context: str) -> bytes:
            raise ZeroDivisionError("a bug")

    gateway = await start(sealer=Broken())
    with capture_logs() as logged:
        await gateway.accept(an_acceptance(sealed_config=b"x"))
    assert [line["action"] for line in logged] == ["delivery_bug"]
    delivery = await gateway.delivery()
    assert (delivery.state, delivery.detail) == (State.QUEUED, "the gateway failed")
    assert channel.letters == []
