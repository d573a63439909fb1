"""What every test may ask for: the event loop's kind and a clock that jumps."""

from __future__ import annotations

import pytest

from heliograph.testing.clock import JumpingClock


@pytest.fixture
def anyio_backend() -> str:
    """The gateway runs on asyncio; so do its tests."""
    return "asyncio"


@pytest.fixture
def clock() -> JumpingClock:
    """Stands at noon on a Saturday until the test makes it jump."""
    return JumpingClock()
