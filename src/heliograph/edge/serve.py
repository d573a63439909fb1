"""Opens the port and runs the server inside a loop that is already running; signals are the caller's business."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Iterator
from functools import partial
from typing import cast

import uvicorn

from heliograph.config.settings import ServerSettings
from heliograph.core.errors import BadSetting
from heliograph.edge.http.acceptor import Acceptor, Places
from heliograph.edge.http.head import Limits
from heliograph.edge.http.messages import ASGI
from heliograph.edge.http.protocol import GuardedProtocol, guarded
from heliograph.edge.http.proxies import ForwardedHost, networks
from heliograph.edge.server import Gateway

_BACKLOG = 2048
_LAST_WORDS = 1.0  # seconds for requests that were cut off to say so
_MESSAGE = 4096  # bytes a WebSocket's client may say at once; nothing it says is looked at


class _Server(uvicorn.Server):
    """uvicorn's server without its hold on SIGINT and SIGTERM, and without waking ten times a second."""

    def __init__(self, config: uvicorn.Config, places: Places, handshake: float) -> None:
        super().__init__(config)
        self.places = places
        self.handshake = handshake  # seconds
        self.leave = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """With an acceptor of our own in place of the loop's, which counts clients and gives handshakes an end."""
        await self.lifespan.startup()
        config = self.config
        protocol = partial(
            cast("type[GuardedProtocol]", config.http_protocol_class),
            config=config,
            server_state=self.server_state,
            app_state=self.lifespan.state,
        )
        self.servers = [
            Acceptor(  # type: ignore[misc]  # it closes and waits as asyncio's own does
                listener,
                protocol,
                places=self.places,
                tls=config.ssl,
                handshake=self.handshake,
                backlog=config.backlog,
            )
            for listener in sockets or ()
        ]
        self.started = True

    async def main_loop(self) -> None:
        await self.on_tick(0)
        await self.leave.wait()


class Running:
    """A server that listens."""

    def __init__(self, app: ASGI, server: _Server, task: asyncio.Task[None], url: str, drain: float) -> None:
        self._app = app
        self._server = server
        self._task = task
        self._drain = drain
        self.url = url  # with the real port, without a slash at the end

    async def stop(self, within: float | None = None) -> None:
        """Take no more connections, end live streams, let running requests finish for so many seconds (server.drain), then cut them off."""
        if isinstance(self._app, Gateway):
            self._app.streams.stop()
        self._server.config.timeout_graceful_shutdown = self._drain if within is None else within  # type: ignore[assignment]
        self._server.leave.set()
        await self._task
        if cut_off := list(self._server.server_state.tasks):
            await asyncio.wait(cut_off, timeout=_LAST_WORDS)

    async def wait(self) -> None:
        """Return when the server has ended, whoever ended it."""
        await asyncio.shield(self._task)


async def serve(app: ASGI, settings: ServerSettings) -> Running:
    """Bind and start. Raises BadSetting when the address, the port or the certificate cannot be used."""
    limits = _limits(settings)
    config = _config(app, settings, limits)
    _load(config, settings)
    listener = bind(settings.host, settings.port)
    server = _Server(config, Places(limits, networks(settings.trusted_proxies)), settings.handshake_timeout)
    task = asyncio.create_task(server.serve(sockets=[listener]), name="http-server")
    while not server.started:
        if task.done():
            listener.close()
            await task
            raise BadSetting("The server ended before it had started.")
        await asyncio.sleep(0.001)
    return Running(app, server, task, _url(settings, listener), settings.drain)


def bind(host: str, port: int) -> socket.socket:
    """A bound socket; port 0 takes any free one. Raises BadSetting when the address cannot be had."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
    except (OSError, UnicodeError) as error:
        raise BadSetting(f"server.host: {host!r} is no address of this machine ({error}).") from None
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.setblocking(False)
    except OSError as error:
        listener.close()
        raise BadSetting(f"server.port: cannot listen on {host}:{port} ({error.strerror}).") from None
    return listener


def _limits(settings: ServerSettings) -> Limits:
    return Limits(
        header_timeout=settings.header_timeout,
        body_timeout=settings.body_timeout,
        body_rate=settings.body_rate,
        connections=settings.max_connections,
        connections_per_address=settings.max_connections_per_address,
    )


def _config(app: ASGI, settings: ServerSettings, limits: Limits) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=guarded(limits),
        ws="websockets-sansio",
        ws_max_size=_MESSAGE,
        ws_per_message_deflate=False,  # a window for each of thousands of silent readers is memory for nothing
        lifespan="off",
        interface="asgi3",
        log_config=None,
        access_log=False,  # it would write keys that stand in addresses
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=settings.trusted_proxies,
        server_header=False,
        date_header=False,
        backlog=_BACKLOG,
        timeout_keep_alive=75,
        ssl_certfile=settings.tls_cert,
        ssl_keyfile=settings.tls_key,
    )


def _load(config: uvicorn.Config, settings: ServerSettings) -> None:
    if (settings.tls_cert is None) != (settings.tls_key is None):
        raise BadSetting("server.tls_cert and server.tls_key come together.")
    try:
        config.load()
    except (OSError, ssl.SSLError) as error:
        raise BadSetting(f"server.tls_cert, server.tls_key: the pair cannot be used ({error}).") from None
    if settings.trusted_proxies:  # outermost: further in, the proxy's address has given way to the client's
        config.loaded_app = ForwardedHost(config.loaded_app, settings.trusted_proxies)


def _url(settings: ServerSettings, listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    scheme = "https" if settings.tls_cert else "http"
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"
