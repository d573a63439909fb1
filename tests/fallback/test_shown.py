"""What the command line shows of second ways, receipts and answers."""

from __future__ import annotations

from rich.console import Console

from heliograph.cli.message_views import message_json, print_message, second_ways
from heliograph.core.answer import Answer, YesNo
from heliograph.core.delivery import Receipt
from heliograph.core.fallback import Reason, Standby
from heliograph.core.lifecycle import Happening
from heliograph.intake.query import MessageView
from heliograph.testing.builders import a_delivery, a_message
from heliograph.testing.clock import SATURDAY_NOON as NOON


def a_standby(id: int, replaces: int, channel: str, **changes: object) -> Standby:
    return Standby(
        id=id,
        replaces=replaces,
        root=1,
        message_id=1,
        company_id=1,
        channel=channel,
        address=f"to {channel}",
        reasons=(Reason.REFUSED, Reason.BOUNCED),
        expires_at=NOON + 1000,
        **changes,  # type: ignore[arg-type]
    )


VIEW = MessageView(
    message=a_message(1),
    deliveries=(a_delivery(1), a_delivery(2, message_id=1, channel="sms")),
    answers=(
        Answer(message_id=1, associate_id=101, delivery_id=1, company_id=1, value=YesNo.YES, answered_at=NOON + 9),
    ),
    receipts=(Receipt(delivery_id=2, happening=Happening.ARRIVED, detail="on the phone", at=NOON + 7),),
    standbys=(
        a_standby(2, 1, "sms", made_no=1, made_at=NOON + 5, ready=Reason.REFUSED),
        a_standby(3, 2, "mail", refused="the recipient has no e-mail address"),
        a_standby(4, 3, "inbox", due_at=NOON + 60_000),
    ),
)


def test_it_is_told_which_delivery_took_whose_place_and_what_stands_by() -> None:
    taken, unable, waiting = second_ways(VIEW)
    assert taken.startswith("delivery 2 was made 2026-11-21")
    assert taken.endswith("in place of 1: refused")
    assert unable.startswith("mail would stand by for delivery 2: refused, bounced; but the recipient has no e-mail")
    assert waiting.startswith("inbox stands by for delivery 3: refused, bounced, at 2026-11-21")


def test_programs_are_told_the_same() -> None:
    told = message_json(VIEW)
    first, second = told["deliveries"]
    assert first["in_place_of"] is None
    assert (second["in_place_of"]["delivery"], second["in_place_of"]["reason"]) == (1, "refused")
    assert [(receipt["said"], receipt["detail"]) for receipt in second["receipts"]] == [("arrived", "on the phone")]
    assert [way["channel"] for way in told["second_ways"]] == ["mail", "inbox"]
    assert [answer["answer"] for answer in told["answers"]] == ["yes"]


def test_the_page_of_a_message_has_its_receipts_and_answers() -> None:
    console = Console(width=160, record=True, file=None, force_terminal=False)
    with console.capture() as shown:
        print_message(console, VIEW)
    for words in ("on the phone", "arrived", "associate 101 answered yes", "in place of 1: refused"):
        assert words in shown.get()
