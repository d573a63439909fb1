"""Every client tells the same story, with the WSDL that the gateway serves and with the reference one."""

from __future__ import annotations

from pathlib import Path

import pytest
from _pytest.mark.structures import ParameterSet
from tests.interop.clients import CLIENTS, ROOT, Missing, SoapClient, run
from tests.interop.gateway import Gateway

REFERENCE = ROOT.parent / "shared" / "contract" / "wsdl"
#: Letters beyond Latin 1 and beyond the first plane, quotes, and everything XML gives a meaning to.
TEXT = "Blåbær & <fyr> \"λ\" '灯台' 🔦 ]]>"


def story(gateway: Gateway, source: str, device: str, version: int) -> dict[str, str]:
    """What the client is told, as its environment. The location is said only where the WSDL names another host."""
    told = {
        "STORY_USER": gateway.user["user_name"],
        "STORY_PASSWORD": gateway.user["password"],
        "STORY_ASSOCIATE": str(gateway.user["associate_id"]),
        "STORY_DEVICE": device,
        "STORY_TEXT": TEXT,
        "STORY_NAMESPACE": f"http://www.superoffice.net/ws/crm/NetServer/Services{version}",
    }
    for agent in ("SoPrincipal", "Messaging", "Pocket"):
        location = f"{gateway.url}/Remote/Services{version}/{agent}.svc"
        if source == "served":
            told[f"STORY_WSDL_{agent.upper()}"] = f"{location}?wsdl"
            continue
        wsdl = REFERENCE / f"Services{version}-{agent}.wsdl"
        if not wsdl.exists():
            pytest.skip("the reference WSDLs are not beside this clone")
        told |= {f"STORY_WSDL_{agent.upper()}": str(wsdl), f"STORY_LOCATION_{agent.upper()}": location}
    return told


def cases() -> list[ParameterSet]:
    """Every client with every version it is tried with."""
    return [
        pytest.param(
            client, version, id=f"{client.name}-{version}", marks=[pytest.mark.slow] if client.needs_a_build else []
        )
        for client in CLIENTS
        for version in client.versions
    ]


@pytest.mark.parametrize("source", ["served", "reference"])
@pytest.mark.parametrize(("client", "version"), cases())
def test_a_client_nobody_here_wrote_signs_in_sends_and_asks(
    client: SoapClient, version: int, source: str, gateway: Gateway, tmp_path: Path
) -> None:
    device = f"{client.name}-{version}-{source}"
    told_to_it = story(gateway, source, device, version) | client.told
    try:
        command = client.prepare(told_to_it, tmp_path)
    except Missing as missing:
        pytest.skip(f"{missing}; `make interop` installs it")
    told = run(command, told_to_it)
    message_id = told.pop("message_id")
    assert told == {
        "company": "Skerry Lights",
        "refused": "false",
        "signed_in": "true",
        "associate_id": str(gateway.user["associate_id"]),
        "full_name": "Anna Lund",
        "succeeded": "true",
        "statuses": "1,0",
        "configured": "1",
        "later": "1,0",
        "plugins": "inbox,webhook,stub,webpush",
        "device": f"{TEXT}|Google",
        "failed": "false",
        "exception": "SuperOffice.Exceptions.SoNotFoundException",
    }
    content = gateway.message(message_id)["content"]
    assert (content["title"], content["body"]) == (TEXT, f"{TEXT}\nsecond line")
    assert (content["url"], content["type"]) == ("https://example.com/?a=1&b=2", "YesNoQuestion")
    assert (content["silent"], content["record_id"]) == (True, 77)
    assert (content["date"], content["duration"]) == ("2026-11-21T12:30:00+00:00", "PT1H30M")
    assert content["data"] == {"lamp": TEXT, "lens": "2"}
