"""Where providers report what became of the messages they took: `/callbacks/{channel}`."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from heliograph.core.errors import HeliographError
from heliograph.core.reporting import Offer, ProviderCall
from heliograph.edge import failures
from heliograph.edge.http.messages import header_map, read_body
from heliograph.edge.markup import tag
from heliograph.edge.pages import KEYED, page
from heliograph.intake.callbacks import Callbacks

_LIMIT = 256 * 1024  # bytes; some providers put many receipts into one call
_HEADERS = {"cache-control": "no-store", "x-content-type-options": "nosniff"}


class CallbackPages:
    """By GET or POST, as the provider likes. The answer tells it no more than whether to come again."""

    def __init__(self, callbacks: Callbacks) -> None:
        self._callbacks = callbacks

    def routes(self) -> list[Route]:
        """One address for each channel."""
        return [Route("/callbacks/{channel}", self.take, methods=["GET", "POST"])]

    async def take(self, request: Request) -> Response:
        """200 once every receipt in the call that is ours is on disk; a person who looks is asked first."""
        query = request.scope["query_string"].decode("latin-1")
        try:
            offer = self._callbacks.offer(request.path_params["channel"], query)
            if offer is not None and request.method == "GET":
                return _asked(offer)
            body = await read_body(request.receive, _LIMIT)
            call = ProviderCall(query, body, header_map(request.scope))
            heard = await self._callbacks.take(request.path_params["channel"], call)
            if offer is not None and "text/html" in request.headers.get("accept", ""):
                return HTMLResponse(page(offer.title, offer.title, offer.done, None), headers=KEYED)
        except HeliographError as error:
            return _failed(error)
        return Response(heard.text, media_type=heard.media, headers=_HEADERS)


def _asked(offer: Offer) -> Response:
    name, value = offer.field
    form = tag("form", tag("button", offer.button, name=name, value=value), class_="answer", method="post")
    return HTMLResponse(page(offer.title, offer.title, offer.text, form), headers=KEYED)


def _failed(error: HeliographError) -> Response:
    wait = failures.retry_after(error)
    headers = _HEADERS if wait is None else _HEADERS | {"retry-after": str(wait)}
    return PlainTextResponse(f"{failures.told(error)}\n", failures.row(error).http_status, headers)
