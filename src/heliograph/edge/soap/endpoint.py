"""The SOAP door: one request in, one reply out, whatever the HTTP server is."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from functools import partial
from uuid import uuid4

from heliograph.config.settings import SoapErrors, SoapSettings
from heliograph.core.errors import (
    CallerError,
    HeliographError,
    NotSupported,
    Unavailable,
    UnknownOperation,
    UnknownRoute,
)
from heliograph.core.people import Caller, Door, nobody
from heliograph.edge.contract.versions import has_agent
from heliograph.edge.failures import GENERIC_SENTENCE, row
from heliograph.edge.soap.bindings import Binding, Bindings, bindings
from heliograph.edge.soap.envelope import Envelope, envelope_version, open_envelope
from heliograph.edge.soap.media import check_action, likely_soap, read_media
from heliograph.edge.soap.names import Soap
from heliograph.edge.soap.replies import SoapReply, answered, fault, wrapped
from heliograph.edge.soap.typenames import TypeNames
from heliograph.edge.soap.values import XML_SPACE
from heliograph.edge.xml import read_any_xml
from heliograph.intake.applications import Applications
from heliograph.intake.once import HEADER, Once
from heliograph.intake.services import Services
from heliograph.intake.sign_in import SignIn
from heliograph.intake.zones import Zones, place

_log = logging.getLogger(__name__)


class SoapDoor:
    """Reads requests of every agent and version, lets the services do them, and answers in kind.

    The server has taken the address apart and capped the body.
    """

    def __init__(
        self, services: Services, sign_in: SignIn, applications: Applications, once: Once, settings: SoapSettings
    ) -> None:
        self._services = services
        self._applications = applications
        self._once = once
        self._zones = Zones(settings.time_zones)
        self._message_id_is_key = settings.idempotency_from_message_id
        self._methods = services.methods
        self._sign_in = sign_in
        self._faults = settings.errors is SoapErrors.FAULT

    async def post(
        self, tenant: int | None, version: int, agent: str, headers: Mapping[str, str], body: bytes
    ) -> SoapReply:
        """Answer one request. Header names are in lower case. Raises nothing but cancellation."""
        content_type = headers.get("content-type", "")
        soap = likely_soap(content_type)
        try:
            if not has_agent(version, agent):
                raise UnknownRoute(f"There is no agent {agent[:60]!r} in version {version}.")
            media = read_media(content_type)
            root = await read_any_xml(body, media.charset)
            soap = envelope_version(root)
            bound = bindings(version, agent)
            envelope = open_envelope(root, soap, bound.headers, TypeNames(root, body))
            binding = _operation(bound, envelope)
            check_action(binding, headers.get("soapaction", ""))
            check_action(binding, media.action)
        except (CallerError, Unavailable) as error:
            return fault(soap, error)
        except Exception as error:
            return _unexpected(soap, error, f"{agent} {version}")
        key = headers.get(HEADER)
        if key is None and self._message_id_is_key:
            key = envelope.message_id or None
        return await self._run(tenant, version, binding, envelope, key)

    async def _run(
        self, tenant: int | None, version: int, binding: Binding, envelope: Envelope, key: str | None
    ) -> SoapReply:
        """From here on the operation is known, so an error can be told in its own reply."""
        soap, name = envelope.soap, binding.operation.name
        try:
            await self._applications.check(envelope.application_token.strip(XML_SPACE), binding.operation.agent)
            caller = await self._caller(tenant, binding, envelope)
            if name not in self._methods:
                raise NotSupported(f"{name} is part of the contract, but not something this gateway can do.")
            if envelope.types.large:
                arguments = await asyncio.to_thread(binding.arguments, envelope)
            else:
                arguments = binding.arguments(envelope)
            if zone := _zone_named(envelope):
                find = partial(self._zones.find, zone)
                arguments = {attr: place(value, find) for attr, value in arguments.items()}
            asked = name, Door.SOAP, soap.name, version, arguments
            reply = await self._once.answer(
                key if binding.operation.needs_ticket else None,  # whoever signs in is nobody yet, and shares no keys
                caller,
                asked,
                lambda replay: self._services.call(name, arguments, caller, replay),
                lambda result, notes: answered(soap, version, binding.reply(result), notes, envelope.time_zone),
            )
            return SoapReply(*reply)
        except (CallerError, Unavailable) as error:
            if self._faults or row(error).always_fault:
                return fault(soap, error, version=version)
            return wrapped(soap, version, binding.empty_reply, error)
        except Exception as error:
            return _unexpected(soap, error, name)

    async def _caller(self, tenant: int | None, binding: Binding, envelope: Envelope) -> Caller:
        if not binding.operation.needs_ticket:
            return Caller(company_id=tenant, door=Door.SOAP) if tenant else nobody(Door.SOAP)
        return await self._sign_in.by_ticket(envelope.ticket, Door.SOAP, tenant=tenant)

    def refuse(self, headers: Mapping[str, str], error: HeliographError) -> SoapReply:
        """The Fault for what the server refuses before the body is read: too large, no such address."""
        return fault(likely_soap(headers.get("content-type", "")), error)


def _zone_named(envelope: Envelope) -> str:
    """Location code or id of the TimeZone header; empty when it is absent or names none."""
    asked = envelope.time_zone
    if asked is None:
        return ""
    return asked.so_time_zone_location_code.strip(XML_SPACE) or str(asked.so_time_zone_id or "")


def _operation(bound: Bindings, envelope: Envelope) -> Binding:
    tag = str(envelope.payload.tag)
    binding = bound.by_tag.get(tag)
    if binding is None:
        raise UnknownOperation(f"{tag[:200]} is not an operation of {bound.agent} in version {bound.version}.")
    return binding


def _unexpected(soap: Soap, error: Exception, what: str) -> SoapReply:
    """Ours, and not the caller's to know: the log has it under the id the caller is given."""
    error_id = uuid4().hex
    _log.error("soap call failed unexpectedly: %s, error id %s", what, error_id, exc_info=error)
    return fault(soap, error, words=f"{GENERIC_SENTENCE} Error id: {error_id}.")
