"""What the SOAP tests share."""

from __future__ import annotations

import pytest
from tests.edge.soap.desk import Desk


@pytest.fixture
def desk() -> Desk:
    """A door with a fresh desk behind it."""
    return Desk()
