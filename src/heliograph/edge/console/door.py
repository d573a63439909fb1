"""The way into every page of the console: who is it, is the form ours, what went wrong."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from functools import cache
from importlib.resources import files
from urllib.parse import parse_qs

import structlog
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from heliograph.config.settings import ConsoleReach, Settings
from heliograph.core.errors import HeliographError, Malformed, NotAllowed, NotAuthenticated, TooMany
from heliograph.core.operators import Operator
from heliograph.core.ports import Clock
from heliograph.edge import failures
from heliograph.edge.console import session, sign_in
from heliograph.edge.console.frame import ROOT, Look, brand, page, whole
from heliograph.edge.console.headers import headers
from heliograph.edge.console.said import sentence
from heliograph.edge.http.address import by_https
from heliograph.edge.http.browsers import refuse_other_pages
from heliograph.edge.http.messages import read_body
from heliograph.edge.markup import tag
from heliograph.intake.desk import Desk
from heliograph.intake.operators import Operators

FORM_LIMIT = 64 * 1024  # bytes
_FIELDS = 1000  # of a form
_WATCHING = "x-heliograph-watching"  # a page that fetches itself again says so

Form = Mapping[str, list[str]]
Show = Callable[[Request, Look], Awaitable[str]]
Press = Callable[[Request, Look, Form], Awaitable[str]]  # the address to go on to
Within = Callable[[Request, Look], Awaitable[Response]]

log = structlog.get_logger(__name__)


class Door:
    """Opens pages to operators and to nobody else."""

    def __init__(self, desk: Desk, operators: Operators, settings: Settings, clock: Clock) -> None:
        self._desk = desk
        self._operators = operators
        self._settings = settings
        self._public_url = settings.server.public_url
        self.clock = clock

    def shown(self, show: Show) -> Callable[[Request], Awaitable[Response]]:
        """A page; without a sign-in the page to sign in with."""

        async def answer(request: Request, look: Look) -> Response:
            return self._page(request, await show(request, look))

        return self._opened(answer, "A console page failed.")

    def pressed(self, press: Press) -> Callable[[Request], Awaitable[Response]]:
        """A button: done if a form of this very session asks for it, and told in the log."""

        async def answer(request: Request, look: Look) -> Response:
            form = await _form(request)
            session.must_be_ours(request, self._text(request), first(form, "token"))
            onwards = await press(request, look, form)
            _audit(request, look.operator)
            return self._redirect(request, onwards)

        return self._opened(answer, "A console button failed.")

    def _opened(self, within: Within, bug: str) -> Callable[[Request], Awaitable[Response]]:
        """For an operator who is signed in; whatever fails is a page that says so."""

        async def answer(request: Request) -> Response:
            try:
                look = await self._look(request)
            except NotAuthenticated as error:
                return await self._sign_in_page(request, refused=self._ended(request, error), status=401)
            try:
                return await within(request, look)
            except HeliographError as error:
                return self._trouble(request, look, error)
            except Exception as error:
                log.exception(bug, action="console_bug", path=request.url.path)
                return self._trouble(request, look, error)

        return answer

    async def _look(self, request: Request) -> Look:
        text = self._text(request)
        operator = await self._operators.by_session(text, watching=_WATCHING in request.headers)
        return Look(
            operator=operator,
            token=session.form_token(text),
            now=self.clock.now(),
            assets=assets(),
            said=sentence(request.query_params),
        )

    def _text(self, request: Request) -> str:
        return session.session_text(request, self._public_url)

    def _ended(self, request: Request, error: NotAuthenticated) -> str:
        """Why one has to sign in (again); nothing to somebody who has just come."""
        return error.detail if self._text(request) else ""

    # ------------------------------------------------------------------- signing in and out

    async def entrance(self, request: Request) -> Response:
        """The page to sign in with."""
        return await self._sign_in_page(request, after=request.query_params.get("after", ""))

    async def enter(self, request: Request) -> Response:
        """A password or a code was given."""
        form: Form = {}
        try:
            form = await _form(request)
            refuse_other_pages(request)
            if not self._private(request):
                raise NotAllowed("The console is not opened over plain HTTP from another machine.")
            operator, text = await self._who(form)
        except HeliographError as error:
            status = failures.row(error).http_status
            after, told = first(form, "after"), failures.told(error)
            refusal = await self._sign_in_page(request, refused=told, status=status, after=after)
            if isinstance(error, TooMany):
                refusal.headers["retry-after"] = str(failures.retry_after(error) or 1)
            return refusal
        log.info("An operator signed in.", action="console_sign_in", session_id=operator.session_id,
                 associate_id=operator.associate_id)  # fmt: skip
        response = self._redirect(request, session.below(first(form, "after")))
        over_https = by_https(request.scope, self._public_url)
        session.begin(response, text, lifetime=self._settings.console.lifetime, over_https=over_https)
        return response

    async def _who(self, form: Form) -> tuple[Operator, str]:
        if code := first(form, "code"):
            return await self._operators.by_code(code[:200])
        company = first(form, "company").strip()
        if company and not (company.isascii() and company.isdigit() and len(company) < 10):
            raise Malformed("A company number is a whole number.")
        tenant = int(company) if company else None
        return await self._operators.by_password(tenant, first(form, "user_name").strip(), first(form, "password"))

    async def leave(self, request: Request, look: Look, form: Form) -> str:
        """The session ends."""
        await self._operators.sign_out(look.operator)
        return f"{ROOT}/sign-in"

    async def _sign_in_page(
        self, request: Request, *, refused: str = "", status: int = 200, after: str = ""
    ) -> HTMLResponse:
        if not after and request.method == "GET" and not request.url.path.endswith("/sign-in"):
            after = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        everyone = Operator(name="", session_id=0)
        text = sign_in.render(
            assets(),
            after=session.below(after),
            refused=refused,
            several=len(await self._desk.companies(everyone)) > 1,
            allowed=self._private(request),
            passwords=self._settings.console.administrators is not ConsoleReach.OFF,
        )
        return self._page(request, text, status)

    def _private(self, request: Request) -> bool:
        return self._settings.console.plain_http or session.private(request, self._public_url)

    # ------------------------------------------------------------------- answers

    def _page(self, request: Request, text: str, status: int = 200) -> HTMLResponse:
        return HTMLResponse(text, status, headers=self._headers(request))

    def _redirect(self, request: Request, onwards: str) -> Response:
        return RedirectResponse(onwards, 303, headers=self._headers(request))

    def _headers(self, request: Request) -> dict[str, str]:
        return headers(secure=by_https(request.scope, self._public_url))

    def _trouble(self, request: Request, look: Look, error: Exception) -> Response:
        status = failures.row(error).http_status
        back = tag("p", tag("a", "To the overview", href=ROOT))
        told = tag("p", failures.told(error), class_="notice bad", role="alert")
        return self._page(request, page(look, "none", "That did not work", told, back), status)

    async def asset(self, request: Request) -> Response:
        """The style or the script."""
        name = request.url.path.rpartition("/")[2]
        kinds = {"console.css": "text/css; charset=utf-8", "console.js": "text/javascript; charset=utf-8"}
        told = self._headers(request) | {"content-type": kinds[name], "cache-control": "public, max-age=86400"}
        return Response(_site()[name], headers=told)


def lost(assets_key: str) -> str:
    """The page for an address below the console that is none."""
    body = tag("main", brand(), tag("h1", "Not found"), tag("p", tag("a", "To the console", href=ROOT)), class_="door")
    return whole("Not found - Heliograph", assets_key, body)


def first(form: Form, name: str) -> str:
    """A field of a form; empty when it is not there."""
    return form.get(name, [""])[0]


async def _form(request: Request) -> Form:
    """The fields. Raises Malformed, TooLarge."""
    body = await read_body(request.receive, FORM_LIMIT)
    try:
        return parse_qs(body.decode("utf-8"), keep_blank_values=True, max_num_fields=_FIELDS)
    except ValueError:
        raise Malformed("The form cannot be read.") from None


def _audit(request: Request, operator: Operator) -> None:
    numbers = {f"{name}_id": value for name, value in request.path_params.items() if str(value).isdigit()}
    log.info(
        "An operator pressed a button.",
        action="console_pressed",
        route=request.url.path,
        session_id=operator.session_id,
        associate_id=operator.associate_id,
        company_id=operator.company_id,
        **numbers,
    )


@cache
def _site() -> dict[str, bytes]:
    folder = files("heliograph.edge.console") / "site"
    return {name: (folder / name).read_bytes() for name in ("console.css", "console.js")}


@cache
def assets() -> str:
    """Changes with every change of the style or script, so that browsers do not keep old ones."""
    return hashlib.sha256(b"".join(_site().values())).hexdigest()[:12]
