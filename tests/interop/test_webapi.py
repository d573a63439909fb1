"""The JSON agents' own client, the npm package `@superoffice/webapi`, works unchanged: bare, and with the tenant in the path."""

from __future__ import annotations

import pytest
from tests.interop.clients import HERE, NODE_MODULES, Missing, program, run
from tests.interop.gateway import Gateway

TEXT = "Blåbær & <fyr> \"λ\" '灯台' 🔦 \\ &amp;"


def command() -> list[str]:
    """Raises Missing without Node.js or the package."""
    node = program("node")
    if not (NODE_MODULES / "@superoffice" / "webapi").is_dir():
        raise Missing("the npm package '@superoffice/webapi' is not installed")
    return [node, str(HERE / "webapi" / "client.js")]


@pytest.mark.parametrize("base", ["", "/Cust{company}/api"], ids=["bare", "tenant in the path"])
def test_the_npm_client_of_the_json_agents_sends_and_asks(base: str, gateway: Gateway) -> None:
    try:
        client = command()
    except Missing as missing:
        pytest.skip(f"{missing}; `make interop` installs it")
    told = run(
        client,
        {
            "STORY_BASE": gateway.url + base.format(company=1),
            "STORY_USER": gateway.user["user_name"],
            "STORY_PASSWORD": gateway.user["password"],
            "STORY_TICKET": gateway.ticket,
            "STORY_ASSOCIATE": str(gateway.user["associate_id"]),
            "STORY_TEXT": TEXT,
        },
    )
    message_id = told.pop("message_id")
    assert told == {
        "void": "true",
        "unknown": "999999",
        "statuses": "1,0",
        "configured": "1",
        "later": "1,0",
        "plugins": "inbox,webhook,stub,webpush",
        "device": "true|Google|17",
        "tags": "message=1,important=1,remoteaction=1,question=0,webpage=1,storm=1",
        "failed": "500 SoNotFoundException",
        "stranger": "401",
    }
    content = gateway.message(message_id)["content"]
    assert (content["title"], content["body"], content["url"]) == (TEXT, TEXT, "https://example.com/?a=1&b=2")
    assert (content["type"], content["silent"], content["record_id"]) == ("YesNoQuestion", True, 77)
    assert (content["date"], content["duration"]) == ("2026-11-21T12:30:00+00:00", "PT1H30M")
    assert content["data"] == {"lamp": TEXT, "lens": "2"}
