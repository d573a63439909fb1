"""One gateway process for all interop tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.interop.gateway import Gateway, running


@pytest.fixture(scope="package")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A demo of its own, up for the whole package."""
    with running(tmp_path_factory.mktemp("interop")) as gateway:
        yield gateway
