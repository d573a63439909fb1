"""What the stub answers when the message does not say."""

from __future__ import annotations

from pydantic import Field, field_validator

from heliograph.channels.stub.answers import read_script
from heliograph.config.settings import Area


class StubSettings(Area):
    """A stand-in for a provider, for trying things out."""

    answers: str = Field(
        "accepted",
        description="What to answer: one word per attempt, comma between, the last for all further attempts.",
    )
    remember: int = Field(1000, ge=0, le=100_000, description="Letters kept in memory for tests to look at.")

    @field_validator("answers")
    @classmethod
    def _readable(cls, value: str) -> str:
        read_script(value)  # raises ValueError with the known words
        return value
