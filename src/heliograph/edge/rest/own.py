"""What the product's own REST endpoints share: the caller, JSON answers, ResponseStatus for every failure."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import structlog
from starlette.requests import Request
from starlette.responses import Response

from heliograph.core.access import Scope
from heliograph.core.errors import HeliographError, Malformed, NotAllowed, NotAuthenticated
from heliograph.core.people import Caller, Door
from heliograph.edge.auth import CHALLENGE, QUIET_CHALLENGE, Authenticator
from heliograph.edge.http.browsers import refuse_other_pages
from heliograph.edge.http.messages import Answer
from heliograph.edge.inbox import session
from heliograph.edge.rest.formats import CONTENT_TYPE, Format
from heliograph.edge.rest.status import failure_answer
from heliograph.intake.scopes import require
from heliograph.intake.sign_in import SignIn

Endpoint = Callable[[Request], Awaitable[Response]]

log = structlog.get_logger(__name__)


def answered(endpoint: Endpoint) -> Endpoint:
    """The endpoint, with every failure as a ResponseStatus in JSON; what is unexpected is logged and told to nobody."""

    async def safely(request: Request) -> Response:
        try:
            return await endpoint(request)
        except HeliographError as error:
            return failed(error, quiet=request.headers.get("sec-fetch-site") == "same-origin")
        except Exception as error:
            log.exception("request failed", method=request.method, path=request.url.path)
            return failed(error)

    return safely


def failed(error: Exception, *, quiet: bool = False) -> Response:
    """The failure as this family tells it. `quiet` offers no Basic, at which a browser would ask for a password itself,
    over a page of ours that can ask better."""
    offer = QUIET_CHALLENGE if quiet else CHALLENGE
    challenge = (("www-authenticate", offer),) if isinstance(error, NotAuthenticated) else ()
    return as_response(failure_answer(error, Format.JSON, headers=challenge))


def as_response(answer: Answer) -> Response:
    """An answer of the raw side for Starlette."""
    headers = {"content-type": answer.content_type, **dict(answer.headers)}
    return Response(answer.body, status_code=answer.status, headers=headers)


def as_json(content: Any, status: int = 200) -> Response:
    """A JSON answer that nobody may keep or guess the type of."""
    headers = {
        "content-type": CONTENT_TYPE[Format.JSON],
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
    }
    return Response(msgspec.json.encode(content), status_code=status, headers=headers)


async def signed_in(request: Request, authenticator: Authenticator, scope: Scope = Scope.ADMIN) -> Caller:
    """The caller of the request, whose access token, if it is one, has the scope.

    Raises NotAuthenticated, also for credentials that stand twice, and NotAllowed without the scope.

    Raises NotAllowed for what a page of another site makes a browser send: the browser adds a remembered password to it.
    """
    if request.headers.get("sec-fetch-site") == "cross-site":
        raise NotAllowed("Pages of other sites may not use this address.")
    given = request.headers.getlist("authorization")
    if len(given) > 1:
        raise NotAuthenticated("There is more than one Authorization header.")
    if not given and session.ticket_of(request):
        return await signed_in_by_cookie(request, authenticator.sign_in, scope)
    caller = await authenticator.caller(given[0] if given else "", Door.REST)
    require(caller, scope)
    return caller


async def signed_in_by_cookie(request: Request, sign_in: SignIn, scope: Scope) -> Caller:
    """The user whose browser has a session with the inbox page.

    Raises NotAuthenticated, and NotAllowed for what a session may not be used for.
    """
    refuse_other_pages(request)
    caller = session.limited(await sign_in.by_ticket(session.ticket_of(request), Door.REST))
    require(caller, scope)
    return caller


def id_in_path(request: Request) -> int | None:
    """The `id` of the path, or None when no such thing can have that name."""
    text = request.path_params["id"]
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None


def positive(request: Request, name: str, default: int | None) -> int | None:
    """A query parameter that is a positive whole number. Raises Malformed naming it."""
    text = request.query_params.get(name, "")
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= 18 and int(text) > 0):
        raise Malformed(f"{name} must be a positive whole number.")
    return int(text)
