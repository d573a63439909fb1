"""The addresses of the inbox page: its files, its manifest, and signing in and out."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from heliograph.core.access import Scope
from heliograph.core.errors import NotAllowed, NotAuthenticated, NotFound
from heliograph.core.people import Caller, Door
from heliograph.core.ports import Directory
from heliograph.edge.http.address import by_https
from heliograph.edge.http.browsers import page_headers, refuse_other_pages
from heliograph.edge.inbox import session
from heliograph.edge.rest.bodies import json_body
from heliograph.edge.rest.own import answered, as_json, signed_in_by_cookie
from heliograph.intake.sign_in import SignIn

PATH = "/inbox"
SESSION = f"{PATH}/session"

_PAGE = "inbox.html"
#: The files of the page: their names and what they are. The worker's rights end at /inbox.
FILES = {
    "inbox.css": "text/css; charset=utf-8",
    "inbox.js": "text/javascript; charset=utf-8",
    "server.js": "text/javascript; charset=utf-8",
    "item.js": "text/javascript; charset=utf-8",
    "push.js": "text/javascript; charset=utf-8",
    "worker.js": "text/javascript; charset=utf-8",
    "manifest.webmanifest": "application/manifest+json; charset=utf-8",
    "icon.svg": "image/svg+xml; charset=utf-8",
    "icon-192.png": "image/png",
    "icon-512.png": "image/png",
    "badge.png": "image/png",
}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; manifest-src 'self'; "
    "worker-src 'self'; require-trusted-types-for 'script'; trusted-types worker; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
_HEADERS = page_headers(_POLICY, cache="no-cache")  # asked again each time, and answered 304 by the tag


class Credentials(msgspec.Struct):
    """The body of signing in; `company` is 0 for the default one, `stay` keeps the session when the browser is closed."""

    user: str
    password: str
    company: int = 0
    stay: bool = False


class InboxPages:
    """What a browser needs to show somebody the own inbox."""

    def __init__(
        self,
        sign_in: SignIn,
        directory: Directory,
        *,
        stay: float,
        push_key: str = "",
        public_url: str = "",
    ) -> None:
        """`stay` is for how many seconds people may stay signed in; `push_key` is what browsers subscribe with, empty where
        no channel reaches them."""
        self._stay = stay
        self._sign_in = sign_in
        self._directory = directory
        self._push_key = push_key
        self._public_url = public_url

    def routes(self) -> list[Route]:
        """The page, its files, and the session."""
        return [
            Route(PATH, self.page, methods=["GET"]),
            Route(SESSION, answered(self.who), methods=["GET"]),
            Route(SESSION, answered(self.begin), methods=["POST"]),
            Route(SESSION, answered(self.end), methods=["DELETE"]),
            Route(PATH + "/{file}", answered(self.file), methods=["GET"]),
        ]

    async def page(self, request: Request) -> Response:
        """The page itself: the same for everybody, it asks for the rest."""
        return _file(request, _PAGE, "text/html; charset=utf-8")

    async def file(self, request: Request) -> Response:
        """One of its files."""
        name = request.path_params["file"]
        if name not in FILES:
            raise NotFound("There is no such file.")
        return _file(request, name, FILES[name])

    async def who(self, request: Request) -> Response:
        """`{"user": {...} or null, "push": key, "stay": whether that is offered}`: whose session this is, never a failure."""
        try:
            return as_json(await self._told(await signed_in_by_cookie(request, self._sign_in, Scope.INBOX)))
        except (NotAuthenticated, NotAllowed):
            return as_json({"user": None, "push": self._push_key, "stay": bool(self._stay)})

    async def begin(self, request: Request) -> Response:
        """Sign in with name and password. 401 without saying which of them was wrong; 429 after too many."""
        refuse_other_pages(request)
        given = await json_body(request, Credentials)
        company = await self._sign_in.company(given.company or None)
        found = await self._sign_in.by_password(company.id, given.user, given.password)
        if found is None:
            raise NotAuthenticated("The user name or the password is not valid.")
        caller = await self._sign_in.by_ticket(found[1], Door.REST)
        answer = as_json(await self._told(caller))
        stay = self._stay if given.stay else 0.0
        if stay:
            await self._sign_in.keep_ticket(found[1], stay)
        session.begin(answer, found[1], secure=by_https(request.scope, self._public_url), seconds=stay)
        return answer

    async def end(self, request: Request) -> Response:
        """Sign out: the ticket ends, for whoever else may have got hold of it too."""
        refuse_other_pages(request)
        ticket = session.ticket_of(request)
        if ticket:
            await self._sign_in.end_ticket(ticket)
        answer = Response(status_code=204, headers={"cache-control": "no-store"})
        session.end(answer, secure=by_https(request.scope, self._public_url))
        return answer

    async def _told(self, caller: Caller) -> dict[str, Any]:
        user = await self._directory.user(caller.associate_id or 0)
        company = await self._directory.company(caller.company_id)
        if user is None or company is None:
            raise NotAuthenticated("An inbox belongs to a user.")
        name = user.full_name or user.user_name
        return {"user": {"name": name, "company": company.name}, "push": self._push_key, "stay": bool(self._stay)}


@cache
def _read(name: str) -> tuple[bytes, str]:
    """A file and its tag."""
    content = (files("heliograph.edge.inbox") / "site" / name).read_bytes()
    return content, f'"{hashlib.sha256(content).hexdigest()[:20]}"'


def _file(request: Request, name: str, kind: str) -> Response:
    content, tag = _read(name)
    headers = {**_HEADERS, "etag": tag}
    if name == "worker.js":
        headers["service-worker-allowed"] = PATH
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(content, headers={**headers, "content-type": kind})
