"""What every answer of the console carries: nothing is loaded from elsewhere, nothing is framed, nothing is kept."""

from __future__ import annotations

_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)

HEADERS = {
    "content-security-policy": _POLICY,
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "x-robots-tag": "noindex",
    "cache-control": "no-store",
}

_HTTPS_ALONE = {"strict-transport-security": "max-age=31536000"}


def headers(*, secure: bool) -> dict[str, str]:
    """The headers; over HTTPS the browser is told to stay with it."""
    return HEADERS | _HTTPS_ALONE if secure else HEADERS
