"""The door of the JSON agents: one request in, one answer out, whatever the HTTP server is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any

from heliograph.core.errors import HeliographError, NotAuthenticated, NotSupported, UnknownRoute
from heliograph.core.people import Caller, Door, nobody
from heliograph.edge import dry_run
from heliograph.edge.agents.answers import answered, failed
from heliograph.edge.agents.bindings import Binding, arguments, bindings
from heliograph.edge.agents.describe import description
from heliograph.edge.agents.media import media_of, select, wanted
from heliograph.edge.auth import Authenticator
from heliograph.edge.http.messages import Answer, check_head
from heliograph.intake.applications import Applications
from heliograph.intake.dry_run import DryRuns
from heliograph.intake.once import HEADER, Once, Reply
from heliograph.intake.services import Services
from heliograph.intake.zones import Zones, place

ReadBody = Callable[[int], Awaitable[bytes]]  # at most that many bytes, else TooLarge


class AgentsDoor:
    """`POST /api/v1/Agents/{Agent}/{Method}` and what a GET there tells. Names arrive in lower case."""

    def __init__(
        self,
        services: Services,
        authenticator: Authenticator,
        applications: Applications,
        once: Once,
        zones: Zones,
        *,
        dry_runs: DryRuns,
        body_limit: int,
    ) -> None:
        self._services = services
        self._dry_runs = dry_runs
        self._applications = applications
        self._once = once
        self._methods = services.methods
        self._authenticator = authenticator
        self._zones = zones
        self._body_limit = body_limit

    def describe(self, agent: str, method: str, headers: Mapping[str, str]) -> Answer:
        """What is at that address."""
        try:
            return description(agent, method)
        except UnknownRoute as error:
            return self.refuse(headers, error)

    async def post(
        self,
        tenant: int | None,
        agent: str,
        method: str,
        headers: Mapping[str, str],
        credentials: Sequence[str],
        query: bytes,
        read_body: ReadBody,
    ) -> Answer:
        """One call. `credentials` are the values of all Authorization headers; who calls is settled before the body is read."""
        format = wanted(headers.get("accept", ""))
        try:
            binding = bindings().get((agent, method))
            if binding is None:
                raise UnknownRoute(f"There is no method {agent[:40]}/{method[:60]}.")
            check_head(headers, self._body_limit)
            media, names = media_of(headers.get("content-type", "")), select(query)
            await self._applications.check(headers.get("so-apptoken", "").strip(), binding.operation.agent)
            caller = await self._caller(tenant, binding, headers, credentials)
            body = await read_body(self._body_limit)
            name = binding.operation.name
            if name not in self._methods:
                raise NotSupported(f"{name} is part of the contract, but not something this gateway can do.")
            given = await arguments(binding, media, body)
            if zone := headers.get("so-timezone", "").partition(",")[0].strip():
                find = partial(self._zones.find, zone)
                given = {attr: place(value, find) for attr, value in given.items()}
            if dry_run.asked(query):
                return dry_run.answer(await self._dry_runs.run(name, given, caller))

            def render(result: Any, notes: dict[str, str]) -> Reply:
                answer = answered(binding, result, notes, format, names)
                return answer.status, answer.content_type, answer.body, answer.headers

            reply = await self._once.answer(
                headers.get(HEADER) if binding.operation.needs_ticket else None,
                caller,
                (name, Door.AGENTS, format.name, sorted(names), given),
                lambda replay: self._services.call(name, given, caller, replay),
                render,
            )
            return Answer(*reply)
        except HeliographError as error:
            return failed(error, format)

    async def _caller(
        self, tenant: int | None, binding: Binding, headers: Mapping[str, str], credentials: Sequence[str]
    ) -> Caller:
        if headers.get("sec-fetch-site") == "cross-site":  # the browser adds a remembered password to it
            raise NotAuthenticated("Pages of other sites may not use this address.")
        if not binding.operation.needs_ticket:
            return Caller(company_id=tenant, door=Door.AGENTS) if tenant else nobody(Door.AGENTS)
        if len(credentials) > 1:
            raise NotAuthenticated("There is more than one Authorization header.")
        return await self._authenticator.caller(credentials[0] if credentials else "", Door.AGENTS, tenant=tenant)

    def refuse(self, headers: Mapping[str, str], error: BaseException, *beside: tuple[str, str]) -> Answer:
        """The answer for what fails outside of a call."""
        return failed(error, wanted(headers.get("accept", "")), *beside)
