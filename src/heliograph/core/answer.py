"""What a recipient answered to a question."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class YesNo(StrEnum):
    """The two answers a YesNoQuestion takes."""

    YES = "yes"
    NO = "no"


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """One recipient's answer to one message; there is never a second one."""

    message_id: int
    associate_id: int
    delivery_id: int  # the way by which the question reached whoever answered
    company_id: int
    value: YesNo
    answered_at: int  # ms since the epoch
