"""What every page tells browsers, and what they must prove before something is changed with their cookie."""

from __future__ import annotations

import base64
import hashlib
from urllib.parse import urlsplit

from starlette.requests import Request

from heliograph.core.errors import NotAllowed

_READING = frozenset({"GET", "HEAD"})
_ELSEWHERE = frozenset({"same-site", "cross-site"})  # of Sec-Fetch-Site


def page_headers(policy: str, *, cache: str) -> dict[str, str]:
    """The headers of a page with that Content-Security-Policy and Cache-Control: nobody frames it, guesses its type, or
    learns from it where a reader came from."""
    return {
        "content-security-policy": policy,
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "cache-control": cache,
    }


def source_hash(text: str) -> str:
    """How a Content-Security-Policy names a style or script that stands in the page."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def refuse_other_pages(request: Request) -> None:
    """Raises NotAllowed for a change that no page of this gateway asked for.

    Browsers keep the cookie from other sites (SameSite=Strict); this holds too for pages on other ports and names of
    the same site, and for browsers that do not know the attribute.
    """
    site = request.headers.get("sec-fetch-site", "")
    if request.method in _READING or site == "same-origin":
        return
    if site in _ELSEWHERE:  # whatever Origin says: it does not tell http://host from https://host here
        raise NotAllowed("Only this gateway's own page may do that with its cookie.")
    origin = urlsplit(request.headers.get("origin", ""))
    if not origin.netloc or origin.netloc.lower() != request.headers.get("host", "").lower():
        raise NotAllowed("Only this gateway's own page may do that with its cookie.")
