"""zeep, a SOAP client nobody here wrote, against the door: with the WSDL it serves and with the reference one."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from requests import Response
from tests.edge.soap.desk import TICKET, Desk
from zeep import Client
from zeep.transports import Transport

from heliograph.core.message import PushType
from heliograph.edge.soap.wsdl import document

REFERENCE = Path(__file__).resolve().parents[4] / "shared" / "contract" / "wsdl"
CREDENTIALS = {"Credentials": {"Ticket": TICKET}, "ApplicationToken": "token", "TimeZone": {"SoTimeZoneId": 4}}


class Wire(Transport):  # type: ignore[misc]
    """Carries zeep's requests to the door without a socket, and serves the rendered WSDL in its parts."""

    def __init__(self, desk: Desk, version: int, agent: str) -> None:
        super().__init__()
        self._desk, self._version, self._agent = desk, version, agent

    def load(self, url: str) -> bytes:
        base, _, query = url.partition("?")
        if not base.startswith("http://door"):
            return Path(url).read_bytes()
        return document(self._version, self._agent, query, base)

    def post(self, address: str, message: bytes, headers: dict[str, str]) -> Response:
        lower = {name.lower(): value for name, value in headers.items()}
        reply = asyncio.run(self._desk.door.post(None, self._version, self._agent, lower, message))
        response = Response()
        response.status_code = reply.status
        response.headers["Content-Type"] = reply.content_type
        response._content = reply.body
        return response


def served(desk: Desk, version: int, agent: str) -> str:
    return f"http://door/Remote/Services{version}/{agent}.svc?wsdl"


def reference(desk: Desk, version: int, agent: str) -> str:
    path = REFERENCE / f"Services{version}-{agent}.wsdl"
    if not path.exists():
        pytest.skip("the reference WSDLs are not beside this clone")
    return str(path)


@pytest.fixture(params=[served, reference], ids=["served", "reference"])
def connect(request: pytest.FixtureRequest, desk: Desk) -> Any:
    """Makes a client of one agent in one version, from the WSDL of the parameter."""

    def client(version: int, agent: str) -> Client:
        return Client(request.param(desk, version, agent), transport=Wire(desk, version, agent))

    return client


@pytest.mark.parametrize("version", [83, 86, 88])
def test_send_push_notification(desk: Desk, connect: Any, version: int) -> None:
    client = connect(version, "Pocket")
    answer = client.service.SendPushNotification(
        AssociateIds={"int": [101, 102]},
        Message={
            "Title": "Lamp & lens",
            "Type": "YesNoQuestion",
            "TimeToLive": 90,
            "Date": datetime(2026, 11, 21, 12, tzinfo=UTC),
            "Duration": timedelta(minutes=90),
            "ExtraValues": {"StringKeyValuePair": [{"Key": "lamp", "Value": "<on>"}]},
        },
        _soapheaders=CREDENTIALS,
    )
    assert answer.header.Succeeded is True
    assert answer.header.ExtraInfo.ExtraInfoNameValuePair[0].Key == "MessageId"
    assert desk.last["associate_ids"] == [101, 102]
    message = desk.last["message"]
    assert message.title == "Lamp & lens"
    assert message.type is PushType.QUESTION
    assert message.time_to_live == 90
    assert message.date == datetime(2026, 11, 21, 12, tzinfo=UTC)
    assert message.duration == timedelta(minutes=90)
    assert message.extra_values == {"lamp": "<on>"}


@pytest.mark.parametrize("version", [83, 86, 88])
def test_send_messages_with_and_without_config(desk: Desk, connect: Any, version: int) -> None:
    client = connect(version, "Messaging")
    messages = {"OutgoingMessage": [{"To": "ida", "Content": "The lamp is lit."}, {"To": ""}]}
    plain = client.service.SendMessages("inbox", messages, _soapheaders=CREDENTIALS)
    assert [status.Status for status in plain.body.Response.MessageDeliveryStatus] == [1, 0]
    config = {"StringKeyValuePair": [{"Key": "sender", "Value": "x"}]}
    with_config = client.service.SendMessagesWithConfig("inbox", messages, config, _soapheaders=CREDENTIALS)
    assert with_config.header.Succeeded is True
    assert desk.last["config"] == {"sender": "x"}
    assert [message.to for message in desk.last["outgoing_messages"]] == ["ida", ""]


def test_get_delivery_status_and_plugins(desk: Desk, connect: Any) -> None:
    client = connect(86, "Messaging")
    statuses = client.service.GetDeliveryStatus({"int": [5, 6]}, _soapheaders=CREDENTIALS)
    assert [each.MessagingId for each in statuses.body.Response.MessageDeliveryStatus] == [5, 6]
    plugins = client.service.GetPlugins(_soapheaders=CREDENTIALS)
    [plugin] = plugins.body.Response.ProviderInfo
    assert (plugin.Name, plugin.SupportedMessagingFormats.string) == ("inbox", ["text/plain"])


@pytest.mark.parametrize("version", [83, 88])
def test_signing_in_gives_a_ticket_and_a_principal(connect: Any, version: int) -> None:
    client = connect(version, "SoPrincipal")
    answer = client.service.AuthenticateUsernamePassword("ida", "beacon")
    assert answer.body.AuthenticationSucceeded is True
    assert answer.body.Credentials.Ticket == TICKET
    assert (answer.body.Response.AssociateId, answer.body.Response.FullName) == (101, "Ida Lewis")
    refused = client.service.AuthenticateUsernamePassword("ida", "wrong")
    assert refused.header.Succeeded is True
    assert refused.body.AuthenticationSucceeded is False
    assert refused.body.Credentials.Ticket is None  # zeep reads a nil carrier as an empty one


def test_system_info(connect: Any) -> None:
    info = connect(88, "SoPrincipal").service.GetSystemInfo().body.SystemInfo
    assert (info.CompanyName, info.CompanyId, info.License.SerialNr) == ("Lighthouse Keepers", 7, None)


@pytest.mark.parametrize(("version", "zone"), [(86, None), (88, 4)])
def test_devices_have_a_time_zone_from_version_88_on(connect: Any, version: int, zone: int | None) -> None:
    answer = connect(version, "Pocket").service.GetRegisteredDevices(0, _soapheaders=CREDENTIALS)
    [device] = answer.body.Response.PocketDeviceInfo
    assert device.DeviceName == "Lamp & <lens>"
    assert getattr(device, "TimeZoneId", None) == zone


def test_a_failed_call_is_read_as_a_reply_with_its_exception_info(connect: Any) -> None:
    answer = connect(86, "Messaging").service.SendMessages("pigeon", None, _soapheaders=CREDENTIALS)
    assert answer.header.Succeeded is False
    assert answer.header.ExceptionInfo.ExceptionType == "SuperOffice.Exceptions.SoNotFoundException"
    assert answer.body.Response.MessageDeliveryStatus == []


@pytest.mark.parametrize("version", [75, 80, 81, 82, 84, 85, 87])
def test_versions_without_a_reference_are_usable_too(desk: Desk, version: int) -> None:
    url = served(desk, version, "Messaging")
    client = Client(url, transport=Wire(desk, version, "Messaging"))
    answer = client.service.SendMessages("inbox", {"OutgoingMessage": [{"To": "ida"}]}, _soapheaders=CREDENTIALS)
    assert answer.body.Response.MessageDeliveryStatus[0].Status == 1
    assert hasattr(client.service, "SendMessagesWithConfig") == (version >= 82)
