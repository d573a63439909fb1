"""The siblings over HTTP: who calls, parameters through the binding tables, answers in JSON or XML."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from heliograph.config.settings import RestSettings
from heliograph.core.errors import (
    Conflict,
    FieldError,
    HeliographError,
    InvalidArgument,
    MissingArgument,
    NotAllowed,
    NotAuthenticated,
)
from heliograph.core.people import Caller, Door
from heliograph.core.ports import Directory
from heliograph.edge.auth import CHALLENGE, Authenticator
from heliograph.edge.http.messages import Answer, check_head, header_map, read_body
from heliograph.edge.rest.binding import bind_to
from heliograph.edge.rest.family.answers import success
from heliograph.edge.rest.family.endpoint import Endpoint
from heliograph.edge.rest.family.endpoints import ENDPOINTS
from heliograph.edge.rest.family.groups import Groups
from heliograph.edge.rest.family.users import Users
from heliograph.edge.rest.family.webhooks import Webhooks
from heliograph.edge.rest.formats import Format, Media, media_of, wanted_format
from heliograph.edge.rest.own import as_response, signed_in
from heliograph.edge.rest.status import ERROR_RESPONSE, failure_answer
from heliograph.intake.groups import GroupService
from heliograph.intake.roster import RosterService
from heliograph.intake.sign_in import SignIn
from heliograph.intake.webhooks import WebhookService

LIMIT = 256 * 1024  # bytes of a body: a group of some thousand users

Method = Callable[[Caller, dict[str, Any]], Awaitable[dict[str, Any]]]

#: What the fields of an error are called on the wire.
_WIRE_NAMES = {
    "user_name": "Email",
    "email": "Email",
    "external_id": "ExternalId",
    "first_name": "FirstName",
    "last_name": "LastName",
    "full_name": "FirstName",
    "time_zone": "TimeZone",
    "country": "Country",
    "password": "Password",
    "role": "WebsiteRole",
    "name": "Name",
}
_TAKEN = {"user name": "Email", "group name": "Name", "external id": "ExternalId"}

log = structlog.get_logger(__name__)


class FamilyApi:
    """Every endpoint of the table."""

    def __init__(
        self,
        sign_in: SignIn,
        authenticator: Authenticator,
        roster: RosterService,
        groups: GroupService,
        webhooks: WebhookService,
        directory: Directory,
        settings: RestSettings,
    ) -> None:
        self._sign_in = sign_in
        self._authenticator = authenticator
        self._require_xmlns_i = settings.require_xmlns_i
        self._manage_by_key = settings.manage_by_key
        doers = (Users(roster, groups, directory), Groups(groups), Webhooks(webhooks))
        self._methods: dict[str, Method] = {
            endpoint.name: next(getattr(doer, endpoint.name) for doer in doers if hasattr(doer, endpoint.name))
            for endpoint in ENDPOINTS
        }

    def routes(self) -> list[Route]:
        """Address by address; a verb that is not here is a 405 that names those that are."""
        by_path: dict[str, dict[str, Endpoint]] = {}
        for each in ENDPOINTS:
            by_path.setdefault(each.path, {})[each.verb] = each
        return [Route(path, self._answering(verbs), methods=list(verbs)) for path, verbs in by_path.items()]

    def _answering(self, verbs: dict[str, Endpoint]) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            endpoint = verbs.get(request.method) or verbs["GET"]  # the verb that is not in the table is HEAD
            return as_response(await self._answer(endpoint, request))

        return answer

    async def _answer(self, endpoint: Endpoint, request: Request) -> Answer:
        headers, query = header_map(request.scope), request.scope["query_string"]
        format = wanted_format(query, headers.get("accept", ""), headers.get("content-type", ""))
        root = ERROR_RESPONSE
        try:
            given = await self._given(endpoint, request, headers, query)
            root = endpoint.response
            caller = await self._caller(request, given)
            _check(endpoint, given)
            return success(await self._methods[endpoint.name](caller, given), format, root)
        except HeliographError as error:
            return _failed(error, format, root)
        except Exception as error:
            log.exception("request failed", method=request.method, path=request.url.path)
            return _failed(error, format, root)

    async def _given(
        self, endpoint: Endpoint, request: Request, headers: dict[str, str], query: bytes
    ) -> dict[str, Any]:
        """The parameters: of the body and the query string, or of the query string alone."""
        body, media = b"", Media(Format.JSON)
        if endpoint.in_body:
            check_head(headers, LIMIT)
            media = media_of(headers.get("content-type", ""))
            body = await read_body(request.receive, LIMIT)
        return await bind_to(endpoint.table, media, body, query, require_xmlns_i=self._require_xmlns_i)

    async def _caller(self, request: Request, given: dict[str, Any]) -> Caller:
        """The company's key, or whoever signed in. Raises NotAuthenticated, and NotAllowed where the key may only push."""
        company_id, key = given.pop("company_id", 0), given.pop("integration_key", "")
        if key:
            caller = await self._sign_in.by_key(company_id, key, Door.REST)
            if not self._manage_by_key:
                raise NotAllowed("Here the integration key may only push: sign in as an administrator.")
            return caller
        if "authorization" not in request.headers:
            raise NotAuthenticated("CompanyId and IntegrationKey are required.")
        caller = await signed_in(request, self._authenticator)
        if company_id not in (0, caller.company_id):
            raise NotAuthenticated("CompanyId is another company than the caller's.")
        return caller


def _check(endpoint: Endpoint, given: dict[str, Any]) -> None:
    """Raises MissingArgument for all absent parameters at once."""
    absent = [name for name in endpoint.required if not given.get(endpoint.table.by_name[name].member)]
    if absent:
        fields = tuple(FieldError(name, MissingArgument.field_code, f"{name} is required.") for name in absent)
        raise MissingArgument(fields[0].message, fields=fields)


def _failed(error: Exception, format: Format, root: str) -> Answer:
    challenge = (("www-authenticate", CHALLENGE),) if isinstance(error, NotAuthenticated) else ()
    return failure_answer(_as_the_family_says(error), format, root=root, headers=challenge)


def _as_the_family_says(error: Exception) -> Exception:
    """Fields by their names on the wire; what is taken is a parameter that cannot be (400), as the family has no 409."""
    if isinstance(error, Conflict):
        field = next((name for words, name in _TAKEN.items() if words in error.detail), "")
        return InvalidArgument(f"{field} is taken." if field else error.detail, field=field)
    if isinstance(error, InvalidArgument) and any(each.field in _WIRE_NAMES for each in error.fields):
        fields = tuple(FieldError(_wire(each.field), each.code, _reworded(each)) for each in error.fields)
        told = InvalidArgument(" ".join(each.message for each in fields), fields=fields)
        return told if not isinstance(error, MissingArgument) else MissingArgument(told.detail, fields=fields)
    return error


def _wire(field: str) -> str:
    return _WIRE_NAMES.get(field, field)


def _reworded(each: FieldError) -> str:
    return each.message.replace(each.field, _wire(each.field), 1)
