"""The application: which address leads where, and what is refused before any door."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from heliograph.config.settings import IdempotencySettings, LogSettings, ServerSettings, SoapSettings
from heliograph.core.people import Caller, Door
from heliograph.core.scripting import Call
from heliograph.edge.agents.endpoint import AgentsDoor
from heliograph.edge.http.access import without_secrets
from heliograph.edge.http.messages import Answer
from heliograph.edge.pages import Pages
from heliograph.edge.rest.streams import Streams
from heliograph.edge.server import Gateway
from heliograph.hooks.none import NoHooks
from heliograph.intake.applications import Applications
from heliograph.intake.once import Once
from heliograph.intake.services import Services
from heliograph.intake.zones import Zones
from heliograph.observe.tally import Tally
from heliograph.store.memory import MemoryStore
from heliograph.testing.builders import a_caller
from heliograph.testing.clock import JumpingClock
from heliograph.testing.running import KEY, Town, a_town

pytestmark = pytest.mark.anyio

SOAP = {"Content-Type": "text/xml; charset=utf-8"}
NS = "http://www.superoffice.net/ws/crm/NetServer/Services86"
SYSTEM_INFO = (
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
    f'<GetSystemInfo xmlns="{NS}"/></s:Body></s:Envelope>'
).encode()


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    """On a real port and a real file."""
    async with a_town(tmp_path) as town:
        yield town


@pytest.mark.parametrize(
    "path",
    [
        "/Remote/Services86/SoPrincipal.svc",
        "/remote/services86/soprincipal.svc",
        "/REMOTE/SERVICES86/SOPRINCIPAL.SVC",
        "/Cust1/Remote/Services86/SoPrincipal.svc",
        "/cust00001/remote/Services86/SoPrincipal.svc",
    ],
)
async def test_an_agents_address_is_read_without_regard_to_case(town: Town, path: str) -> None:
    heard = await town.ask("POST", path, SOAP, SYSTEM_INFO)
    assert heard.status == 200
    assert "<CompanyName>Lighthouse Keepers</CompanyName>" in heard.text


async def test_the_company_in_the_path_is_the_one_that_answers(town: Town) -> None:
    heard = await town.ask("POST", "/Cust2/Remote/Services86/SoPrincipal.svc", SOAP, SYSTEM_INFO)
    assert "<CompanyName>Harbour Masters</CompanyName>" in heard.text


@pytest.mark.parametrize(
    "path", ["/Remote/Services79/Pocket.svc", "/Remote/Services75/Pocket.svc", "/Remote/Services86/Nobody.svc"]
)
async def test_an_agent_that_does_not_exist_is_a_fault(town: Town, path: str) -> None:
    heard = await town.ask("POST", path, SOAP, SYSTEM_INFO)
    assert heard.status == 404
    assert "Fault>" in heard.text
    assert (await town.ask("GET", f"{path}?wsdl")).status == 404


@pytest.mark.parametrize(
    ("content_type", "namespace"),
    [
        ("text/xml", "http://schemas.xmlsoap.org/soap/envelope/"),
        ("application/soap+xml", "http://www.w3.org/2003/05/soap-envelope"),
    ],
)
async def test_a_soap_body_over_the_limit_is_413_in_the_callers_dialect(
    town: Town, content_type: str, namespace: str
) -> None:
    headers = {"Content-Type": content_type, "Content-Length": "4194305"}
    heard = await town.ask("POST", "/Remote/Services86/Pocket.svc", headers, b"<")
    assert heard.status == 413
    assert heard.headers["content-type"].startswith(content_type)
    assert namespace in heard.text
    assert "Fault>" in heard.text


async def test_a_compressed_soap_body_is_415(town: Town) -> None:
    heard = await town.ask("POST", "/Remote/Services86/Pocket.svc", {**SOAP, "Content-Encoding": "gzip"}, b"x")
    assert heard.status == 415
    assert "Fault>" in heard.text


async def test_another_verb_on_an_agent_is_refused(town: Town) -> None:
    heard = await town.ask("PUT", "/Remote/Services86/Pocket.svc", SOAP, b"x")
    assert (heard.status, heard.headers["allow"]) == (405, "GET, HEAD, POST")


@pytest.mark.parametrize("query", ["wsdl", "WSDL", "singleWsdl", "xsd=xsd0"])
async def test_an_agents_address_describes_itself(town: Town, query: str) -> None:
    heard = await town.ask("GET", f"/cust2/remote/services88/messaging.svc?{query}")
    assert heard.status == 200
    assert heard.headers["content-type"] == "text/xml; charset=utf-8"
    if query.lower() == "singlewsdl":
        assert f'location="{town.url}/Cust2/Remote/Services88/Messaging.svc"' in heard.text


async def test_an_agents_address_without_a_question_says_what_to_ask(town: Town) -> None:
    heard = await town.ask("GET", "/Remote/Services88/Messaging.svc")
    assert heard.status == 404
    assert "?wsdl" in heard.text


async def test_the_public_address_stands_in_links_where_it_is_set(tmp_path: Path) -> None:
    server = ServerSettings(port=0, public_url="https://push.example.com/")
    async with a_town(tmp_path, server=server) as town:
        heard = await town.ask("GET", "/Remote/Services88/Messaging.svc?wsdl")
    assert 'location="https://push.example.com/Remote/Services88/Messaging.svc"' in heard.text


async def test_a_host_that_is_no_plain_host_is_not_repeated(town: Town) -> None:
    heard = await town.ask("GET", "/Remote/Services88/Messaging.svc?wsdl", {"Host": "'onload=x"})
    assert heard.status in (200, 400)
    assert "onload" not in heard.text


async def test_the_front_page_links_to_contracts_that_are_there(town: Town) -> None:
    heard = await town.ask("GET", "/")
    links = re.findall(r'href="(/Remote/[^"]+)"', heard.text)
    assert len(links) > 20
    for link in links:
        assert (await town.ask("GET", link)).status == 200
    assert "<script" not in heard.text
    assert not re.search(r"(?:src|href)=.https?:", heard.text)


async def test_head_is_answered_without_a_body(town: Town) -> None:
    heard = await town.ask("HEAD", "/healthz")
    assert heard.status == 200


@pytest.mark.parametrize(("trusted", "scheme"), [(["127.0.0.1"], "https"), (["10.0.0.1"], "http"), ([], "http")])
async def test_only_a_trusted_proxy_is_believed(tmp_path: Path, trusted: list[str], scheme: str) -> None:
    async with a_town(tmp_path, server=ServerSettings(port=0, trusted_proxies=trusted)) as town:
        forwarded = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.7"}
        heard = await town.ask("GET", "/Remote/Services88/Messaging.svc?singleWsdl", forwarded)
    assert f'location="{scheme}://127.0.0.1:' in heard.text


@pytest.mark.parametrize(
    ("trusted", "forwarded", "place"),
    [
        (["127.0.0.1"], "push.example.com", "http://push.example.com"),
        (["127.0.0.0/8"], "push.example.com:8443", "http://push.example.com:8443"),
        (["*"], "push.example.com", "http://push.example.com"),
        (["127.0.0.1"], "the-clients-own.example, push.example.com", "http://push.example.com"),
        (["127.0.0.1"], '"><x/>', "http://127.0.0.1:"),
        (["10.0.0.1"], "push.example.com", "http://127.0.0.1:"),
        ([], "push.example.com", "http://127.0.0.1:"),
    ],
)
async def test_the_host_that_was_asked_is_believed_from_a_trusted_proxy(
    tmp_path: Path, trusted: list[str], forwarded: str, place: str
) -> None:
    async with a_town(tmp_path, server=ServerSettings(port=0, trusted_proxies=trusted)) as town:
        heard = await town.ask("GET", "/Remote/Services88/Messaging.svc?wsdl", {"X-Forwarded-Host": forwarded})
    assert f'location="{place}' in heard.text


class Broken:
    """A door with a bug in it, which knows a secret."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError("password=hunter2")


