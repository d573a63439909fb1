"""The rendered schemas are whole, and every reply is valid by the schema of its own version."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from lxml import etree

from heliograph.core.errors import InvalidArgument
from heliograph.core.people import Platform
from heliograph.edge.contract.model import Agent, Operation
from heliograph.edge.contract.versions import VERSIONS, agents_in, every_operation
from heliograph.edge.soap.bindings import bindings
from heliograph.edge.soap.names import Soap
from heliograph.edge.soap.replies import SoapReply, answered, fault, wrapped
from heliograph.edge.soap.schema import Schemas
from heliograph.edge.soap.values import write_moment
from heliograph.intake.carriers import (
    Authentication,
    MessageDeliveryStatus,
    PocketDeviceInfo,
    PocketStartupData,
    ProviderInfo,
    SoCredentials,
    SoPrincipalCarrier,
    SoSystemInfoCarrier,
)

EVERY_ADDRESS = [(version, agent.name) for version in VERSIONS for agent in agents_in(version)]

STATUSES = [
    MessageDeliveryStatus(status=1, status_description="Queued: <stored>", messaging_id=7),
    MessageDeliveryStatus(status=0, status_description="plain", messaging_id=2**31 - 1),
]
SIGNED_IN = Authentication(
    response=SoPrincipalCarrier(associate="ida", associate_id=101),
    credentials=SoCredentials(ticket="7T:x"),
    authentication_succeeded=True,
)
#: One result for each operation that this gateway can answer; the others answer nothing but errors.
RESULTS: dict[str, Any] = {
    "SendMessages": STATUSES,
    "SendMessagesWithConfig": STATUSES[:1],
    "GetDeliveryStatus": [],
    "GetPlugins": [ProviderInfo(name="inbox", supported_messaging_formats=["text/plain", ""])],
    "GetRegisteredDevices": [PocketDeviceInfo(platform=Platform.APPLE_AD_HOC, time_zone_id=4)],
    "GetPushNotificationTagsForDevice": "message=1",
    "GetPocketStartupData": PocketStartupData(notifications_count=3, is_push_notification_enabled=True),
    "GetSystemInfo": SoSystemInfoCarrier(company_name="Lighthouse Keepers", company_id=7, product_version="1.0"),
    "AuthenticateImplicit": Authentication(),
    "AuthenticateUsernamePassword": SIGNED_IN,
    "AuthenticateGeneric": SIGNED_IN,
    "AuthenticateWithAccessToken": SIGNED_IN,
}
UNANSWERED = {"GetMyCallerIDs", "GetCallerIDsFromSelection"}


@cache
def schema(version: int, agent: str) -> etree.XMLSchema:
    """The contract's schema, compiled by libxml2 from the parts that are served."""
    schemas = Schemas(version, agent)
    with TemporaryDirectory() as folder:
        for number in range(len(schemas.families)):
            part = schemas.render(number, lambda other: f"xsd{other}.xsd")
            (Path(folder) / f"xsd{number}.xsd").write_bytes(etree.tostring(part))
        return etree.XMLSchema(etree.parse(Path(folder) / "xsd0.xsd"))


def check(reply: SoapReply, version: int, agent: str) -> None:
    """Every header block and the body's element, each by the schema."""
    envelope = etree.fromstring(reply.body)
    elements = [child for part in envelope for child in part]
    assert elements
    for element in elements:
        alone = etree.fromstring(etree.tostring(element))
        compiled = schema(version, agent)
        assert compiled.validate(alone), (etree.tostring(alone), compiled.error_log)


@pytest.mark.parametrize(("version", "agent"), EVERY_ADDRESS)
def test_the_schemas_compile(version: int, agent: str) -> None:
    assert schema(version, agent) is not None


@pytest.mark.parametrize("soap", Soap)
@pytest.mark.parametrize(
    ("version", "agent", "operation"), every_operation(), ids=lambda each: getattr(each, "name", str(each))
)
def test_every_reply_is_valid_in_every_version(version: int, agent: Agent, operation: Operation, soap: Soap) -> None:
    bound = bindings(version, agent.name)
    binding = bound.by_tag[f"{{{bound.namespace}}}{operation.name}"]
    check(wrapped(soap, version, binding.empty_reply, InvalidArgument("No <such> thing.")), version, agent.name)
    if operation.name in UNANSWERED:
        return
    result = RESULTS.get(operation.name)
    assert (result is None) == (not operation.reply)
    check(answered(soap, version, binding.reply(result), {"MessageId": "7", "a<b": "&"}), version, agent.name)
    if len(operation.reply) == 1:
        check(answered(soap, version, binding.reply(None), {}), version, agent.name)


def test_an_invalid_reply_would_be_noticed() -> None:
    broken = answered(Soap.V11, 86, '<GetPluginsResponse xmlns="urn:x"/>', {})
    with pytest.raises(AssertionError):
        check(broken, 86, "Messaging")


def test_the_detail_of_a_fault_is_valid_too() -> None:
    envelope = etree.fromstring(fault(Soap.V12, InvalidArgument("No."), version=88).body)
    [detail] = envelope.iter("{*}SoExceptionInfo")
    assert schema(88, "Pocket").validate(etree.fromstring(etree.tostring(detail)))


def test_a_moment_is_written_as_the_schema_wants_it() -> None:
    moment = datetime(2026, 11, 21, 12, tzinfo=UTC)
    document = (
        f'<GetPocketStartupData xmlns="{bindings(88, "Pocket").namespace}">'
        f"<CurrentClientTime>{write_moment(moment)}</CurrentClientTime></GetPocketStartupData>"
    )
    assert schema(88, "Pocket").validate(etree.fromstring(document))
