"""The browser's side of a sign-in: a cookie that scripts cannot read, and a token that other pages do not know."""

from __future__ import annotations

import hmac
import re

from starlette.requests import Request
from starlette.responses import Response

from heliograph.core.errors import NotAllowed
from heliograph.edge.console.frame import ROOT
from heliograph.edge.http.address import by_https, loopback
from heliograph.edge.http.browsers import refuse_other_pages
from heliograph.intake.sign_in import secret_hash

_NAME = "heliograph-console"
_LONGEST = 200  # characters of a cookie; ours have 43
_BELOW = re.compile(re.escape(ROOT) + r"(?:/[a-z0-9/-]*)?(?:\?[A-Za-z0-9=&%+._:-]*)?", re.ASCII)


def private(request: Request, public_url: str) -> bool:
    """Whether nobody on the way can read along: HTTPS, or the browser is on this machine."""
    return by_https(request.scope, public_url) or loopback(request.url.hostname or "")


def session_text(request: Request, public_url: str) -> str:
    """What the browser holds; empty when that is nothing of ours.

    By HTTPS only what was given by HTTPS: the other name could be set by whoever answers in our place by plain HTTP.
    """
    text = request.cookies.get(f"__Secure-{_NAME}" if by_https(request.scope, public_url) else _NAME, "")
    return text if len(text) <= _LONGEST else ""


def form_token(text: str) -> str:
    """What every form of this session carries. Whoever knows it cannot work out the session from it."""
    return secret_hash(f"form of {text}").hex()[:40]


def must_be_ours(request: Request, text: str, given: str) -> None:
    """Raises NotAllowed for a change that no form of this session asked for."""
    refuse_other_pages(request)
    if not hmac.compare_digest(form_token(text).encode(), given.encode("utf-8", "replace")):
        raise NotAllowed("This form is not of your present sign-in: go back, load the page again, and try again.")


def begin(response: Response, text: str, *, lifetime: float, over_https: bool) -> None:
    """Give the browser its cookie."""
    response.set_cookie(
        f"__Secure-{_NAME}" if over_https else _NAME,
        text,
        max_age=int(lifetime),
        path=ROOT,
        secure=over_https,
        httponly=True,
        samesite="strict",
    )


def below(address: str) -> str:
    """The address if it is one of the console's own, else the first page: nobody is sent elsewhere."""
    return address if _BELOW.fullmatch(address) and "//" not in address else ROOT
