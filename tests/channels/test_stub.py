"""The stub answers what it is asked, from the call's configuration, the message or its own settings."""

from __future__ import annotations

import asyncio

import pytest
from pydantic import ValidationError

from heliograph.channels.stub.answers import ANSWERS, StubCrashed, asked_in, read_script
from heliograph.channels.stub.channel import CONFIG_KEYS, StubChannel
from heliograph.channels.stub.settings import StubSettings
from heliograph.core.delivery import Letter
from heliograph.core.errors import InvalidArgument
from heliograph.core.outcome import Accepted, Deferred, Gone, Outcome, Refused
from heliograph.testing.builders import a_letter, a_message, a_push, a_text
from heliograph.testing.clock import JumpingClock

pytestmark = pytest.mark.anyio


def channel(clock: JumpingClock, **settings: object) -> StubChannel:
    return StubChannel(StubSettings(**settings), clock)


def asking(body: str, **changes: object) -> Letter:
    return a_letter(message=a_message(content=a_text(body=body)), **changes)


ROWS: list[tuple[str, Outcome]] = [
    ("accepted", Accepted(provider_id="stub", detail="accepted as asked")),
    ("delivered", Accepted(provider_id="stub", detail="delivered as asked", delivered=True)),
    ("deferred", Deferred("deferred as asked")),
    ("deferred 2", Deferred("deferred as asked", retry_after=2.0)),
    ("slow 1.5", Deferred("slowed down as asked", retry_after=1.5, lane=True)),
    ("lost", Deferred("the answer was lost, as asked", in_doubt=True)),
    ("paused", Deferred("paused as asked", pause="the stub was asked to pause")),
    ("refused", Refused("refused as asked")),
    ("gone", Gone("gone as asked")),
]


@pytest.mark.parametrize(("word", "answer"), ROWS)
async def test_a_word_is_answered_by_its_row(clock: JumpingClock, word: str, answer: Outcome) -> None:
    assert await channel(clock).send(asking(f"stub: {word}")) == answer
    assert await channel(clock, answers=word).send(asking("Fog ahead")) == answer
    assert await channel(clock).send(a_letter(config={"answers": word})) == answer


async def test_a_crash_is_what_a_channel_with_a_bug_does(clock: JumpingClock) -> None:
    with pytest.raises(StubCrashed):
        await channel(clock).send(asking("stub: crash"))


def test_every_word_has_a_test() -> None:
    assert {word.split()[0] for word, _ in ROWS} | {"crash"} == set(ANSWERS)


async def test_a_script_gives_one_answer_an_attempt_and_stays_at_its_last(clock: JumpingClock) -> None:
    answers = [await channel(clock).send(asking("stub: deferred 2, gone, accepted", attempt=n)) for n in (1, 2, 3, 9)]
    assert [type(answer) for answer in answers] == [Deferred, Gone, Accepted, Accepted]


async def test_the_call_goes_before_the_message_and_the_message_before_the_settings(clock: JumpingClock) -> None:
    stub = channel(clock, answers="gone")
    assert isinstance(await stub.send(asking("stub: refused", config={"answers": "deferred"})), Deferred)
    assert isinstance(await stub.send(asking("stub: refused")), Refused)
    assert isinstance(await stub.send(asking("Fog")), Gone)


async def test_a_push_can_ask_too(clock: JumpingClock) -> None:
    letter = a_letter(message=a_message(content=a_push(body="Fog\nSTUB: Refused")))
    assert isinstance(await channel(clock).send(letter), Refused)


@pytest.mark.parametrize("body", ["stub:", "stub: maybe", "a stub: refused", "stub: refused,", "stub: deferred -1", ""])
async def test_what_asks_for_nothing_known_is_answered_by_the_settings(clock: JumpingClock, body: str) -> None:
    assert asked_in(body) is None
    assert isinstance(await channel(clock).send(asking(body)), Accepted)


async def test_an_answer_can_take_its_time(clock: JumpingClock) -> None:
    sending = asyncio.ensure_future(channel(clock).send(asking("stub: accepted after 5")))
    await clock.jump(4.9)
    assert not sending.done()
    await clock.jump(0.2)
    assert isinstance(await sending, Accepted)


async def test_it_remembers_what_it_was_handed_and_no_more_than_it_should(clock: JumpingClock) -> None:
    stub = channel(clock, remember=2)
    for number in (1, 2, 3):
        await stub.send(a_letter(delivery_id=number))
    assert [letter.delivery_id for letter in stub.letters] == [2, 3]


async def test_a_callers_secret_that_cannot_be_read_is_not_repeated(clock: JumpingClock) -> None:
    answer = await channel(clock).send(a_letter(config={"answers": "my-token"}))
    assert isinstance(answer, Refused)
    assert "my-token" not in answer.detail


async def test_it_takes_configuration_keys_so_that_calls_with_configuration_can_be_tried(clock: JumpingClock) -> None:
    assert channel(clock).traits.config_keys == CONFIG_KEYS == {"account", "answers", "token"}


async def test_an_unreadable_setting_is_told_with_the_known_words() -> None:
    with pytest.raises(ValidationError, match="accepted, delivered"):
        StubSettings(answers="sometimes")


def test_numbers_stay_within_a_day() -> None:
    [step] = read_script("deferred 999999 after 999999")
    assert (step.number, step.wait) == (86_400.0, 86_400.0)


@pytest.mark.parametrize("to", ["", "  ", "a\nb", "\x00", "x" * 1001])
async def test_what_is_no_printable_text_is_no_address(clock: JumpingClock, to: str) -> None:
    with pytest.raises(InvalidArgument):
        await channel(clock).resolve(1, to, "")
