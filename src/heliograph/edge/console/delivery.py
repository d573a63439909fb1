"""One delivery on a message's page: how it stands, its tries and receipts, and what can be done with it."""

from __future__ import annotations

from collections.abc import Sequence

from heliograph.core.delivery import Attempt, Delivery, Receipt
from heliograph.core.lifecycle import SETTLED, Happening, State, can
from heliograph.core.people import User
from heliograph.edge.console.frame import ROOT, Look, facts, form, table
from heliograph.edge.console.words import (
    BAD,
    GOOD,
    OUTCOMES,
    STATES,
    UNDER_WAY,
    address,
    clock_time,
    pill,
    state_pill,
    when,
)
from heliograph.edge.markup import Child, Html, flow, tag
from heliograph.intake.query import MessageView

#: What a receipt says, and in which colour.
SAID = {
    Happening.NOTED: (UNDER_WAY, "on its way"),
    Happening.ARRIVED: (GOOD, "delivered"),
    Happening.BOUNCED: (BAD, "not delivered"),
    Happening.ANSWERED: (GOOD, "answered"),
}


def card(look: Look, delivery: Delivery, view: MessageView, tries: list[Attempt], people: dict[int, User]) -> Html:
    """Its panel; `tries` are its own, and `people` are those whose names are known."""
    whose = person(delivery.associate_id, people) if delivery.associate_id is not None else ""
    head = tag(
        "div",
        state_pill(delivery.state),
        tag("strong", delivery.channel),
        tag("span", " to ", class_="dim"),
        tag("span", address(delivery), class_="address"),
        tag("span", whose, class_="dim") if whose else None,
        class_="line",
    )
    told = facts(
        {
            "reason": delivery.detail,
            "stands so": flow(STATES[delivery.state][1], ", since ", when(delivery.updated_at, look.now)),
            "next try": _next_try(look, delivery),
            "provider's id": delivery.provider_id,
            "in place of": _in_place(view, delivery),
            "went on as": _went_on(view, delivery),
            "stands by": _stands_by(look, view, delivery),
            "delivery": delivery.id,
        }
    )
    return tag(
        "article",
        tag("div", head, _press(look, delivery), class_="split"),
        told,
        _tries(delivery, tries),
        _receipts(look, [each for each in view.receipts if each.delivery_id == delivery.id]),
        class_="panel delivery",
        id=f"delivery-{delivery.id}",
    )


def _next_try(look: Look, delivery: Delivery) -> Child:
    if delivery.state is not State.QUEUED:
        return ""
    due = when(delivery.due_at, look.now)
    return due if delivery.due_at > look.now else flow("as soon as its channel takes it; due ", due)


def _in_place(view: MessageView, delivery: Delivery) -> str:
    """The delivery whose work this one does, and why."""
    standby = view.in_place(delivery.id)
    return f"delivery {standby.replaces}: {standby.ready}" if standby is not None else ""


def _went_on(view: MessageView, delivery: Delivery) -> str:
    """The delivery that was made in its place."""
    taken = [each for each in view.standbys if each.replaces == delivery.id and each.made_no]
    return ", ".join(f"delivery {each.id} by {each.channel}: {each.ready}" for each in taken)


def _stands_by(look: Look, view: MessageView, delivery: Delivery) -> Child:
    """What would take over from it, and when."""
    ways = [each for each in view.standbys if each.replaces == delivery.id and not each.made_no]
    told = [
        tag(
            "div",
            f"{each.channel}, if {', '.join(each.reasons)}",
            flow(" ", when(each.due_at, look.now)) if each.due_at else None,
        )
        for each in ways
    ]
    return flow(told) if told else ""


def _receipts(look: Look, receipts: list[Receipt]) -> Html | None:
    if not receipts:
        return None
    rows: list[Sequence[Child]] = [
        (pill(SAID[each.happening][1], SAID[each.happening][0]), clock_time(each.at), each.detail) for each in receipts
    ]
    return table(("receipt", "said at (UTC)", "what was said"), rows, label="Receipts")


def _press(look: Look, delivery: Delivery) -> Html | None:
    """What can be done with this one delivery."""
    chosen = tag("input", type="hidden", name="delivery", value=delivery.id)
    path = f"{ROOT}/messages/{delivery.message_id}"
    if retriable(delivery, look.now):
        return form(look, f"{path}/retry", chosen, tag("button", "Send again"))
    if can(delivery.state, Happening.RETRIED):
        return tag("span", "Cannot be sent again: its time to live is over.", class_="dim")
    if can(delivery.state, Happening.CANCELLED):
        return form(look, f"{path}/cancel", chosen, tag("button", "Cancel", class_="danger"))
    return None


def _tries(delivery: Delivery, tries: list[Attempt]) -> Html | None:
    if not tries:
        return tag("p", "Not tried yet.", class_="dim") if delivery.state not in SETTLED else None
    rows: list[Sequence[Child]] = [
        (
            f"{attempt.number}",
            f"{clock_time(attempt.started_at)}",
            f"{attempt.took_ms:,} ms",
            pill(attempt.outcome, OUTCOMES.get(attempt.outcome, UNDER_WAY)),
            attempt.detail,
        )
        for attempt in tries
    ]
    columns = ("try", "started (UTC)", "took", "outcome", "what was said")
    return table(columns, rows, label="Tries", right=("took",))


def retriable(delivery: Delivery, now: int) -> bool:
    """Whether it may be sent again, and there is time for it (`now` in ms)."""
    return can(delivery.state, Happening.RETRIED) and not 0 < delivery.expires_at <= now


def person(associate_id: int, people: dict[int, User]) -> str:
    """Someone by name and number."""
    user = people.get(associate_id)
    return f"{user.full_name or user.user_name} ({associate_id})" if user is not None else f"associate {associate_id}"
