"""/metrics: numbers for a scraper, for whom the settings let in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from heliograph.config.settings import MetricsAccess, Settings
from heliograph.core.access import Scope
from heliograph.core.errors import NotAllowed, NotAuthenticated
from heliograph.core.people import Door
from heliograph.edge.http.address import loopback
from heliograph.edge.rest.own import answered
from heliograph.edge.rest.streams import Streams
from heliograph.intake.sign_in import SignIn

#: Text and content type, by the Accept header and how many streams are open.
Render = Callable[[str, int], Awaitable[tuple[bytes, str]]]

#: What a proxy adds to a request that came to it from elsewhere.
_FORWARDED = ("x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "forwarded", "via", "x-real-ip")


class MetricsPage:
    """The address. The numbers are the whole gateway's, so that no company's own credentials open it."""

    def __init__(self, render: Render, sign_in: SignIn, streams: Streams, settings: Settings) -> None:
        self._render = render
        self._sign_in = sign_in
        self._streams = streams
        self._access = settings.metrics.access
        server = settings.server
        self._private = loopback(server.host) and not server.public_url and not server.trusted_proxies

    def routes(self) -> list[Route]:
        """None at all when metrics are off."""
        if self._access is MetricsAccess.OFF:
            return []
        return [Route("/metrics", answered(self.metrics), methods=["GET"])]

    async def metrics(self, request: Request) -> Response:
        """What there is to tell."""
        if not self._open_to(request):
            await self._by_token(request)
        text, content_type = await self._render(request.headers.get("accept", ""), len(self._streams))
        headers = {"content-type": content_type, "cache-control": "no-store", "x-content-type-options": "nosniff"}
        return Response(text, headers=headers)

    def _open_to(self, request: Request) -> bool:
        """With `auto`: whoever asks from this machine by its own name, as long as nothing looks like a proxy's doing."""
        if self._access is MetricsAccess.OPEN:
            return True
        if self._access is MetricsAccess.TOKEN or not self._private:
            return False
        return loopback(request.url.hostname or "") and not any(name in request.headers for name in _FORWARDED)

    async def _by_token(self, request: Request) -> None:
        """Raises NotAuthenticated, and NotAllowed when the access token was not made for this."""
        scheme, _, text = request.headers.get("authorization", "").strip().partition(" ")
        if scheme.lower() != "bearer":
            raise NotAuthenticated("Send Authorization: Bearer and an access token with the scope metrics.")
        caller = await self._sign_in.by_access_token(text.strip(), Door.REST)
        if caller.scopes is None or Scope.METRICS not in caller.scopes:  # `admin` is of one company and does not reach
            raise NotAllowed(f"This access token lacks the scope {Scope.METRICS.value}.")
