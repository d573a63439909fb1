"""What a payload would be, for channels whose providers limit its size."""

from __future__ import annotations

from collections.abc import Callable

from heliograph.channels.fitting import TooLong
from heliograph.core.preview import Preview


def previewed(make: Callable[[], bytes]) -> Preview:
    """The size of the payload that is made, or that it is too long for the provider."""
    try:
        return Preview(size=len(make()))
    except TooLong as refusal:
        return Preview(refused=str(refusal))
