"""`heliograph serve`: the gateway itself, until it is told to stop."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
import uvloop

from heliograph.cli.common import ConfigOption, DataOption, loaded_from, told_to_stop
from heliograph.cli.output import say
from heliograph.config.settings import Settings
from heliograph.observe.log import set_up

if TYPE_CHECKING:
    from heliograph.app import Heliograph
    from heliograph.edge.serve import Running

#: Called once the gateway answers, with its parts and its address.
Ready = Callable[["Heliograph", str], Awaitable[Any]]


def serve(
    host: Annotated[str | None, typer.Option(help="Address to bind; loopback unless you say otherwise.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to bind; 0 takes any free one.")] = None,
    tls_cert: Annotated[Path | None, typer.Option(metavar="FILE", help="Certificate chain (PEM).")] = None,
    tls_key: Annotated[Path | None, typer.Option(metavar="FILE", help="Private key (PEM) of the certificate.")] = None,
    config: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Serve until SIGTERM or Ctrl-C; then finish what is running, within server.drain seconds."""
    flags = {
        "server__host": host,
        "server__port": port,
        "server__tls_cert": str(tls_cert) if tls_cert else None,
        "server__tls_key": str(tls_key) if tls_key else None,
    }
    settings = loaded_from(config, data, **flags).settings

    async def ready(gateway: Heliograph, url: str) -> None:
        say(f"Heliograph listens on {url}")
        say(f"  data in {gateway.settings.data_dir.absolute()}; channels: {', '.join(gateway.channels)}")
        if gateway.settings.console.enabled:
            say(f"  console at {url}/console; `heliograph console link` lets you in")

    serve_until_told(settings, ready)


def serve_until_told(settings: Settings, ready: Ready) -> None:
    """Run the gateway in this process until SIGTERM or SIGINT. Raises OperatorError when it cannot begin."""
    set_up(settings.log)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(settings, ready))


async def _serve(settings: Settings, ready: Ready) -> None:
    from heliograph.app import open_app  # brings in everything; --help and version do without

    stop = told_to_stop()
    async with open_app(settings) as gateway, gateway.serving() as running:
        await _until(stop, running, asyncio.ensure_future(ready(gateway, running.url)))


async def _until(stop: asyncio.Event, running: Running, welcome: asyncio.Future[Any]) -> None:
    """Return when told to stop, or when the server ends by itself; raises what goes wrong in the welcome."""
    told, ended = asyncio.ensure_future(stop.wait()), asyncio.ensure_future(running.wait())
    try:
        done, _ = await asyncio.wait({told, ended, welcome}, return_when=asyncio.FIRST_COMPLETED)
        if welcome in done:
            welcome.result()
            await asyncio.wait({told, ended}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (told, ended, welcome):
            task.cancel()
