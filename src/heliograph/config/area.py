"""What every table of the settings file has in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Area(BaseModel):
    """One table of the settings file. Unknown keys are refused by the loader, with the nearest known name."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)
