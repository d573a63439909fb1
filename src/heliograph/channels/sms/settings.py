"""The settings that every SMS channel has."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field, field_validator

from heliograph.channels.sms.numbers import is_country, read_sender
from heliograph.config.settings import Area
from heliograph.core.retry import RetryPolicy

HOLD = 600.0  # seconds in which a receipt may still tell what became of a message whose answer was lost


class InDoubt(StrEnum):
    """What becomes of a message when nobody knows whether the provider took it."""

    HOLD = "hold"
    RETRY = "retry"
    FAIL = "fail"

    @property
    def wait(self) -> float | None:
        """Seconds before it is sent again; None is the usual schedule."""
        return HOLD if self is InDoubt.HOLD else None

    @property
    def policy(self) -> RetryPolicy:
        """Up to 100 tries, at most half an hour apart, which is about a day: an outage of hours costs no message.

        A provider sends a message it has had once more, and the recipient is disturbed twice.
        """
        return RetryPolicy(attempts=100, first=5.0, cap=1800.0, resend_in_doubt=self is not InDoubt.FAIL)


class SmsSettings(Area):
    """Who an SMS is from, how long it may be, what to do in doubt."""

    sender: str = Field("", description="Who an SMS is from when the message does not say.")
    country: str = Field("", description="Calling code that numbers without one get, as 47; empty: they are refused.")
    max_parts: int = Field(10, ge=1, le=255, description="A longer text is refused.")
    in_doubt: InDoubt = Field(
        InDoubt.HOLD,
        description="When an answer is lost: hold (send again after ten minutes without a receipt), retry or fail.",
    )

    @field_validator("sender")
    @classmethod
    def _shown(cls, sender: str) -> str:
        read_sender(sender)
        return sender

    @field_validator("country")
    @classmethod
    def _calling_code(cls, country: str) -> str:
        if country and not is_country(country):
            raise ValueError("must be a calling code of one to three digits, without plus or zeros")
        return country