async def broken_health() -> dict[str, Any]:
    raise RuntimeError("password=hunter2")


async def broken_method(call: Call) -> None:
    raise RuntimeError("password=hunter2")


class Anyone:
    async def caller(self, authorization: str, door: Door, *, tenant: int | None = None) -> Caller:
        return a_caller(door=door)


class NoDryRuns:
    """Nobody asks for one."""


@pytest.fixture
async def broken() -> Gateway:
    clock = JumpingClock()
    return Gateway(
        soap=Refusing(),
        push=Broken(),  # type: ignore[arg-type]
        agents=AgentsDoor(
            Services({"GetPlugins": broken_method}, NoHooks()),
            Anyone(),  # type: ignore[arg-type]
            Applications(MemoryStore(clock).keyring, SoapSettings()),
            Once(MemoryStore(clock).replays, clock, IdempotencySettings()),
            Zones(),
            dry_runs=NoDryRuns(),  # type: ignore[arg-type]
            body_limit=1000,
        ),
        socket=Broken(),  # type: ignore[arg-type]
        routes=Pages(broken_health, "1").routes(),
        tally=Tally(),
        streams=Streams(),
        body_limit=1000,
    )


class Refusing(Broken):
    def refuse(self, headers: object, error: Exception) -> tuple[int, str, bytes, tuple[tuple[str, str], ...]]:
        return 500, "text/xml", b"<Fault/>", ()


