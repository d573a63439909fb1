"""The story of the interop tests, told by zeep."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import Any

from zeep import Client

TEXT = os.environ["STORY_TEXT"]
ME = int(os.environ["STORY_ASSOCIATE"])


def connect(agent: str) -> Any:
    client = Client(os.environ[f"STORY_WSDL_{agent.upper()}"])
    location = os.environ.get(f"STORY_LOCATION_{agent.upper()}")
    if location is None:
        return client.service
    [binding] = client.wsdl.bindings
    return client.create_service(binding, location)


def tell(name: str, value: object) -> None:
    print(f"{name}={value}")


def statuses(answer: Any) -> str:
    return ",".join(str(each.Status) for each in answer.body.Response.MessageDeliveryStatus)


principal, messaging, pocket = connect("SoPrincipal"), connect("Messaging"), connect("Pocket")

tell("company", principal.GetSystemInfo().body.SystemInfo.CompanyName)
refused = principal.AuthenticateUsernamePassword(os.environ["STORY_USER"], "not the password")
tell("refused", str(refused.body.AuthenticationSucceeded).lower())
signed_in = principal.AuthenticateUsernamePassword(os.environ["STORY_USER"], os.environ["STORY_PASSWORD"])
tell("signed_in", str(signed_in.body.AuthenticationSucceeded).lower())
tell("associate_id", signed_in.body.Response.AssociateId)
tell("full_name", signed_in.body.Response.FullName)
headers = {"Credentials": {"Ticket": signed_in.body.Credentials.Ticket}}

pushed = pocket.SendPushNotification(
    AssociateIds={"int": [ME]},
    Message={
        "Title": TEXT,
        "Message": f"{TEXT}\nsecond line",
        "Url": "https://example.com/?a=1&b=2",
        "Silent": True,
        "Type": "YesNoQuestion",
        "TimeToLive": 90,
        "RecordId": 77,
        "Date": datetime(2026, 11, 21, 12, 30, tzinfo=UTC),
        "Duration": timedelta(hours=1, minutes=30),
        "ExtraValues": {"StringKeyValuePair": [{"Key": "lamp", "Value": TEXT}, {"Key": "lens", "Value": "2"}]},
    },
    _soapheaders=headers,
)
tell("succeeded", str(pushed.header.Succeeded).lower())
tell("message_id", pushed.header.ExtraInfo.ExtraInfoNameValuePair[0].Value)

to = os.environ["STORY_USER"]
messages = {"OutgoingMessage": [{"From": TEXT, "To": to, "Content": TEXT}, {"To": "", "Content": "to nobody"}]}
sent = messaging.SendMessages("inbox", messages, _soapheaders=headers)
tell("statuses", statuses(sent))
config = {"StringKeyValuePair": [{"Key": "account", "Value": TEXT}]}
one = {"OutgoingMessage": [{"From": "", "To": "someone", "Content": TEXT}]}
tell("configured", statuses(messaging.SendMessagesWithConfig("stub", one, config, _soapheaders=headers)))
ids = [each.MessagingId for each in sent.body.Response.MessageDeliveryStatus]
tell("later", statuses(messaging.GetDeliveryStatus({"int": ids}, _soapheaders=headers)))
plugins = messaging.GetPlugins(_soapheaders=headers).body.Response.ProviderInfo
tell("plugins", ",".join(plugin.Name for plugin in plugins))

device = {"DeviceIdentifier": os.environ["STORY_DEVICE"], "DeviceName": TEXT, "PNSHandle": "t", "Platform": "Google"}
pocket.RegisterDeviceForPushNotification(device, _soapheaders=headers)
devices = pocket.GetRegisteredDevices(ME, _soapheaders=headers).body.Response.PocketDeviceInfo
[mine] = [each for each in devices if each.DeviceIdentifier == os.environ["STORY_DEVICE"]]
tell("device", f"{mine.DeviceName}|{mine.Platform}")

failed = messaging.SendMessages("pigeon", messages, _soapheaders=headers)
tell("failed", str(failed.header.Succeeded).lower())
tell("exception", failed.header.ExceptionInfo.ExceptionType)
