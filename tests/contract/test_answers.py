"""What every store of answers promises: the first one counts, and all that follows from it happens with it."""

from __future__ import annotations

import asyncio

import pytest
from msgspec.structs import replace

from heliograph.core.answer import Answer, YesNo
from heliograph.core.delivery import ItemState
from heliograph.core.lifecycle import State
from heliograph.core.ports import Answers, InboxStore, Outbox
from heliograph.testing.builders import DAY_MS, an_acceptance, an_item
from heliograph.testing.clock import SATURDAY_NOON as NOON

pytestmark = pytest.mark.anyio

YES = Answer(message_id=1, associate_id=101, delivery_id=1, company_id=1, value=YesNo.YES, answered_at=NOON + 5)


async def asked(outbox: Outbox, inbox: InboxStore, state: State = State.QUEUED) -> None:
    await outbox.accept(an_acceptance(2, state=state, associate_id=101))
    await inbox.put([an_item(1), an_item(2), an_item(3, message_id=1, associate_id=102)])


async def test_an_answer_moves_its_delivery_and_the_items_of_who_gave_it(
    answers: Answers, outbox: Outbox, inbox: InboxStore
) -> None:
    await asked(outbox, inbox)
    assert await answers.keep(YES) == YES
    assert await answers.of(1) == [YES]
    replied, other = await outbox.deliveries([1, 2])
    assert (replied.state, replied.detail, replied.updated_at) == (State.REPLIED, "answered yes", NOON + 5)
    assert other.state is State.QUEUED
    mine = {item.delivery_id: item.state for item in await inbox.items(101, before_id=None, limit=10)}
    assert mine == {1: ItemState.ANSWERED, 2: ItemState.UNREAD}
    assert [item.state for item in await inbox.items(102, before_id=None, limit=10)] == [ItemState.UNREAD]


async def test_the_first_answer_of_a_recipient_counts_and_others_have_their_own(
    answers: Answers, outbox: Outbox, inbox: InboxStore
) -> None:
    await asked(outbox, inbox)
    await answers.keep(YES)
    assert await answers.keep(replace(YES, value=YesNo.NO, answered_at=NOON + 9)) == YES
    other = replace(YES, associate_id=102, value=YesNo.NO)
    assert await answers.keep(other) == other
    assert await answers.of(1) == [YES, other]
    assert await answers.one(1, other.associate_id) == other
    assert await answers.one(1, 999) is None
    assert await answers.one(999, other.associate_id) is None
    assert (await outbox.deliveries([1]))[0].detail == "answered no"


async def test_of_many_answers_at_once_one_counts(answers: Answers, outbox: Outbox, inbox: InboxStore) -> None:
    await asked(outbox, inbox)
    given = [replace(YES, answered_at=NOON + n, value=list(YesNo)[n % 2]) for n in range(20)]
    kept = await asyncio.gather(*map(answers.keep, given))
    assert len(set(kept)) == 1
    assert await answers.of(1) == [kept[0]]


@pytest.mark.parametrize("state", [State.QUEUED, State.HELD, State.FAILED])
async def test_an_answer_is_believed_whatever_the_delivery_looked_like(
    answers: Answers, outbox: Outbox, inbox: InboxStore, state: State
) -> None:
    await asked(outbox, inbox, state)
    await answers.keep(YES)
    assert (await outbox.deliveries([1]))[0].state is State.REPLIED


async def test_what_was_answered_is_not_merely_read_again(answers: Answers, outbox: Outbox, inbox: InboxStore) -> None:
    await asked(outbox, inbox)
    await answers.keep(YES)
    [item] = [item for item in await inbox.items(101, before_id=None, limit=10) if item.delivery_id == 1]
    marked = await inbox.mark(101, item.id, ItemState.READ)
    assert marked is not None
    assert marked.state is ItemState.ANSWERED
    about = await inbox.mark_records(101, [0], ItemState.READ)
    assert {each.delivery_id: each.state for each in about} == {1: ItemState.ANSWERED, 2: ItemState.READ}
    assert await inbox.unread(101) == 0


async def test_an_item_is_its_owners_alone(answers: Answers, outbox: Outbox, inbox: InboxStore) -> None:
    await asked(outbox, inbox)
    [item, *_] = await inbox.items(101, before_id=None, limit=1)
    assert await inbox.item(101, item.id) == item
    assert await inbox.item(102, item.id) is None
    assert await inbox.item(101, 999) is None


async def test_answers_go_with_their_message(answers: Answers, outbox: Outbox, inbox: InboxStore) -> None:
    await outbox.accept(an_acceptance(1, state=State.FAILED, associate_id=101))
    await answers.keep(YES)
    assert await outbox.prune(before=NOON + DAY_MS, limit=10) == 1
    assert await answers.of(1) == []