async def call(app: Gateway, method: str, path: str) -> Answer:
    """One request straight to the application."""
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"{}", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"content-type", b"application/json"), (b"host", b"here")]
    scope = {"type": "http", "method": method, "path": path, "query_string": b"", "headers": headers}
    await app(scope, receive, send)
    start, body = sent[0], b"".join(message.get("body", b"") for message in sent[1:])
    named = tuple((name.decode(), value.decode()) for name, value in start["headers"])
    return Answer(start["status"], "", body, named)


@pytest.mark.parametrize(
    "path", ["/api/v2/push", "/api/v1/Agents/Messaging/GetPlugins", "/Remote/Services86/Pocket.svc"]
)
async def test_a_bug_is_logged_under_an_id_and_the_caller_told_the_id_alone(broken: Gateway, path: str) -> None:
    with capture_logs() as logs:
        answer = await call(broken, "POST", path)
    assert answer.status == 500
    assert b"hunter2" not in answer.body
    [entry] = [entry for entry in logs if entry["event"] == "request failed"]
    assert dict(answer.headers)["heliograph-request-id"] == entry["request_id"]


async def test_a_health_check_that_fails_is_degraded_and_tells_no_more(broken: Gateway) -> None:
    answer = await call(broken, "GET", "/healthz")
    assert (answer.status, answer.body) == (503, b'{"version":"1","status":"degraded"}')


async def test_at_debug_level_each_request_is_one_line_without_secrets(tmp_path: Path) -> None:
    async with a_town(tmp_path, log=LogSettings(level="debug")) as town:
        with capture_logs() as logs:
            await town.ask("POST", f"/api/v2/push?IntegrationKey={KEY}&CompanyId=1")
            await town.ask("POST", f"/api/v2/push?Integration%4Bey={KEY}")
    lines = [entry for entry in logs if entry["event"] == "request"]
    assert [(line["method"], line["path"], line["status"]) for line in lines] == [
        ("POST", "/api/v2/push", 400),
        ("POST", "/api/v2/push", 401),
    ]
    assert lines[0]["query"] == "IntegrationKey=(hidden)&CompanyId=1"
    assert KEY not in str(logs)


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        (b"format=json", "format=json"),
        (b"a=1&integrationkey=x%20y&b=2", "a=1&integrationkey=(hidden)&b=2"),
        (b"Ticket=7T:abc", "Ticket=(hidden)"),
        (b"%49ntegrationKey=x", "(hidden)"),
    ],
)
def test_a_query_string_is_logged_without_what_lets_somebody_in(query: bytes, shown: str) -> None:
    assert without_secrets(query) == shown


async def test_another_asgi_server_may_ask_for_lifespan_and_is_refused_a_websocket(broken: Gateway) -> None:
    asked = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]
    sent: list[str] = []

    async def receive() -> Any:
        return asked.pop(0)

    async def send(message: Any) -> None:
        sent.append(message["type"])

    await broken({"type": "lifespan"}, receive, send)
    await broken({"type": "websocket"}, receive, send)
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete", "websocket.close"]
