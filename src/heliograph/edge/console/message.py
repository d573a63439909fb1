"""One message: what it says, as text, and what became of each delivery."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from heliograph.core.delivery import Attempt, Delivery
from heliograph.core.fallback import not_again
from heliograph.core.lifecycle import Happening, State, can
from heliograph.core.message import Message, Push, Text
from heliograph.core.people import User
from heliograph.edge.console.delivery import card, person, retriable
from heliograph.edge.console.frame import ROOT, Look, empty, facts, form, link, page, section, table
from heliograph.edge.console.messages import message_link, text
from heliograph.edge.console.words import (
    UNDER_WAY,
    count,
    pill,
    when,
)
from heliograph.edge.markup import Html, flow, tag
from heliograph.intake.query import MessageView

SHOWN = 50  # deliveries on one page; those in trouble come first
_MOST_LIVE = 1000  # deliveries of a message whose page fetches itself again
_FIRST = (
    State.FAILED,
    State.UNDELIVERED,
    State.EXPIRED,
    State.HELD,
    State.QUEUED,
    State.LEASED,
)


class Around(msgspec.Struct, frozen=True, kw_only=True):
    """What is told beside the message itself."""

    company: str
    people: dict[int, User]
    shown: list[Delivery]
    start: int = 0  # how many deliveries come before those shown


def ordered(deliveries: Sequence[Delivery]) -> list[Delivery]:
    """Those in trouble first, then those under way, each in order of id."""
    rank = {state: place for place, state in enumerate(_FIRST)}
    return sorted(deliveries, key=lambda delivery: (rank.get(delivery.state, len(_FIRST)), delivery.id))


def render(look: Look, view: MessageView, around: Around) -> str:
    """The page."""
    message = view.message
    return page(
        look,
        "/messages",
        f"Message {message.id}",
        _head(look, view, around),
        _content(message),
        _deliveries(look, view, around),
        _answers(look, view, around.people),
        _follow_ups(look, view.follow_ups),
        live=len(view.deliveries) <= _MOST_LIVE,
    )


def _head(look: Look, view: MessageView, around: Around) -> Html:
    message = view.message
    over = message.expires_at <= look.now
    told = facts(
        {
            "accepted": when(message.created_at, look.now),
            "lives until": flow(when(message.expires_at, look.now), pill("over", UNDER_WAY) if over else None),
            "company": around.company,
            "sent by": _sender(message, around.people),
            "urgent": "yes" if message.urgent else "",
        }
    )
    return tag("div", told, _buttons(look, view), class_="split", id="about")


def _sender(message: Message, people: dict[int, User]) -> str:
    content = message.content
    if isinstance(content, Text) and content.inbound:
        through = f", through {content.plugin}" if content.plugin else ""
        return f"{content.sender or 'someone'} outside{through}"
    if message.sender_id is None:
        return "a program with a key, or the command line"
    return person(message.sender_id, people)


def _buttons(look: Look, view: MessageView) -> Html | None:
    dead = [each for each in view.deliveries if retriable(each, look.now)]
    states = {each.id: each.state for each in view.deliveries}
    elsewhere = not_again(view.standbys, states, {each.id for each in dead})
    dead = [each for each in dead if each.id not in elsewhere]
    waiting = [each for each in view.deliveries if can(each.state, Happening.CANCELLED)]
    path = f"{ROOT}/messages/{view.message.id}"
    retry = tag("button", f"Send {count(len(dead), 'dead letter')} again", class_="main")
    cancel = tag("button", f"Cancel {count(len(waiting), 'delivery', 'deliveries')}", class_="danger")
    forms = [
        form(look, f"{path}/retry", retry) if dead else None,
        form(look, f"{path}/cancel", cancel) if waiting else None,
    ]
    return tag("div", forms, class_="press")


def _content(message: Message) -> Html:
    content = message.content
    if isinstance(content, Push):
        told = {
            "title": content.title,
            "url": content.url,
            "type": content.type.value,
            "silent": "yes" if content.silent else "",
            "record": content.record_id or "",
            "date": " ".join(filter(None, (content.date, content.duration))),
            "shown for": f"{content.display_seconds} s" if content.display_seconds else "",
            **{f"data: {key}": value for key, value in content.data.items()},
        }
    else:
        told = {
            "from": content.sender,
            "to": content.to,
            "format": content.format,
            "follows": tag("a", content.parent_id, href=link(f"/messages/{content.parent_id}"))
            if content.parent_id
            else "",
            "session": content.session_key,
        }
    body = tag("pre", content.body, class_="said") if content.body else tag("p", "No text.", class_="dim")
    return section("What it says", tag("div", facts(told), body, class_="panel"), id="content")


def _deliveries(look: Look, view: MessageView, around: Around) -> Html:
    if not view.deliveries:
        nothing = "It has no deliveries: nobody could be reached, or they are still being made."
        return section("Deliveries", empty(nothing), id="deliveries")
    tries: dict[int, list[Attempt]] = {}
    for attempt in view.attempts:
        tries.setdefault(attempt.delivery_id, []).append(attempt)
    cards = [card(look, delivery, view, tries.get(delivery.id, []), around.people) for delivery in around.shown]
    total = len(view.deliveries)
    heading = count(total, "delivery", "deliveries").capitalize()
    return section(heading, cards, _pager(view.message.id, around.start, total), id="deliveries")


def _pager(message_id: int, start: int, total: int) -> Html | None:
    if total <= SHOWN:
        return None
    path = f"/messages/{message_id}"
    back = tag("a", "Earlier ones", href=link(path, start=max(start - SHOWN, 0))) if start else None
    on = tag("a", "Further ones", href=link(path, start=start + SHOWN)) if start + SHOWN < total else None
    place = tag("span", f"{start + 1} to {min(start + SHOWN, total)} of {total:,}", class_="dim")
    return tag("p", back, place, on, class_="pager")


def _answers(look: Look, view: MessageView, people: dict[int, User]) -> Html | None:
    if not view.answers:
        return None
    rows = [
        (person(answer.associate_id, people), answer.value.value, when(answer.answered_at, look.now))
        for answer in view.answers
    ]
    return section("Answers", table(("who", "answer", "when"), rows, label="Answers"), id="answers")


def _follow_ups(look: Look, messages: Sequence[Message]) -> Html | None:
    if not messages:
        return None
    rows = [(message_link(each), when(each.created_at, look.now), text(each)) for each in messages[:SHOWN]]
    return section(
        "What followed", table(("message", "accepted", "text"), rows, label="What followed"), id="follow-ups"
    )
