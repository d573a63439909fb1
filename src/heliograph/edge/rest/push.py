"""POST /api/v2/push: a push to one user, by a company's integration key.

Contract: rest-push, sections 1 to 6 and 9.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

from msgspec.structs import replace

from heliograph.config.settings import RestSettings
from heliograph.core.errors import (
    FieldError,
    HeliographError,
    InvalidArgument,
    MissingArgument,
    NotAuthenticated,
    UnknownRecipient,
)
from heliograph.core.people import Caller, Door, User
from heliograph.core.ports import Call, Directory
from heliograph.core.replay import Replaying
from heliograph.edge import dry_run
from heliograph.edge.http.messages import Answer, check_head
from heliograph.edge.rest.binding import bind
from heliograph.edge.rest.fields import PushRequest
from heliograph.edge.rest.formats import CONTENT_TYPE, Format, media_of, wanted_format
from heliograph.edge.rest.status import ERROR_RESPONSE, PUSH_RESPONSE, failure_answer, success_body
from heliograph.intake.carriers import PocketNotificationMessage
from heliograph.intake.dry_run import DryRuns
from heliograph.intake.once import HEADER, Once, Reply
from heliograph.intake.services import Services
from heliograph.intake.sign_in import SignIn

MESSAGE_ID = "heliograph-message-id"
_METHOD = "SendPushNotification"
_IDENTIFIER = "UserId, UserEmail or UserExternalId is required."

ReadBody = Callable[[int], Awaitable[bytes]]  # at most that many bytes, else TooLarge


class PushDoor:
    """The one endpoint of the push family."""

    def __init__(
        self,
        services: Services,
        sign_in: SignIn,
        once: Once,
        directory: Directory,
        settings: RestSettings,
        *,
        dry_runs: DryRuns,
        body_limit: int,
    ) -> None:
        self._services = services
        self._dry_runs = dry_runs
        self._once = once
        self._sign_in = sign_in
        self._directory = directory
        self._require_xmlns_i = settings.require_xmlns_i
        self._body_limit = body_limit

    async def post(self, headers: Mapping[str, str], query: bytes, read_body: ReadBody) -> Answer:
        """One request to its answer; every failure is an answer as well."""
        content_type = headers.get("content-type", "")
        format = wanted_format(query, headers.get("accept", ""), content_type)
        root = ERROR_RESPONSE
        try:
            check_head(headers, self._body_limit)
            media = media_of(content_type)
            body = await read_body(self._body_limit)
            request = await bind(media, body, query, require_xmlns_i=self._require_xmlns_i)
            root = PUSH_RESPONSE
            if dry_run.asked(query):
                return await self._dry_run(request)
            return await self._answer(request, format, headers.get(HEADER))
        except HeliographError as error:
            return failure_answer(error, format, root=root)

    async def _answer(self, request: PushRequest, format: Format, idempotency_key: str | None) -> Answer:
        """The key of the company is checked before anything is told, of users or of an earlier request."""
        caller = await self._authenticate(request)

        def render(result: None, notes: dict[str, str]) -> Reply:
            return 200, CONTENT_TYPE[format], success_body(format), ((MESSAGE_ID, notes.get("MessageId", "")),)

        asked = (_METHOD, Door.REST, format.name, replace(request, integration_key=""))
        send = partial(self._push, caller, request)
        return Answer(*await self._once.answer(idempotency_key, caller, asked, send, render))

    async def _dry_run(self, request: PushRequest) -> Answer:
        caller = await self._authenticate(request)
        return dry_run.answer(await self._dry_runs.run(_METHOD, await self._arguments(caller, request), caller))

    async def _push(self, caller: Caller, request: PushRequest, replay: Replaying | None) -> Call:
        """Accept it."""
        return await self._services.call(_METHOD, await self._arguments(caller, request), caller, replay)

    async def _arguments(self, caller: Caller, request: PushRequest) -> dict[str, Any]:
        """What the service method takes. Raises MissingArgument, InvalidArgument and UnknownRecipient."""
        _check(request)
        user = await self._recipient(caller, request)
        message = PocketNotificationMessage(
            title=request.title,
            message=request.body,
            silent=not request.sound,
            expiry_seconds=request.expiry_secs,
        )
        return {"associate_ids": [user.associate_id], "message": message}

    async def _authenticate(self, request: PushRequest) -> Caller:
        if not request.company_id or not request.integration_key:
            raise NotAuthenticated("CompanyId and IntegrationKey are required.")
        return await self._sign_in.by_key(request.company_id, request.integration_key, Door.REST)

    async def _recipient(self, caller: Caller, request: PushRequest) -> User:
        """The one user whom every given identifier names.

        Raises UnknownRecipient with one text for a user who is not there and for one of another company.
        """
        company, directory = caller.company_id, self._directory
        found: User | None = None
        for field, given, look_up in (
            ("UserId", _plain_id(request.user_id), directory.user_by_id),
            ("UserEmail", request.user_email, directory.user_by_email),
            ("UserExternalId", request.user_external_id, directory.user_by_external_id),
        ):
            if not given:
                continue
            user = await look_up(company, given)
            if user is None:
                raise UnknownRecipient(f"{field} names no user of this company.", field=field)
            if found is not None and user.associate_id != found.associate_id:
                raise InvalidArgument(f"{field} names another user than the identifier before it.", field=field)
            if not user.active:
                raise InvalidArgument("The user is not active.", field=field)
            found = user
        if found is None:
            raise MissingArgument(_IDENTIFIER, field="UserId")
        return found


def _check(request: PushRequest) -> None:
    """All absent parameters at once, then the values that cannot be."""
    absent = []
    if not (request.user_id or request.user_email or request.user_external_id):
        absent.append(("UserId", _IDENTIFIER))
    if not request.title.strip():
        absent.append(("Title", "Title is required."))
    if not request.body.strip():
        absent.append(("Body", "Body is required."))
    if absent:
        fields = tuple(FieldError(name, MissingArgument.field_code, sentence) for name, sentence in absent)
        raise MissingArgument(absent[0][1], fields=fields)
    if request.expiry_secs < 0:
        raise InvalidArgument("ExpirySecs must not be negative.", field="ExpirySecs")


def _plain_id(user_id: str) -> str:
    """A GUID as it is stored: 32 hex digits in lower case, without dashes and braces."""
    return user_id.strip("{}").replace("-", "").lower()
