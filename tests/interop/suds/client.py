"""The story of the interop tests, told by suds-community."""

from __future__ import annotations

import os
from typing import Any

from suds.client import Client
from suds.sudsobject import Object

TEXT = os.environ["STORY_TEXT"]
ME = int(os.environ["STORY_ASSOCIATE"])


def connect(agent: str) -> Client:
    wsdl = os.environ[f"STORY_WSDL_{agent.upper()}"]
    location = os.environ.get(f"STORY_LOCATION_{agent.upper()}")
    url = wsdl if "://" in wsdl else f"file://{wsdl}"
    return Client(url, location=location) if location else Client(url)


def tell(name: str, value: object) -> None:
    print(f"{name}={value}")


def made(client: Client, type: str, **members: Any) -> Object:
    """An object of this type of the contract's."""
    thing = client.factory.create(f"{{{os.environ['STORY_NAMESPACE']}}}{type}")
    for name, value in members.items():
        setattr(thing, name, value)
    return thing


def statuses(answer: Any) -> str:
    return ",".join(str(each.Status) for each in answer.MessageDeliveryStatus)


def header(client: Client, *path: str) -> str:
    """The text of a header block of the last reply, found by its path."""
    found = client.last_received().getChild("Envelope").getChild("Header")
    for name in path:
        found = found.getChild(name)
    return str(found.getText())


principal, messaging, pocket = connect("SoPrincipal"), connect("Messaging"), connect("Pocket")

tell("company", principal.service.GetSystemInfo().CompanyName)
refused = principal.service.AuthenticateUsernamePassword(os.environ["STORY_USER"], "not the password")
tell("refused", str(refused.AuthenticationSucceeded).lower())
signed_in = principal.service.AuthenticateUsernamePassword(os.environ["STORY_USER"], os.environ["STORY_PASSWORD"])
tell("signed_in", str(signed_in.AuthenticationSucceeded).lower())
tell("associate_id", signed_in.Response.AssociateId)
tell("full_name", signed_in.Response.FullName)
for client in (messaging, pocket):
    client.set_options(soapheaders={"Credentials": {"Ticket": signed_in.Credentials.Ticket}})

extra = {"StringKeyValuePair": [{"Key": "lamp", "Value": TEXT}, {"Key": "lens", "Value": "2"}]}
message = made(
    pocket,
    "PocketNotificationMessage",
    Title=TEXT,
    Message=f"{TEXT}\nsecond line",
    Url="https://example.com/?a=1&b=2",
    Silent=True,
    Type="YesNoQuestion",
    TimeToLive=90,
    RecordId=77,
    Date="2026-11-21T12:30:00Z",
    Duration="PT1H30M",
    ExtraValues=extra,
)
pocket.service.SendPushNotification({"int": [ME]}, message)
tell("succeeded", header(pocket, "Succeeded"))
tell("message_id", header(pocket, "ExtraInfo", "ExtraInfoNameValuePair", "Value"))

messages = {
    "OutgoingMessage": [
        made(messaging, "OutgoingMessage", From=TEXT, To=os.environ["STORY_USER"], Content=TEXT),
        made(messaging, "OutgoingMessage", To="", Content="to nobody"),
    ]
}
sent = messaging.service.SendMessages("inbox", messages)
tell("statuses", statuses(sent))
config = {"StringKeyValuePair": [{"Key": "account", "Value": TEXT}]}
one = {"OutgoingMessage": [made(messaging, "OutgoingMessage", To="someone", Content=TEXT)]}
tell("configured", statuses(messaging.service.SendMessagesWithConfig("stub", one, config)))
ids = [each.MessagingId for each in sent.MessageDeliveryStatus]
tell("later", statuses(messaging.service.GetDeliveryStatus({"int": ids})))
tell("plugins", ",".join(plugin.Name for plugin in messaging.service.GetPlugins().ProviderInfo))

device = {"DeviceIdentifier": os.environ["STORY_DEVICE"], "DeviceName": TEXT, "PNSHandle": "t", "Platform": "Google"}
pocket.service.RegisterDeviceForPushNotification(device)
devices = pocket.service.GetRegisteredDevices(ME).PocketDeviceInfo
[mine] = [each for each in devices if each.DeviceIdentifier == os.environ["STORY_DEVICE"]]
tell("device", f"{mine.DeviceName}|{mine.Platform}")

messaging.service.SendMessages("pigeon", messages)
tell("failed", header(messaging, "Succeeded"))
tell("exception", header(messaging, "ExceptionInfo", "ExceptionType"))
