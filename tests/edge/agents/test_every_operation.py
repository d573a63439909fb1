"""Every operation of the declaration has an address, a description whose sample is taken, and an answer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from heliograph.edge.agents.bindings import bindings
from heliograph.edge.contract.model import Operation
from heliograph.testing.running import Town, a_town

pytestmark = pytest.mark.anyio

OPERATIONS = [binding.operation for binding in bindings().values()]
NOT_INVALID = (200, 204, 500)  # 500: the sample names nobody who is there


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    """One event loop for all cases."""
    return "asyncio"


@pytest.fixture(scope="module")
async def town(tmp_path_factory: pytest.TempPathFactory, anyio_backend: str) -> AsyncIterator[Town]:
    """One gateway for all cases."""
    folder: Path = tmp_path_factory.mktemp("agents")
    async with a_town(folder) as town:
        yield town


@pytest.mark.parametrize("operation", OPERATIONS, ids=[f"{each.agent}.{each.name}" for each in OPERATIONS])
async def test_the_sample_of_a_description_is_taken_and_answered(operation: Operation, town: Town) -> None:
    address = f"/api/v1/Agents/{operation.agent}/{operation.name}"
    described = (await town.ask("GET", address)).json()
    assert isinstance(described, dict)
    assert described["Address"] == address
    headers = {"Authorization": f"SOTicket {town.ticket}", "Content-Type": "application/json"}
    heard = await town.ask("POST", address, headers, msgspec.json.encode(described["Request"]))
    assert heard.status in NOT_INVALID, heard.text
    if heard.status == 500:
        told = heard.json()
        assert isinstance(told, dict)
        assert told["Error"] is True
        assert told["ErrorType"].startswith("So")


def test_no_operation_is_missing() -> None:
    assert len(OPERATIONS) == len({(each.agent, each.name) for each in OPERATIONS}) >= 20
