"""How a browser may have come, and whether that is by HTTPS: every page that gives out a cookie is asked the same."""

from __future__ import annotations

_PUBLIC = "https://push.coast.example"
_ITS_HOST = {"Host": "push.coast.example"}
_BY_PLAIN_HTTP, _BY_HTTPS = {"X-Forwarded-Proto": "http"}, {"X-Forwarded-Proto": "https"}
_PROXY = ["127.0.0.1"]

#: Settings of the server, headers of the request, and the answer.
WAYS = [
    ({}, {}, False),
    ({}, _BY_HTTPS, False),  # anybody can say so
    ({"trusted_proxies": ["10.0.0.1"]}, _BY_HTTPS, False),
    ({"trusted_proxies": _PROXY}, _BY_HTTPS, True),
    ({"trusted_proxies": _PROXY}, _BY_PLAIN_HTTP, False),
    ({"public_url": _PUBLIC}, _ITS_HOST, True),  # a proxy that tells nothing, but keeps the host
    ({"public_url": _PUBLIC}, {"Host": "push.coast.example:443"}, True),
    ({"public_url": _PUBLIC}, _ITS_HOST | _BY_PLAIN_HTTP, True),  # not trusted, so not heard
    ({"public_url": _PUBLIC}, {}, False),  # past the proxy
    ({"public_url": _PUBLIC, "trusted_proxies": _PROXY}, _ITS_HOST | _BY_PLAIN_HTTP, False),
    ({"public_url": "http://push.coast.example", "trusted_proxies": _PROXY}, _ITS_HOST | _BY_HTTPS, True),
]
