"""`heliograph fake smsc`: a message centre on this machine, to rehearse the smpp channel with."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from heliograph.channels.smpp.pdu import Sm
from heliograph.cli.common import run
from heliograph.cli.fake_common import PortOption, playing
from heliograph.cli.output import one_line, say
from heliograph.testing.servers.smsc import PASSWORD, SYSTEM_ID, Receipts, Smsc, words


def smsc(
    port: PortOption = 2775,
    system_id: Annotated[str, typer.Option(help="Who may bind.")] = SYSTEM_ID,
    password: Annotated[str, typer.Option(help="By which password.")] = PASSWORD,
    receipts: Annotated[Receipts, typer.Option(help="How receipts are sent.")] = Receipts.TLV,
    state: Annotated[str, typer.Option(help="What receipts say: DELIVRD, UNDELIV, EXPIRED, ...")] = "DELIVRD",
) -> None:
    """Run a message centre (SMPP 3.4) that prints what is submitted to it, until Ctrl-C."""
    centre = Smsc(system_id=system_id, password=password, port=port, receipts=receipts, state=state, on_submit=_print)
    run(_play(centre, system_id, password))


async def _play(centre: Smsc, system_id: str, password: str) -> None:
    async with playing(centre) as stop:
        say(f"A fake message centre listens on 127.0.0.1:{centre.port}; Ctrl-C stops it. Use it with")
        for line in ("[channels.sms]", 'kind = "smpp"', 'host = "127.0.0.1"', f"port = {centre.port}"):
            say(f"  {line}")
        say(f"  system_id = {json.dumps(system_id)}")
        say(f"  password = {json.dumps(password)}")
        await stop.wait()


def _print(sm: Sm) -> None:
    say(f"{one_line(sm.source)} -> {one_line(sm.to)}: {one_line(words(sm))}")
