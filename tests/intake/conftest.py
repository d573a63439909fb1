"""A gateway with one company, three users, an inbox and a channel that takes configuration; dispatch is running."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from heliograph.config.settings import MessagingSettings
from heliograph.core.ports import Traits
from heliograph.testing.builders import a_company, a_user
from heliograph.testing.clock import JumpingClock
from heliograph.testing.gateway import SmallGateway
from heliograph.testing.scripted import ScriptedChannel

CONFIGURABLE = Traits(formats=("text/plain",), config_keys=frozenset({"account", "key"}))


@pytest.fixture
def stub() -> ScriptedChannel:
    return ScriptedChannel(traits=CONFIGURABLE)


@pytest.fixture
def inbox() -> ScriptedChannel:
    """Stands for the channel every user has."""
    return ScriptedChannel()


@pytest.fixture
def messaging() -> MessagingSettings:
    return MessagingSettings(default_plugin="inbox")


@pytest.fixture
async def gateway(
    clock: JumpingClock, stub: ScriptedChannel, inbox: ScriptedChannel, messaging: MessagingSettings
) -> AsyncIterator[SmallGateway]:
    gateway = SmallGateway(clock, {"stub": stub, "inbox": inbox}, messaging=messaging)
    await gateway.directory.add_company(a_company())
    await gateway.directory.add_company(a_company(id=2, name="The Other Coast"))
    await gateway.directory.add_users([a_user(101), a_user(102), a_user(103, active=False), a_user(201, company_id=2)])
    await gateway.dispatcher.start()
    yield gateway
    await gateway.dispatcher.stop(0)
