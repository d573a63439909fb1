"""The API document is valid, leaves no address out, and tells the truth about real answers."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from heliograph.edge.agents.bindings import bindings
from heliograph.edge.openapi.document import document
from heliograph.edge.rest.fields import FIELDS
from heliograph.edge.rest.streams import Streams
from heliograph.testing.running import KEY, PASSWORD, Town, a_town

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    """One event loop for all cases."""
    return "asyncio"


@pytest.fixture(scope="module")
async def town(tmp_path_factory: pytest.TempPathFactory, anyio_backend: str) -> AsyncIterator[Town]:
    """One gateway for all cases."""
    folder: Path = tmp_path_factory.mktemp("openapi")
    async with a_town(folder) as town:
        yield town


async def served(town: Town) -> dict[str, Any]:
    heard = await town.ask("GET", "/openapi.json")
    assert heard.status == 200
    told: dict[str, Any] = json.loads(heard.body)
    return told


async def test_it_keeps_to_openapi_3_1_and_names_the_host_that_was_asked(town: Town) -> None:
    told = await served(town)
    OpenAPIV31SpecValidator(told).validate()
    assert told["servers"] == [{"url": town.url}]


async def test_no_two_operations_have_one_name() -> None:
    names = [each["operationId"] for verbs in document("1")["paths"].values() for each in verbs.values()]
    assert len(names) == len(set(names))


async def test_every_address_of_the_api_is_in_it(town: Town) -> None:
    """The routes themselves are asked, and the agents' declaration; what is not in the document fails here."""
    paths = document("1")["paths"]
    missing = [
        f"{method} {route.path}"
        for route in town.app.gateway(Streams()).routes
        if route.path.startswith("/api/")
        for method in (route.methods or set()) - {"HEAD"}
        if method.lower() not in paths.get(re.sub(r":\w+}", "}", route.path), {})
    ]
    assert missing == []
    for binding in bindings().values():
        assert f"/api/v1/Agents/{binding.operation.agent}/{binding.operation.name}" in paths


async def test_every_parameter_of_a_push_is_in_it() -> None:
    told = document("1")["components"]["schemas"]["Push"]["properties"]
    assert list(told) == [field.name for field in FIELDS]


CALLS: list[tuple[str, str, str, Any]] = [
    ("/api/v1/Agents/SoPrincipal/AuthenticateUsernamePassword", "POST", "", {"UserName": "keeper101", "Password": PASSWORD}),
    ("/api/v1/Agents/SoPrincipal/GetSystemInfo", "POST", "", None),
    ("/api/v1/Agents/Messaging/SendMessages", "POST", "", {"Plugin": "inbox", "OutgoingMessages": [{"To": "keeper101"}]}),

    ("/api/v1/Agents/Messaging/SendMessages", "POST", "", {"Plugin": "pigeon"}),
    ("/api/v1/Agents/Messaging/SendMessages", "POST", "", {"Plugin": []}),
    ("/api/v1/Agents/Messaging/GetDeliveryStatus", "POST", "", {"MessagingIds": [1, 999]}),
    ("/api/v1/Agents/Messaging/GetPlugins", "POST", "", None),
    ("/api/v1/Agents/Pocket/SendPushNotification", "POST", "", {"AssociateIds": [101], "Message": {"Title": "Lamp"}}),
    ("/api/v1/Agents/Pocket/GetPocketStartupData", "POST", "", {}),
    ("/api/v1/Agents/Pocket/GetRegisteredDevices", "POST", "", {"AssociateId": 101}),
    ("/api/v2/push", "POST", "?format=json", {"Title": "a", "Body": "b", "UserEmail": "keeper101@example.com", "CompanyId": 1, "IntegrationKey": KEY}),
    ("/api/v2/push", "POST", "?format=json", {"Title": "a", "CompanyId": 1, "IntegrationKey": KEY}),
    ("/api/v2/push", "POST", "?format=json", {}),
    ("/api/v2/inbox", "GET", "", None),
    ("/api/v2/inbox", "GET", "?limit=x", None),
    ("/api/v2/inbox/unread", "GET", "", None),
    ("/api/v2/device", "POST", "", {"platform": "Google", "token": "t", "identifier": "d"}),
    ("/api/v2/device", "GET", "", None),
    ("/api/v2/user", "POST", "?format=json", {"FirstName": "a", "LastName": "b", "Email": "c@example.com", "CompanyId": 1, "IntegrationKey": KEY}),
    ("/api/v2/user", "POST", "?format=json", {"FirstName": "a"}),
    ("/api/v2/user", "GET", f"?format=json&Email=keeper101@example.com&CompanyId=1&IntegrationKey={KEY}", None),
    ("/api/v2/user/search", "GET", f"?format=json&Name=keeper&CompanyId=1&IntegrationKey={KEY}", None),
    ("/api/v2/usergroup", "POST", "?format=json", {"Name": "Night watch", "CompanyId": 1, "IntegrationKey": KEY}),
    ("/api/v2/usergroup", "DELETE", f"?format=json&Name=day&CompanyId=1&IntegrationKey={KEY}", None),
    ("/api/v2/company", "GET", f"?format=json&CompanyId=1&IntegrationKey={KEY}", None),
    ("/api/v2/company", "GET", "?format=json", None),
    ("/api/v2/messages/1", "GET", "", None),
    ("/api/v2/messages/999999", "GET", "", None),
    ("/healthz", "GET", "", None),
]  # fmt: skip


@pytest.mark.parametrize(("path", "method", "query", "body"), CALLS)
async def test_a_real_answer_is_what_the_document_says(
    path: str, method: str, query: str, body: Any, town: Town
) -> None:
    told = await served(town)
    headers = {"Authorization": f"SOTicket {town.ticket}", "Content-Type": "application/json"}
    heard = await town.ask(method, path + query, headers, b"" if body is None else json.dumps(body).encode())
    operation = told["paths"][re.sub(r"/\d+$", "/{id}", path)][method.lower()]
    answer = operation["responses"][str(heard.status)]
    if "content" not in answer:
        assert heard.body == b""
        return
    schema = answer["content"]["application/json"]["schema"]
    Draft202012Validator(schema | {"components": told["components"]}).validate(json.loads(heard.body))
