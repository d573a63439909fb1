"""Events are counted, and those an operator must see are logged."""

from __future__ import annotations

from typing import get_args

import pytest
from structlog.testing import capture_logs

from heliograph.core.events import (
    AttemptMade,
    ChannelPaused,
    ChannelResumed,
    CostlyText,
    DeliverySettled,
    Event,
    MessageAccepted,
    MessageAnswered,
    ProviderAway,
    QuotaReached,
    ReceiptCame,
    ScriptDisabled,
    ScriptFailed,
    SecondWayTaken,
)
from heliograph.core.lifecycle import Happening, State
from heliograph.observe.counters import Counters
from heliograph.observe.events import LINES, Everyone, LogEvents
from heliograph.testing.observer import Witness

ONE_OF_EACH: list[Event] = [
    MessageAccepted(1, 1, 2),
    MessageAnswered(1, 1, 1),
    AttemptMade(1, "mail", 1, "accepted", 12),
    DeliverySettled(1, "mail", State.SENT),
    ReceiptCame("sms", Happening.BOUNCED),
    ChannelPaused("mail", "the password was refused", 5.0),
    ProviderAway("mail", "could not connect: refused"),
    ChannelResumed("mail"),
    SecondWayTaken(1, 2, 1, "sms", "refused"),
    QuotaReached(1, "sms", "channel", 3),
    CostlyText(1, "sms", 2),
    ScriptFailed("quiet.py", "before"),
    ScriptDisabled("quiet.py"),
]


def test_every_kind_of_event_has_a_line() -> None:
    assert set(LINES) == set(get_args(Event)) == {type(event) for event in ONE_OF_EACH}


def test_events_are_counted_by_kind_channel_and_outcome() -> None:
    counters = Counters()
    for event in [*ONE_OF_EACH, AttemptMade(2, "mail", 1, "accepted", 9)]:
        counters.saw(event)
    assert counters.snapshot() == {
        ("attempt_made", "mail", "accepted"): 2,
        ("channel_paused", "mail", ""): 1,
        ("channel_resumed", "mail", ""): 1,
        ("costly_text", "sms", ""): 1,
        ("delivery_settled", "mail", "sent"): 1,
        ("message_accepted", "", ""): 1,
        ("message_answered", "", ""): 1,
        ("provider_away", "mail", ""): 1,
        ("quota_reached", "sms", "channel"): 1,
        ("receipt_came", "sms", "bounced"): 1,
        ("script_disabled", "quiet.py", ""): 1,
        ("script_failed", "quiet.py", "before"): 1,
        ("second_way_taken", "sms", "refused"): 1,
    }


def test_everyone_hears_every_event() -> None:
    first, second = Witness(), Witness()
    everyone = Everyone([first, second])
    for event in ONE_OF_EACH:
        everyone.saw(event)
    assert first.events == second.events == ONE_OF_EACH


@pytest.mark.parametrize(
    ("event", "level"),
    [
        (ChannelPaused("mail", "the password was refused", 5.0), "error"),
        (ChannelResumed("mail"), "info"),
        (DeliverySettled(1, "mail", State.FAILED), "warning"),
    ],
)
def test_what_an_operator_must_see_is_logged(event: Event, level: str) -> None:
    with capture_logs() as logged:
        LogEvents().saw(event)
    assert [line["log_level"] for line in logged] == [level]
    assert logged[0]["channel"] == "mail"


def test_what_comes_with_every_delivery_is_logged_only_when_asked_for() -> None:
    with capture_logs() as logged:
        LogEvents().saw(AttemptMade(1, "mail", 1, "accepted", 12))
        LogEvents(verbose=True).saw(AttemptMade(1, "mail", 1, "accepted", 12))
    assert [line["action"] for line in logged] == ["attempt_made"]
