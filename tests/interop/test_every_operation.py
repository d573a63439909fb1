"""zeep calls every operation of every agent in every version, with the WSDL that the gateway serves for it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.interop.gateway import Gateway
from zeep import Client

from heliograph.edge.contract.model import Agent
from heliograph.edge.contract.versions import VERSIONS, agents_in, every_operation
from heliograph.intake.methods import service_methods

NOT_SUPPORTED = "SuperOffice.Exceptions.SoNotSupportedException"
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
EVENT = {"NotificationEventType": "NewTicket", "Id": 5}
DEVICE = "every-operation"


def messages(gateway: Gateway) -> dict[str, Any]:
    """One that arrives and one that cannot."""
    return {"OutgoingMessage": [{"To": gateway.user["user_name"], "Content": "The lamp is lit."}, {"To": ""}]}


def device(version: int) -> dict[str, Any]:
    """A telephone, with its time zone where the version has one."""
    zone = {"TimeZoneId": 4} if version >= 88 else {}
    return {"DeviceIdentifier": DEVICE, "DeviceName": "Lamp", "PNSHandle": "t", "Platform": "Apple"} | zone


#: What each operation is asked, in the version it is asked in.
ARGUMENTS: dict[str, Callable[[Gateway, int], dict[str, Any]]] = {
    "CreateMessage": lambda gateway, _: {
        "IncomingMessage": {"To": gateway.user["email"], "From": "+4791234567", "Content": "Yes", "Plugin": "inbox"}
    },
    "GetDeliveryStatus": lambda *_: {"MessagingIds": {"int": [1, 2**31 - 1]}},
    "SetDeliveryStatus": lambda *_: {
        "Plugin": "stub",
        "ExternalMessageId": "stub",
        "Status": 3,
        "StatusDescription": "Read.",
    },
    "SendMessages": lambda gateway, _: {"Plugin": "inbox", "OutgoingMessages": messages(gateway)},
    "SendMessagesWithConfig": lambda gateway, _: {
        "Plugin": "stub",
        "OutgoingMessages": messages(gateway),
        "Config": {"StringKeyValuePair": [{"Key": "account", "Value": "7"}]},
    },
    "GetPlugins": lambda *_: {},
    "GetMyCallerIDs": lambda *_: {"LastHash": "", "MinDate": NOON, "MaxDate": NOON},
    "GetCallerIDsFromSelection": lambda *_: {"SelectionId": 1, "LastHash": ""},
    "GetPocketStartupData": lambda _, version: (
        {"Tables": {"string": ["contact"]}} | ({"CurrentClientTime": NOON} if version >= 86 else {})
    ),
    "RegisterDeviceForPushNotification": lambda _, version: {"DeviceInfo": device(version)},
    "GetRegisteredDevices": lambda gateway, _: {"AssociateId": gateway.user["associate_id"]},
    "SetPushNotificationTagsForDevice": lambda *_: {"DeviceIdentifier": DEVICE, "Tags": "webpage=0"},
    "SetPushNotificationTagsForUser": lambda *_: {"AssociateId": 0, "Tags": "webpage=0"},
    "GetPushNotificationTagsForDevice": lambda *_: {"DeviceIdentifier": DEVICE},
    "SendPushNotification": lambda gateway, _: {
        "AssociateIds": {"int": [gateway.user["associate_id"]]},
        "Message": {"Title": "Every operation", "Type": "Message", "Date": NOON, "Duration": "PT5M"},
    },
    "RunAppointmentAlarmBroker": lambda *_: {},
    "NotifyUsers": lambda *_: EVENT,
    "NotificationHandled": lambda *_: EVENT,
    "NotificationsHandled": lambda *_: {"NotificationEvents": {"NotificationEvent": [{"Type": "NewTicket", "Id": 5}]}},
    "GetSystemInfo": lambda *_: {},
    "AuthenticateImplicit": lambda *_: {},
    "AuthenticateUsernamePassword": lambda gateway, _: {
        "UserName": gateway.user["user_name"],
        "Password": gateway.user["password"],
    },
    "AuthenticateGeneric": lambda gateway, _: {
        "AuthenticationData": {
            "AuthenticationGenericDataKeyValuePair": [
                {"Key": "UserName", "Value": gateway.user["user_name"]},
                {"Key": "Password", "Value": gateway.user["password"]},
            ]
        }
    },
    "AuthenticateWithAccessToken": lambda *_: {"AccessToken": "nobody's"},
}

#: What the answer's body must say, where it says anything.
ANSWERS: dict[str, Callable[[Any], bool]] = {
    "GetDeliveryStatus": lambda body: len(body.Response.MessageDeliveryStatus) == 2,
    "SendMessages": lambda body: [each.Status for each in body.Response.MessageDeliveryStatus] == [1, 0],
    "SendMessagesWithConfig": lambda body: [each.Status for each in body.Response.MessageDeliveryStatus] == [1, 0],
    "GetPlugins": lambda body: "inbox" in [plugin.Name for plugin in body.Response.ProviderInfo],
    "GetPocketStartupData": lambda body: body.Response.NotificationsCount >= 0,
    "GetRegisteredDevices": lambda body: DEVICE in [each.DeviceIdentifier for each in body.Response.PocketDeviceInfo],
    "GetPushNotificationTagsForDevice": lambda body: "webpage=0" in body.Response,
    "GetSystemInfo": lambda body: body.SystemInfo.CompanyName == "Skerry Lights",
    "AuthenticateImplicit": lambda body: body.AuthenticationSucceeded is False,
    "AuthenticateUsernamePassword": lambda body: body.Credentials.Ticket.startswith("7T:"),
    "AuthenticateGeneric": lambda body: body.Credentials.Ticket.startswith("7T:"),
    "AuthenticateWithAccessToken": lambda body: body.AuthenticationSucceeded is False,
}


@pytest.mark.parametrize(
    ("version", "agent"),
    [
        pytest.param(version, agent, id=f"{version}-{agent.name}")
        for version in VERSIONS
        for agent in agents_in(version)
    ],
)
def test_zeep_calls_every_operation_of_a_version(gateway: Gateway, version: int, agent: Agent) -> None:
    client = Client(f"{gateway.url}/Remote/Services{version}/{agent.name}.svc?wsdl")
    headers = {} if agent.signs_in else {"_soapheaders": {"Credentials": {"Ticket": gateway.ticket}}}
    operations = agent.operations_in(version)
    if agent.name == "Messaging":  # so that SetDeliveryStatus has a message to speak of
        client.service.SendMessages("stub", messages(gateway), **headers)
    assert sorted(client.service._operations) == sorted(operation.name for operation in operations)
    for operation in operations:
        name = operation.name
        answer = client.service[name](**ARGUMENTS[name](gateway, version), **headers)
        refused = answer.header.ExceptionInfo.ExceptionType
        if name not in service_methods():
            assert (name, answer.header.Succeeded, refused) == (name, False, NOT_SUPPORTED)
            continue
        assert (name, answer.header.Succeeded, refused) == (name, True, None)
        if operation.reply:
            assert ANSWERS[name](answer.body), (name, answer.body)
        else:
            assert answer.body is None


def test_every_operation_of_the_declaration_is_called() -> None:
    assert {operation.name for _, _, operation in every_operation()} == set(ARGUMENTS)
