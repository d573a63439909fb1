"""A message, its deliveries and attempts, as a page, a line or JSON."""

from __future__ import annotations

from typing import Any

from rich.console import Console

from heliograph.cli.output import iso, plain, state_text, table, when
from heliograph.core.delivery import Delivery
from heliograph.core.message import Message, Push, Text
from heliograph.intake.query import MessageView


def headline(message: Message, most: int = 48) -> str:
    """A push by its title, a text by its first line."""
    content = message.content
    text = (content.title or content.body) if isinstance(content, Push) else content.body
    return plain(text.strip().partition("\n")[0], most)


def kind(message: Message) -> str:
    """push or text."""
    return "push" if isinstance(message.content, Push) else "text"


def summary(deliveries: tuple[Delivery, ...]) -> str:
    """The deliveries counted by channel and state."""
    counts: dict[tuple[str, Any], int] = {}
    for delivery in deliveries:
        counts[delivery.channel, delivery.state] = counts.get((delivery.channel, delivery.state), 0) + 1
    parts = [
        f"{plain(channel)} {state_text(state)}" + (f" ({count})" if count > 1 else "")
        for (channel, state), count in counts.items()
    ]
    return ", ".join(parts) or "none"


def line_of(view: MessageView) -> tuple[str, ...]:
    """One row of `message list`."""
    message = view.message
    return (
        str(message.id),
        when(message.created_at),
        str(message.company_id),
        kind(message),
        headline(message),
        summary(view.deliveries),
    )


def print_message(console: Console, view: MessageView) -> None:
    """The page of `message show`."""
    message = view.message
    sender = f"associate {message.sender_id}" if message.sender_id else "an integration key or the command line"
    console.print(f"[bold]message {message.id}[/]  {kind(message)}: {headline(message, 120)}")
    console.print(f"company {message.company_id}, by {came_by(message) or sender}")
    console.print(f"accepted {when(message.created_at)}, lives until {when(message.expires_at)}")
    for line in thread(view):
        console.print(line)
    console.print()
    rows = [
        (
            str(d.id),
            plain(d.channel),
            plain(address(d), 60),
            state_text(d.state),
            str(d.attempts),
            _next(d),
            plain(d.detail),
        )
        for d in view.deliveries
    ]
    columns = ("delivery", "channel", "address", "state", "tries", "since", "detail")
    console.print(table(columns, rows, right=("delivery", "tries")))
    if view.attempts:
        tries = [
            (str(a.delivery_id), str(a.number), when(a.started_at), f"{a.took_ms} ms", a.outcome, plain(a.detail))
            for a in view.attempts
        ]
        console.print()
        names = ("delivery", "attempt", "started", "took", "outcome", "detail")
        console.print(table(names, tries, right=("delivery", "attempt", "took")))
    if view.receipts:
        said = [(str(r.delivery_id), when(r.at), r.happening.value, plain(r.detail)) for r in view.receipts]
        console.print()
        console.print(table(("delivery", "receipt", "said", "detail"), said, right=("delivery",)))
    for answer in view.answers:
        console.print(f"associate {answer.associate_id} answered {answer.value} {when(answer.answered_at)}")
    for line in second_ways(view):
        console.print(line)


def second_ways(view: MessageView) -> list[str]:
    """Which deliveries took the place of lost ones and why, and what would; a line each."""
    taken = [
        f"delivery {s.id} was made {when(s.made_at)} in place of {s.replaces}: {s.ready}"
        for s in view.standbys
        if s.made_no
    ]
    planned = [
        f"{plain(s.channel)} {'would stand' if s.refused else 'stands'} by for delivery {s.replaces}: {', '.join(s.reasons)}"
        + (f", at {when(s.due_at)}" if s.due_at else "")
        + (f"; but {plain(s.refused)}" if s.refused else "")
        for s in view.standbys
        if not s.made_no
    ]
    return taken + planned


def came_by(message: Message) -> str:
    """Who outside sent it and by which channel; empty for a message of ours."""
    text = message.content
    if not (isinstance(text, Text) and text.inbound):
        return ""
    return f"{plain(text.sender, 60) or 'someone'} outside" + (f", through {plain(text.plugin)}" if text.plugin else "")


def thread(view: MessageView) -> list[str]:
    """What it follows or answers, what follows or answers it, and the thread they are in; a line each."""
    text = view.message.content
    lines = []
    if isinstance(text, Text) and text.parent_id:
        lines.append(f"{'answers' if text.inbound else 'follows'} message {text.parent_id}")
    if isinstance(text, Text) and text.session_key:
        lines.append(f"session {plain(text.session_key, 60)}")
    if view.follow_ups:
        told = [f"{'answered' if came_by(one) else 'followed'} by message {one.id}" for one in view.follow_ups]
        lines.append(", ".join(told))
    return lines


def address(delivery: Delivery) -> str:
    """The address, a device's token cut short: whoever has the whole of it can push to the device."""
    return delivery.address if delivery.device_id is None else f"{delivery.address[:8]}…"


def _next(delivery: Delivery) -> str:
    waiting = delivery.state.value == "queued" and delivery.due_at > delivery.updated_at
    return f"due {when(delivery.due_at)}" if waiting else when(delivery.updated_at)


def message_json(view: MessageView) -> dict[str, Any]:
    """What programs see: everything but the caller's sealed configuration."""
    message = view.message
    return {
        "id": message.id,
        "company_id": message.company_id,
        "sender_id": message.sender_id,
        "created_at": iso(message.created_at),
        "expires_at": iso(message.expires_at),
        "urgent": message.urgent,
        "content": message.content,
        "follow_ups": [{"id": one.id, "inbound": bool(came_by(one))} for one in view.follow_ups],
        "deliveries": [_delivery_json(delivery, view) for delivery in view.deliveries],
        "answers": [
            {"associate_id": answer.associate_id, "answer": answer.value.value, "answered_at": iso(answer.answered_at)}
            for answer in view.answers
        ],
        "second_ways": [
            {"channel": plan.channel, "for_delivery": plan.replaces, "on": list(plan.reasons), "refused": plan.refused}
            for plan in view.standbys
            if not plan.made_no
        ],
    }


def _delivery_json(delivery: Delivery, view: MessageView) -> dict[str, Any]:
    plan = view.in_place(delivery.id)
    return {
        "id": delivery.id,
        "channel": delivery.channel,
        "address": address(delivery),
        "associate_id": delivery.associate_id,
        "device_id": delivery.device_id,
        "state": delivery.state.value,
        "attempts": delivery.attempts,
        "due_at": iso(delivery.due_at),
        "expires_at": iso(delivery.expires_at),
        "updated_at": iso(delivery.updated_at),
        "provider_id": delivery.provider_id,
        "detail": delivery.detail,
        "tries": [
            {
                "number": attempt.number,
                "started_at": iso(attempt.started_at),
                "took_ms": attempt.took_ms,
                "outcome": attempt.outcome,
                "detail": attempt.detail,
            }
            for attempt in view.attempts
            if attempt.delivery_id == delivery.id
        ],
        "receipts": [
            {"said": receipt.happening.value, "at": iso(receipt.at), "detail": receipt.detail}
            for receipt in view.receipts
            if receipt.delivery_id == delivery.id
        ],
        "in_place_of": plan and {"delivery": plan.replaces, "reason": plan.ready, "taken_at": iso(plan.made_at)},
    }
