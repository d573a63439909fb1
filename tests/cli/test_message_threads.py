"""What `message show` says of a thread: what a message follows or answers, and what follows or answers it."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from heliograph.cli.message_views import came_by, message_json, print_message, thread
from heliograph.intake.query import MessageView
from heliograph.testing.builders import a_delivery, a_message, a_text

INBOUND = a_text(sender="+4712345678", body="Thick as wool", inbound=True, plugin="sms", parent_id=7, session_key="fog")


def view(**changes: object) -> MessageView:
    told = {"message": a_message(), "deliveries": (a_delivery(),)}
    return MessageView(**told | changes)


@pytest.mark.parametrize(
    ("shown", "lines"),
    [
        (view(), []),
        (view(message=a_message(content=a_text(parent_id=7))), ["follows message 7"]),
        (view(message=a_message(content=INBOUND)), ["answers message 7", "session fog"]),
        (
            view(follow_ups=(a_message(8, content=INBOUND), a_message(9))),
            ["answered by message 8, followed by message 9"],
        ),
    ],
)
def test_a_thread_is_told_in_lines(shown: MessageView, lines: list[str]) -> None:
    assert thread(shown) == lines


def test_who_outside_sent_it_is_told() -> None:
    assert came_by(a_message(content=INBOUND)) == "+4712345678 outside, through sms"
    assert came_by(a_message()) == ""


def test_the_page_and_the_json_have_it() -> None:
    shown = view(message=a_message(content=INBOUND), follow_ups=(a_message(9),))
    out = io.StringIO()
    print_message(Console(file=out, width=120), shown)
    assert "by +4712345678 outside, through sms" in out.getvalue()
    assert "answers message 7\nsession fog\nfollowed by message 9\n" in out.getvalue()
    assert message_json(shown)["follow_ups"] == [{"id": 9, "inbound": False}]


def test_what_outsiders_write_cannot_draw_on_the_terminal() -> None:
    hostile = a_text(sender="\x1b[31m[bold]x", body="x", inbound=True, plugin="sms", session_key="\x1b[2J[red]k")
    out = io.StringIO()
    print_message(Console(file=out, width=120, force_terminal=True), view(message=a_message(content=hostile)))
    assert "\x1b[31m" not in out.getvalue()
    assert "\x1b[2J" not in out.getvalue()
