"""Mail through apprise and a real Postfix: what the library makes of a text is mail that servers take and pass on."""

from __future__ import annotations

import pytest
from tests.channels.postfix import a_postfix, needs_postfix

from heliograph.channels.registry import build_channel
from heliograph.core.delivery import Address
from heliograph.core.outcome import Accepted
from heliograph.system.clock import SystemClock
from heliograph.testing.builders import a_letter, a_message, a_text
from heliograph.testing.servers.smtp import SmtpServer
from heliograph.testing.tools import some_tools
from heliograph.testing.waiting import until

pytestmark = [pytest.mark.anyio, pytest.mark.slow, needs_postfix]


@pytest.mark.parametrize(
    ("format", "body", "shown"),
    [
        ("text/plain", "Fog at the cape: b\u00e5t?\n.\nstill fog", "Fog at the cape: b\u00e5t?\n.\nstill fog"),
        ("text/html", "<p>The <b>lamp</b> is lit.</p>", "<b>lamp</b>"),
        ("text/markdown", "The **lamp** is lit.", "<strong>lamp</strong>"),
    ],
)
async def test_a_text_of_each_format_goes_through_it(format: str, body: str, shown: str) -> None:
    tools = some_tools(clock=SystemClock())
    async with SmtpServer(utf8=True) as coast, a_postfix({"coast.example": coast.port}) as relay:
        html = "&format=text" if format == "text/plain" else "&format=html"
        url = f"mailto://127.0.0.1:{relay.port}/?from=lamp@light.example&to=keeper@coast.example&mode=insecure{html}"
        channel = build_channel("mail", {"kind": "apprise", "targets": {"keeper": url}, "workers": 1}, tools)
        letter = a_letter(address=Address(value="keeper"), message=a_message(content=a_text(body=body, format=format)))
        assert isinstance(await channel.send(letter), Accepted), relay.log
        await until(lambda: coast.mails)
        await channel.close()
    await tools.transport.close()
    [mail] = coast.mails
    assert mail.recipients == ("keeper@coast.example",)
    assert mail.message["Subject"] == "Lighthouse"
    kinds = ("plain",) if format == "text/plain" else ("html",)
    part = mail.message.get_body(preferencelist=kinds)
    assert part is not None
    assert shown in part.get_content().replace("\r\n", "\n")
