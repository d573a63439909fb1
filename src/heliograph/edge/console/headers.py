"""What every answer of the console carries: nothing is loaded from elsewhere, nothing is framed, nothing is kept."""

from __future__ import annotations

from heliograph.edge.http.browsers import page_headers

_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)

HEADERS = page_headers(_POLICY, cache="no-store") | {
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "x-robots-tag": "noindex",
}

_HTTPS_ALONE = {"strict-transport-security": "max-age=31536000"}


def headers(*, secure: bool) -> dict[str, str]:
    """The headers; over HTTPS the browser is told to stay with it."""
    return HEADERS | _HTTPS_ALONE if secure else HEADERS
