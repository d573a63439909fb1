"""A browser's session with the inbox page: a ticket in a cookie that scripts cannot read and other sites cannot use."""

from __future__ import annotations

from msgspec.structs import replace
from starlette.requests import Request
from starlette.responses import Response

from heliograph.core import base64url
from heliograph.core.access import Scope
from heliograph.core.people import Caller

COOKIE = "heliograph-inbox"
#: What a session may be used for: a page that somebody left open must not become a way to all that its user may do.
ALLOWED = frozenset({Scope.INBOX, Scope.DEVICES})

_LONGEST = 512  # characters of a cookie; ours have about 150


def ticket_of(request: Request) -> str:
    """The ticket in the cookie; empty when there is none that could be one."""
    value = request.cookies.get(COOKIE, "")
    if not value or len(value) > _LONGEST:
        return ""
    try:
        return base64url.decode(value).decode("ascii")
    except ValueError:
        return ""


def limited(caller: Caller) -> Caller:
    """The same caller, who may look after the own inbox and devices and no more, nor more than the ticket allowed."""
    return replace(caller, administrator=False, scopes=frozenset(scope for scope in ALLOWED if caller.may(scope)))


def begin(response: Response, ticket: str, *, secure: bool, seconds: float = 0.0) -> None:
    """Give the browser its cookie, for so many seconds, or until it is closed; `secure` where the page came by HTTPS."""
    value = base64url.encode(ticket.encode("ascii"))
    response.set_cookie(COOKIE, value, max_age=int(seconds) or None, httponly=True, samesite="strict", secure=secure)


def end(response: Response, *, secure: bool) -> None:
    """Take the cookie back."""
    response.delete_cookie(COOKIE, httponly=True, samesite="strict", secure=secure)
