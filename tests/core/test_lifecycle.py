"""The state table, walked."""

from __future__ import annotations

from itertools import product

import pytest

from heliograph.core.errors import IllegalMove
from heliograph.core.lifecycle import BIRTHS, MOVES, SETTLED, Happening, State, advance, as_mermaid, can

LATER_WORDS = {
    Happening.RETRIED,
    Happening.NOTED,
    Happening.ARRIVED,
    Happening.BOUNCED,
    Happening.ANSWERED,
    Happening.ACCEPTED,
}


def test_every_state_can_be_reached_from_a_birth() -> None:
    reached, open_ends = set(BIRTHS), list(BIRTHS)
    while open_ends:
        for state in MOVES[open_ends.pop()].values():
            if state not in reached:
                reached.add(state)
                open_ends.append(state)
    assert reached == set(State)


def test_every_state_has_a_row_and_every_happening_is_used() -> None:
    assert set(MOVES) == set(State)
    assert {happening for moves in MOVES.values() for happening in moves} == set(Happening)


@pytest.mark.parametrize(("state", "happening"), [*product(State, Happening)])
def test_a_move_is_made_exactly_where_the_table_has_a_row(state: State, happening: Happening) -> None:
    if happening in MOVES[state]:
        assert can(state, happening)
        assert advance(state, happening) is MOVES[state][happening]
    else:
        assert not can(state, happening)
        with pytest.raises(IllegalMove):
            advance(state, happening)


@pytest.mark.parametrize("state", sorted(SETTLED))
def test_a_settled_delivery_is_moved_by_nothing_but_a_later_word(state: State) -> None:
    leaving = {happening for happening, target in MOVES[state].items() if target is not state}
    assert leaving <= LATER_WORDS - {Happening.ACCEPTED}


@pytest.mark.parametrize("state", sorted(SETTLED))
def test_a_settled_delivery_goes_back_to_work_only_when_an_operator_retries_it(state: State) -> None:
    back = {happening for happening, target in MOVES[state].items() if target not in SETTLED}
    assert back <= {Happening.RETRIED}


def test_what_is_not_settled_can_always_come_to_rest() -> None:
    for state in set(State) - SETTLED:
        seen, open_ends = {state}, [state]
        while open_ends:
            for target in MOVES[open_ends.pop()].values():
                if target not in seen:
                    seen.add(target)
                    open_ends.append(target)
        assert seen & SETTLED


def test_a_receipt_may_overtake_the_answer() -> None:
    delivered = advance(State.LEASED, Happening.ARRIVED)
    assert delivered is State.DELIVERED
    assert advance(delivered, Happening.ACCEPTED) is State.DELIVERED


def test_a_bounce_that_overtakes_the_answer_is_not_undone_by_it() -> None:
    assert advance(advance(State.LEASED, Happening.BOUNCED), Happening.ACCEPTED) is State.UNDELIVERED


def test_a_receipt_spares_a_waiting_delivery_its_next_attempt() -> None:
    assert advance(State.QUEUED, Happening.ARRIVED) is State.DELIVERED
    assert not can(State.DELIVERED, Happening.CLAIMED)


def test_a_cancelled_delivery_stays_cancelled() -> None:
    assert MOVES[State.CANCELLED] == {}


def test_a_delivery_under_lease_cannot_be_claimed_again() -> None:
    assert [state for state in State if can(state, Happening.CLAIMED)] == [State.QUEUED]


def test_the_drawing_has_an_arrow_for_every_row() -> None:
    arrows = [line for line in as_mermaid().splitlines() if "-->" in line]
    assert len(arrows) == len(BIRTHS) + sum(len(moves) for moves in MOVES.values())
