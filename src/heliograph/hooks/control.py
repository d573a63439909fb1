"""A socket in the data folder through which the command line asks a running gateway about its scripts.

One JSON object a line: `{"do": "list"}`, `{"do": "reload"}` and `{"do": "trace"}`, which answers until it is closed; `{"do": "record"}` is a trace with contents.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path

import msgspec
import structlog

from heliograph.core.errors import NotFound
from heliograph.core.standing import ScriptState
from heliograph.hooks.scripts import ScriptHooks
from heliograph.hooks.tracing import Trace

log = structlog.get_logger(__name__)

_MOST_TRACES = 1000  # that wait for a slow reader; what comes above is dropped


class Question(msgspec.Struct, frozen=True):
    """What the command line wants."""

    do: str


class Listing(msgspec.Struct, frozen=True):
    """All scripts, and the processes they run in."""

    scripts: list[ScriptState]
    workers: list[int] = []
    error: str = ""


class Control:
    """The gateway's side."""

    def __init__(self, path: Path, scripts: ScriptHooks) -> None:
        self._path = path
        self._scripts = scripts
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()

    async def start(self) -> None:
        """Listen, for this system user alone. A gateway that cannot goes on without."""
        try:
            self._path.unlink(missing_ok=True)
            mask = os.umask(0o177)
            try:
                self._server = await asyncio.start_unix_server(self._serve, _reachable(self._path))
            finally:
                os.umask(mask)
        except OSError as error:
            log.warning(
                "The script commands cannot reach this gateway.", action="script_control", reason=error.strerror
            )

    async def stop(self) -> None:
        """Close; a second time does nothing."""
        if self._server is not None:
            self._server.close()
            for writer in list(self._open):
                writer.close()
            await self._server.wait_closed()
            self._server = None
            self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            line = await asyncio.wait_for(reader.readline(), 10)
            await self._answer(msgspec.json.decode(line, type=Question), reader, writer)
        except (msgspec.MsgspecError, OSError, ValueError, TimeoutError) as error:
            log.debug("A script command went away.", action="script_control", reason=str(error))
        finally:
            self._open.discard(writer)
            writer.close()

    async def _answer(self, question: Question, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if question.do in ("trace", "record"):
            await self._trace(reader, writer, contents=question.do == "record")
            return
        scripts = await self._scripts.reload() if question.do == "reload" else self._scripts.states()
        known = question.do in ("list", "reload")
        listing = Listing(scripts, self._scripts.pids, "" if known else f"{question.do} is no command.")
        writer.write(msgspec.json.encode(listing) + b"\n")
        await writer.drain()

    async def _trace(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, contents: bool) -> None:
        traces: asyncio.Queue[Trace] = asyncio.Queue(_MOST_TRACES)

        def take(trace: Trace) -> None:
            if not traces.full():
                traces.put_nowait(trace)

        end = self._scripts.tracing.watch(take, contents=contents)
        gone = asyncio.ensure_future(reader.read())
        try:
            writer.write(b"{}\n")  # from here on nothing is missed
            while not gone.done():
                next_one = asyncio.ensure_future(traces.get())
                await asyncio.wait({next_one, gone}, return_when=asyncio.FIRST_COMPLETED)
                if not next_one.done():
                    next_one.cancel()
                    break
                writer.write(msgspec.json.encode(next_one.result()) + b"\n")
                await writer.drain()
        finally:
            end()
            gone.cancel()


async def ask(path: Path, do: str) -> Listing:
    """The command line's side. Raises NotFound when no gateway serves there."""
    reader, writer = await _connected(path, do)
    try:
        line = await reader.readline()
    finally:
        writer.close()
    if not line:
        raise NotFound("The gateway ended before it answered.")
    return msgspec.json.decode(line, type=Listing)


async def follow(
    path: Path, ready: Callable[[], Awaitable[None]], *, contents: bool = False
) -> AsyncGenerator[Trace, None]:
    """Every event from now on, until the gateway ends. Raises NotFound when no gateway serves there."""
    reader, writer = await _connected(path, "record" if contents else "trace")
    try:
        await reader.readline()
        await ready()
        while line := await reader.readline():
            yield msgspec.json.decode(line, type=Trace)
    finally:
        writer.close()


async def _connected(path: Path, do: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    try:
        reader, writer = await asyncio.open_unix_connection(_reachable(path))
    except OSError:
        raise NotFound(f"No gateway serves {path.parent}.") from None
    writer.write(msgspec.json.encode({"do": do}) + b"\n")
    return reader, writer


def _reachable(path: Path) -> str:
    """The shorter of the ways to write it: the name of a socket may not be long."""
    full = str(path.absolute())
    try:
        near = os.path.relpath(path)
    except ValueError:
        return full
    return min(full, near, key=len)
