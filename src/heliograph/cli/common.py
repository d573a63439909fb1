"""What the commands share: options, settings, the gateway's parts opened beside or without a running server."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from heliograph.core.errors import BadSetting

if TYPE_CHECKING:
    from heliograph.app import Heliograph
    from heliograph.config.load import Loaded

_Answer = TypeVar("_Answer")

OK, NOTHING, WRONG = 0, 1, 2  # exit codes: done; not found or nothing done; wrong use or set-up

ConfigOption = Annotated[Path | None, typer.Option("--config", metavar="FILE", help="Settings file (TOML).")]
DataOption = Annotated[Path | None, typer.Option("--data", metavar="DIR", help="Folder of the database and keys.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
CompanyOption = Annotated[
    int | None, typer.Option("--company", metavar="ID", help="Company; needed only where there are several.")
]


def loaded_from(config: Path | None, data: Path | None = None, **flags: Any) -> Loaded:
    """The settings as this command sees them; `server__port=1` sets server.port. Raises BadSetting, BrokenPlugin."""
    from heliograph.channels import registry  # settings cost 0.1 s: --help and version do without
    from heliograph.config.load import load

    dotted = {key.replace("__", "."): value for key, value in flags.items()}
    if data is not None:
        dotted["data_dir"] = str(data)
    return load(config, os.environ, dotted, channel_model=lambda kind: registry.load(kind).settings)


@asynccontextmanager
async def opened(
    config: Path | None, data: Path | None, *, create: bool = False, **flags: Any
) -> AsyncIterator[Heliograph]:
    """The gateway's parts without its server; a running server may use the same data at the same time.

    Raises BadSetting when the data folder is not there, unless `create` says to make it.
    """
    from heliograph.app import open_app  # brings in everything
    from heliograph.config.settings import LogSettings
    from heliograph.observe.log import set_up

    loaded = loaded_from(config, data, **flags)
    folder = loaded.settings.data_dir
    if not create and not folder.is_dir():
        raise BadSetting(
            f"There is no gateway data in {folder} ({loaded.origins['data_dir']}): name its folder with --data."
        )
    set_up(LogSettings(level="error"))  # what else there is to say, the command says itself
    async with open_app(loaded.settings) as gateway:
        yield gateway


def in_gateway(
    config: Path | None, data: Path | None, work: Callable[[Heliograph], Coroutine[Any, Any, _Answer]]
) -> _Answer:
    """What `work` makes of the gateway's parts, `opened` for it alone."""

    async def at_work() -> _Answer:
        async with opened(config, data) as gateway:
            return await work(gateway)

    return run(at_work())


def run(work: Coroutine[Any, Any, _Answer]) -> _Answer:
    """Run one command's work in an event loop of its own."""
    with asyncio.Runner() as runner:
        return runner.run(work)


def told_to_stop() -> asyncio.Event:
    """What is set when this process gets SIGTERM or Ctrl-C, instead of ending at once."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop
