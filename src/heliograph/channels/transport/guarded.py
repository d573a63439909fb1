"""The one way out over HTTP: reads the URL, finds the host's connections, and speaks HTTP/2 or 1.1 as the server can."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections import OrderedDict
from collections.abc import Callable, Mapping
from types import MappingProxyType

from heliograph import __version__
from heliograph.channels.targets import LONGEST_URL, Target, read_target
from heliograph.channels.transport.h2.headers import Field, Run, checked
from heliograph.channels.transport.multiplexed import Host, OnlyHttp1
from heliograph.channels.transport.plain import PlainHttp
from heliograph.channels.transport.tls import context
from heliograph.channels.transport.vetting import Vetting
from heliograph.config.settings import OutboundSettings
from heliograph.core.ports import ConnectFailed, Identity, Reply, Resolver

HOSTS = 512  # hosts whose HTTP/2 connections are kept
VETTED_FOR = 30.0  # seconds for which a name is not looked up again while its HTTP/2 connections are used
ONLY_HTTP_1_FOR = 600.0  # seconds until a server that did not speak HTTP/2 is asked again
_PLAIN_PATH = re.compile(r"/[A-Za-z0-9/_.~=&?+%:,;@!$'()*-]*")  # a path that every reader reads in the same way
_METHOD = re.compile(r"[A-Z]+")

NONE: Mapping[str, str] = MappingProxyType({})

_Place = tuple[str, Identity | None]  # scheme, host and port as they stand in the URL


class GuardedTransport:
    """Port `Transport`."""

    def __init__(
        self, settings: OutboundSettings, resolver: Resolver, *, roots: bytes = b"", vetted_for: float = VETTED_FOR
    ) -> None:
        """`roots` are further certificate authorities to trust (PEM); `vetted_for` in seconds."""
        self._vetted_for = vetted_for
        self._settings = settings
        self._roots = roots
        self._vetting = Vetting(settings, resolver)
        self._plain = PlainHttp(settings, self._vetting, roots)
        self._hosts: OrderedDict[_Place, Host] = OrderedDict()
        self._targets: dict[str, tuple[str, Target, bytes]] = {}  # by origin, for URLs whose path is plain
        self._only_http_1: dict[tuple[str, int], float] = {}  # by host and port: until when
        self._contexts: dict[Identity | None, asyncio.Future[ssl.SSLContext]] = {}
        self._fields: dict[str, tuple[str, tuple[bytes, bytes]]] = {}  # by name: its latest value, as it is sent
        self._runs: dict[tuple[str, bytes, int], tuple[Mapping[str, str], Run, Run]] = {}  # what is sent often
        self._agent = (b"user-agent", f"heliograph/{__version__}".encode())
        self._time: Callable[[], float] | None = None  # the loop's clock; asking for the loop costs a system call
        self._closed = False

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        own: Mapping[str, str] = NONE,
        body: bytes = b"",
        timeout: float | None = None,
        identity: Identity | None = None,
    ) -> Reply:
        """One request, one answer. `timeout` in seconds covers all of it; None is the setting's.

        Raises ConnectFailed, AddressRefused or ReplyLost; none of them repeats the URL.
        """
        if self._closed:
            raise ConnectFailed("the gateway is stopping")
        limit = self._settings.timeout if timeout is None else timeout
        if self._time is None:
            self._time = asyncio.get_running_loop().time
        began = self._time()
        origin, path, target, authority = self._read(url)
        if target.scheme == "https" and not (self._only_http_1 and self._speaks_http_1_only(target, began)):
            head = self._head(method, authority, path, headers, own, len(body))
            host = self._hosts.get((origin, identity)) or await self._host(origin, target, identity)
            try:
                return await host.request(head, body, began, began + limit)
            except OnlyHttp1:
                self._note_http_1(target, began)
                limit -= self._time() - began
        if identity is not None:
            raise ConnectFailed("a client certificate is presented over HTTP/2 only, which the server does not speak")
        target = Target(target.scheme, target.host, target.port, path)
        return await self._plain.request(method, target, headers={**headers, **own}, body=body, limit=limit)

    def leave(self, url: str, *, identity: Identity | None = None) -> None:
        """The next request to that origin goes over a new connection; what is under way there ends in peace."""
        origin, *_ = self._read(url)
        host = self._hosts.get((origin, identity))
        if host is not None:
            host.leave()

    async def close(self) -> None:
        """Let all connections go; a second time does nothing."""
        self._closed = True
        while self._hosts:
            self._hosts.popitem()[1].close()
        await self._plain.close()

    # ------------------------------------------------------------------------------- the URL

    def _read(self, url: str) -> tuple[str, str, Target, bytes]:
        """Origin, path, target and authority. A path with nothing special is not taken apart again for a known origin."""
        slash = url.find("/", 8)
        origin, path = (url[:slash], url[slash:]) if slash > 0 else (url, "/")
        known = self._targets.get(origin)
        if known is not None and len(url) <= LONGEST_URL and _PLAIN_PATH.fullmatch(path):
            return known[0], path, known[1], known[2]
        target = read_target(url)
        clean = Target(target.scheme, target.host, target.port, "/").url[:-1]
        authority = clean.partition("://")[2].encode("ascii")
        if clean == origin:
            if len(self._targets) >= 4 * HOSTS:
                self._targets.clear()
            self._targets[origin] = origin, target, authority
        return clean, target.path, target, authority

    def _head(
        self, method: str, authority: bytes, path: str, headers: Mapping[str, str], own: Mapping[str, str], size: int
    ) -> list[Field | Run]:
        """The fields of a request, the method's first. Raises ConnectFailed for one that cannot be sent."""
        kept = self._runs.get((method, authority, size))
        if kept is None or kept[0] != headers:
            kept = self._kept_runs(method, authority, headers, size)
        head: list[Field | Run] = [kept[1], (b":path", path.encode("ascii")), kept[2]]
        for name, value in own.items():
            head.append(self._sent(name, value))
        return head

    def _kept_runs(
        self, method: str, authority: bytes, headers: Mapping[str, str], size: int
    ) -> tuple[Mapping[str, str], Run, Run]:
        """What comes before the path and after it in requests of this kind: the same objects, as long as it is the same."""
        if not _METHOD.fullmatch(method):
            raise ConnectFailed("the request has a method that cannot be sent")
        before = Run((b":method", method.encode("ascii")), (b":scheme", b"https"), (b":authority", authority))
        after = [self._agent]
        if size or method == "POST":
            after.append((b"content-length", b"%d" % size))
        after += [self._sent(name, value) for name, value in headers.items()]
        if len(self._runs) >= HOSTS:
            self._runs.clear()
        kept = self._runs[method, authority, size] = dict(headers), before, Run(*after)
        return kept

    def _sent(self, name: str, value: str) -> tuple[bytes, bytes]:
        seen = self._fields.get(name)
        if seen is None or seen[0] != value:
            seen = self._field(name, value)
        return seen[1]

    def _field(self, name: str, value: str) -> tuple[str, tuple[bytes, bytes]]:
        try:
            seen = value, checked(name, value)
        except ValueError:
            raise ConnectFailed("the request has a header that cannot be sent") from None
        if len(self._fields) >= HOSTS:
            self._fields.clear()
        self._fields[name] = seen
        return seen

    # ------------------------------------------------------------------------------ the host

    async def _host(self, origin: str, target: Target, identity: Identity | None) -> Host:
        tls = await self._context(identity)
        place = (origin, identity)
        host = self._hosts.get(place)
        if host is None:
            host = Host(target, self._vetting, tls, self._settings.max_reply, self._vetted_for)
            self._hosts[place] = host
            self._make_room()
        return host

    def _make_room(self) -> None:
        """Let the oldest hosts go that have nothing under way."""
        if len(self._hosts) > HOSTS:
            for place in [place for place, host in list(self._hosts.items())[:-1] if host.idle][: HOSTS // 8]:
                self._hosts.pop(place).close()

    async def _context(self, identity: Identity | None) -> ssl.SSLContext:
        """The TLS context of that identity, made once: it costs tens of milliseconds, so it is made in a thread."""
        making = self._contexts.get(identity)
        if making is None:
            if len(self._contexts) >= HOSTS:
                self._contexts.clear()
            making = asyncio.ensure_future(asyncio.to_thread(context, self._roots, identity))
            self._contexts[identity] = making
        try:
            made = await asyncio.shield(making)
        except ValueError as bad:
            raise ConnectFailed(str(bad)) from None
        if self._closed:
            raise ConnectFailed("the gateway is stopping")
        return made

    def _speaks_http_1_only(self, target: Target, now: float) -> bool:
        return self._only_http_1.get((str(target.host), target.port), 0.0) > now

    def _note_http_1(self, target: Target, now: float) -> None:
        if len(self._only_http_1) >= 4 * HOSTS:
            self._only_http_1.clear()
        self._only_http_1[str(target.host), target.port] = now + ONLY_HTTP_1_FOR
