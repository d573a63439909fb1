"""What the fakes' commands share: where they listen and write, what they say when ready, and how they end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from heliograph.cli.common import told_to_stop
from heliograph.cli.output import say
from heliograph.core.errors import BadSetting

FOLDER = Path("heliograph-fake")

PortOption = Annotated[int, typer.Option(help="Port to bind on loopback; 0 takes any free one.", min=0, max=65535)]
FolderOption = Annotated[Path, typer.Option(metavar="DIR", help="Folder for what a gateway needs to use it.")]


def need(package: str) -> None:
    """Raises BadSetting where the package that a fake is made of is not installed."""
    if find_spec(package) is None:
        raise BadSetting("The fakes need the extra `testing`: install heliograph[testing].")


@asynccontextmanager
async def playing(fake: AbstractAsyncContextManager[Any]) -> AsyncIterator[asyncio.Event]:
    """The fake at work, and what is set when it is told to end. Raises BadSetting when it cannot start."""
    stop = told_to_stop()
    try:
        async with fake:
            yield stop
    except OSError as trouble:
        raise BadSetting(f"The fake cannot start: {trouble.strerror}.") from None


def welcome(sentence: str, channel: str, ready: Mapping[str, Any], *, json: bool) -> None:
    """Tell that it listens, and how a gateway uses it with the settings `ready["config"]`; to programs, `ready` itself."""
    if json:
        say(msgspec.json.encode(ready).decode())
        return
    say(f"{sentence}; Ctrl-C stops it. Use it with")
    say(f"  heliograph serve --config {ready['config']}")
    say(f"  heliograph channel check {channel} --config {ready['config']}")
