"""Calls over every door, for tests that say who calls and look at what comes back."""

from __future__ import annotations

import json
from typing import Any

from heliograph.testing.asking import Heard
from heliograph.testing.running import Town

SOAP_11 = "http://schemas.xmlsoap.org/soap/envelope/"
ARRAYS = "http://schemas.microsoft.com/2003/10/Serialization/Arrays"

PUSH = (
    "<p:SendPushNotification><p:AssociateIds><a:int>101</a:int></p:AssociateIds>"
    "<p:Message><p:Title>Fog</p:Title></p:Message></p:SendPushNotification>"
)


async def soap(
    town: Town,
    agent: str,
    inner: str,
    *,
    ticket: str = "",
    application: str = "",
    path: str = "",
    blocks: str = "",
    version: int = 88,
) -> Heard:
    """One call; `inner` uses the prefixes p (the version's own) and a (arrays)."""
    if ticket:
        blocks += f"<p:Credentials><p:Ticket>{ticket}</p:Ticket></p:Credentials>"
    if application:
        blocks = f"<p:ApplicationToken>{application}</p:ApplicationToken>{blocks}"
    namespace = f"http://www.superoffice.net/ws/crm/NetServer/Services{version}"
    envelope = (
        f'<s:Envelope xmlns:s="{SOAP_11}" xmlns:p="{namespace}" xmlns:a="{ARRAYS}"><s:Header>{blocks}</s:Header>'
        f"<s:Body>{inner}</s:Body></s:Envelope>"
    )
    address = f"{path}/Remote/Services{version}/{agent}.svc"
    return await town.ask("POST", address, {"Content-Type": "text/xml"}, envelope.encode())


async def agents(
    town: Town, address: str, body: Any = None, authorization: str = "", path: str = "", **headers: str
) -> Heard:
    """One call of a JSON agent, `Pocket/SendPushNotification` for instance."""
    named = {"Content-Type": "application/json", **{name.replace("_", "-"): value for name, value in headers.items()}}
    if authorization:
        named["Authorization"] = authorization
    raw = json.dumps({} if body is None else body).encode()
    return await town.ask("POST", f"{path}/api/v1/Agents/{address}", named, raw)


def succeeded(heard: Heard) -> bool:
    """Whether a SOAP call ran."""
    return ">true</h:Succeeded>" in heard.text


def refused_as(heard: Heard) -> str:
    """The short name of the exception of a SOAP call that was refused, or empty."""
    _, _, rest = heard.text.partition("SuperOffice.Exceptions.")
    return rest.partition("<")[0]
