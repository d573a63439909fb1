"""Which message centre takes our SMS, and how it wants them."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, field_validator

from heliograph.channels.smpp.answers import Meaning
from heliograph.channels.smpp.submits import Default, Long
from heliograph.channels.sms.settings import SmsSettings


class SmppSettings(SmsSettings):
    """A message centre by SMPP 3.4."""

    host: str = Field(min_length=1, description="The message centre.")
    port: int = Field(2775, ge=1, le=65535, description="Its port.")
    tls: bool = Field(False, description="Speak TLS from the first byte.")
    ca_file: Path | None = Field(None, description="Certificate authorities (PEM) to trust instead of the system's.")
    system_id: str = Field(min_length=1, max_length=15, description="Who we are.")
    password: SecretStr = Field(SecretStr(""), max_length=8, description="The password of `system_id`.")
    system_type: str = Field("", max_length=12, description="What some message centres want to hear.")
    window: int = Field(10, ge=1, le=1000, description="Submits under way at once.")
    answer_timeout: float = Field(20.0, gt=0, le=300, description="Seconds the message centre may take to answer.")
    enquire_link: float = Field(30.0, ge=1, le=600, description="Seconds of silence after which the link is tested.")
    alphabet: Default = Field(Default.GSM, description="What data_coding 0 means to it: gsm or latin-1.")
    long: Long = Field(Long.UDH, description="How long texts travel: udh, sar or payload.")
    reference: Literal[8, 16] = Field(8, description="Bits of the reference that joins the parts of a long text.")
    statuses: dict[str, Meaning] = Field(
        {},
        description="What this message centre means by a command_status, as 0x401 = never; it goes before the table's word.",
    )
    receipts: bool = Field(True, description="Ask for delivery receipts.")

    replies_to: str = Field(
        "", description="The user whose inbox messages from phones come into; empty: they are refused."
    )
    replies_company: int = Field(1, ge=1, description="The company of that user.")

    @property
    def own_statuses(self) -> dict[int, Meaning]:
        """`statuses` by number."""
        return {int(code, 0): means for code, means in self.statuses.items()}

    @field_validator("statuses")
    @classmethod
    def _numbers(cls, statuses: dict[str, Meaning]) -> dict[str, Meaning]:
        for code in statuses:
            try:
                number = int(code, 0)
            except ValueError:
                number = 0
            if not 1 <= number <= 0xFFFFFFFF:
                raise ValueError(f"{code[:20]!r} is no command_status like 0x401")
        return statuses

    @field_validator("system_id", "system_type", "host")
    @classmethod
    def _plain(cls, value: str) -> str:
        if not (value.isascii() and value.isprintable()) and value:
            raise ValueError("must be plain characters")
        return value
