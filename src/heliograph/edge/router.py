"""The addresses that are not hot: a small router, and the answer at those that are none."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from heliograph.core.errors import UnknownRoute
from heliograph.edge.http.messages import ASGI
from heliograph.edge.pages import not_found
from heliograph.edge.rest.formats import wanted_format
from heliograph.edge.rest.own import as_response
from heliograph.edge.rest.status import failure_answer


def router(routes: list[Route]) -> ASGI:
    """An application of these routes."""
    handlers = {HTTPException: _no_such_route}
    app = Starlette(routes=routes, exception_handlers=handlers)  # type: ignore[arg-type]
    app.router.redirect_slashes = False  # a wrong address is told, not guessed at
    return app


async def _no_such_route(request: Request, error: HTTPException) -> Response:
    """An address or verb that is none: 405 within the API (contract rest-push, section 2), 404 elsewhere."""
    allow = (error.headers or {}).get("Allow", "")
    if request.url.path.lower().startswith("/api/"):
        accept = request.headers.get("accept", "")
        format = wanted_format(request.scope["query_string"], accept, request.headers.get("content-type", ""))
        return as_response(failure_answer(UnknownRoute(allow=allow), format))
    if error.status_code == 405:
        headers = {"allow": allow, "x-content-type-options": "nosniff"}
        return PlainTextResponse("This address does not take that verb.\n", 405, headers)
    return not_found()
