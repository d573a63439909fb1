"""HTTP/1.1, for servers that speak nothing newer: pyreqwest, told which address to connect to."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from datetime import timedelta

import pyreqwest.exceptions as failures
from pyreqwest.client import Client, ClientBuilder
from pyreqwest.response import Response

from heliograph import __version__
from heliograph.channels.addresses import Address
from heliograph.channels.targets import Target
from heliograph.channels.transport.vetting import CONNECT_SHARE, TRIED, Vetting
from heliograph.config.settings import OutboundSettings
from heliograph.core.ports import ConnectFailed, Reply, ReplyLost, Unreachable

CLIENTS = 512  # connection pools kept; each is one host at one vetted address

# The cause by which the client says that it never had a connection, TLS included. Its exceptions' own
# classes do not tell: a reset after the request was sent is a ConnectError too (pyreqwest 0.15.1; tests keep watch).
_NEVER_CONNECTED = "client error (Connect)"

_Place = tuple[str, str, int]  # host, vetted address, port


class PlainHttp:
    """Each request resolves anew, is vetted, and connects to what was vetted."""

    def __init__(self, settings: OutboundSettings, vetting: Vetting, roots: bytes) -> None:
        self._settings = settings
        self._vetting = vetting
        self._roots = roots
        self._clients: OrderedDict[_Place, Client] = OrderedDict()
        self._closed = False

    async def request(
        self, method: str, target: Target, *, headers: Mapping[str, str], body: bytes, limit: float
    ) -> Reply:
        """One request within `limit` seconds. Raises ConnectFailed, AddressRefused or ReplyLost."""
        deadline = asyncio.get_running_loop().time() + limit
        failed: ConnectFailed = Unreachable("the name has no address")
        for address in (await self._vetting.addresses(target.host, target.port, limit))[:TRIED]:
            left = deadline - asyncio.get_running_loop().time()
            if left <= 0:
                break
            try:
                return await self._ask(target, address, method, headers, body, left)
            except ConnectFailed as failure:
                failed = failure
        raise failed

    async def close(self) -> None:
        """Let all connections go; a second time does nothing."""
        self._closed = True
        while self._clients:
            await self._clients.popitem()[1].close()

    async def _ask(
        self, target: Target, address: Address, method: str, headers: Mapping[str, str], body: bytes, limit: float
    ) -> Reply:
        client = await self._client((str(target.host), str(address), target.port))
        try:
            request = client.request(method, target.url).headers(dict(headers)).timeout(timedelta(seconds=limit))
        except ValueError:  # its text repeats the header
            raise ConnectFailed("the request has a header that cannot be sent") from None
        try:
            async with request.body_bytes(body).build_streamed() as response:
                return await self._read(response)
        except failures.PyreqwestError as failure:
            causes = _causes(failure)
            if isinstance(failure, failures.BuilderError):
                raise ConnectFailed("the request cannot be sent") from None
            if _NEVER_CONNECTED in causes:
                raise Unreachable(_said("could not connect", causes)) from None
            raise ReplyLost(_said("no answer", causes)) from None

    async def _read(self, response: Response) -> Reply:
        most, parts, size = self._settings.max_reply, [], 0
        while size < most and (part := await response.body_reader.read_chunk()) is not None:
            parts.append(bytes(part))
            size += len(part)
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Reply(status=response.status, headers=headers, body=b"".join(parts)[:most])

    async def _client(self, place: _Place) -> Client:
        if self._closed:
            raise ConnectFailed("the gateway is stopping")
        client = self._clients.get(place)
        if client is None:
            # Reading the certificate authorities takes milliseconds, which the event loop does not have.
            client = await asyncio.to_thread(self._new_client, place)
            client = self._clients.setdefault(place, client)
        self._clients.move_to_end(place)
        while len(self._clients) > CLIENTS:
            self._clients.popitem(last=False)  # not closed: it goes when the last request through it has ended
        return client

    def _new_client(self, place: _Place) -> Client:
        host, address, port = place
        builder = (
            ClientBuilder()
            .user_agent(f"heliograph/{__version__}")
            .resolve(host, address, port)
            .connect_timeout(timedelta(seconds=self._settings.timeout * CONNECT_SHARE))
            .http1_only()
            .follow_redirects(False)
            .no_proxy()
            .referer(False)
            .gzip(False)  # a small answer must not unfold into a large one
            .brotli(False)
            .zstd(False)
            .deflate(False)
        )
        return (builder.add_root_certificate_pem(self._roots) if self._roots else builder).build()


def _causes(failure: failures.PyreqwestError) -> list[str]:
    """What went wrong, from the outside in."""
    if not isinstance(failure, failures.DetailedPyreqwestError):
        return []
    return [cause["message"] for cause in failure.details.get("causes") or ()]


def _said(what: str, causes: list[str]) -> str:
    """The innermost reason alone: the outer ones hold the URL, which may hold a secret."""
    return f"{what}: {causes[-1][:200]}" if causes and "url (" not in causes[-1] else what
