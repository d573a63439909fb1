"""`fake smsc`: a message centre that the channel of a real gateway can be rehearsed with."""

from __future__ import annotations

import asyncio
import signal

import pytest
from tests.cli.terminal import Terminal, line_with

from heliograph.channels.registry import build_channel
from heliograph.core.delivery import Address
from heliograph.core.outcome import Accepted, Outcome
from heliograph.testing.builders import a_letter, a_message, a_text
from heliograph.testing.tools import some_tools

pytestmark = pytest.mark.slow


def test_the_message_centre_prints_what_it_is_given(terminal: Terminal) -> None:
    with terminal.running("fake", "smsc", "--port", "0", "--password", "sesame") as centre:
        port = int(line_with(centre, "listens on").split("127.0.0.1:")[1].split(";")[0])

        async def send() -> Outcome:
            tools = some_tools()
            options = {"host": "127.0.0.1", "port": port, "system_id": "lamp", "password": "sesame"}
            channel = build_channel("sms", {"kind": "smpp", **options}, tools)
            text = a_text(sender="Lighthouse", to="+4712345678", body="T\u00e5ke [1]")
            sent = await channel.send(a_letter(address=Address(value="+4712345678"), message=a_message(content=text)))
            await channel.close()
            await tools.transport.close()
            return sent

        assert isinstance(asyncio.run(send()), Accepted)
        assert line_with(centre, "Lighthouse").rstrip() == "Lighthouse -> 4712345678: T\u00e5ke [1]"
        centre.send_signal(signal.SIGINT)
        assert centre.wait(timeout=60) == 0
