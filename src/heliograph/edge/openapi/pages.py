"""/openapi.json and /apiexplorer: the API described for programs and for people, without anything from elsewhere."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from heliograph.edge.http.address import base_url
from heliograph.edge.http.browsers import page_headers, source_hash
from heliograph.edge.openapi.document import served
from heliograph.edge.rest.own import as_json


class ApiPages:
    """The two addresses."""

    def __init__(self, version: str, *, public_url: str = "") -> None:
        self._version = version
        self._public_url = public_url

    def routes(self) -> list[Route]:
        """Both are for everyone: they tell nothing of this gateway but its version."""
        return [
            Route("/openapi.json", self.document, methods=["GET"]),
            Route("/apiexplorer", self.explorer, methods=["GET"]),
        ]

    async def document(self, request: Request) -> Response:
        """The document, with the address of the host that was asked."""
        return as_json(served(self._version, base_url(request.scope, self._public_url)))

    async def explorer(self, request: Request) -> Response:
        """The explorer."""
        page, headers = explorer_page()
        return HTMLResponse(page, headers=headers)


@cache
def explorer_page() -> tuple[str, dict[str, str]]:
    """One page with its style and script inside, and headers that let it load nothing else and ask this host alone."""
    folder = files("heliograph.edge.openapi") / "explorer"
    page, style, script = (
        (folder / f"explorer.{kind}").read_text(encoding="utf-8").strip() for kind in ("html", "css", "js")
    )
    policy = (
        f"default-src 'none'; style-src {source_hash(style)}; script-src {source_hash(script)}; "
        "connect-src 'self'; require-trusted-types-for 'script'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return page.replace("/*style*/", style).replace("/*script*/", script), page_headers(policy, cache="no-cache")
