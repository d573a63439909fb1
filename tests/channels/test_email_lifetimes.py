"""What a mail came to is known as soon as the server has said it, whatever becomes of the connection afterwards."""

from __future__ import annotations

import asyncio

import pytest

from heliograph.channels.email.channel import EmailChannel
from heliograph.channels.email.settings import EmailSettings
from heliograph.core.delivery import Address
from heliograph.core.outcome import Accepted
from heliograph.testing.builders import a_letter
from heliograph.testing.clock import JumpingClock
from heliograph.testing.servers.smtp import STALL, SmtpServer
from heliograph.testing.tools import some_tools

pytestmark = pytest.mark.anyio


async def test_a_server_that_is_slow_to_say_goodbye_delays_no_outcome(clock: JumpingClock) -> None:
    async with SmtpServer() as server:
        settings = EmailSettings(
            host="127.0.0.1", port=server.port, security="none", sender="lamp@light.example", per_connection=1
        )
        channel = EmailChannel("mail", settings, some_tools(clock))
        server.refuse("QUIT", STALL)

        async with asyncio.timeout(1):  # broken off while it is waited for, the mail would be sent once more
            outcome = await channel.send(a_letter(address=Address(value="keeper@coast.example")))

        assert type(outcome) is Accepted
        await channel.close()
