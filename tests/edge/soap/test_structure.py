"""What an envelope may look like, and what it may not: bodies, headers, actions, media types."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from tests.edge.soap.desk import COMPANY, TICKET, Desk
from tests.edge.soap.envelopes import CREDENTIALS, S11, S12, Told, body, call, contract, header, push, wrap

from heliograph.config.settings import SoapErrors
from heliograph.core.errors import TooLarge, Unavailable
from heliograph.core.people import nobody
from heliograph.edge.contract.versions import AGENTS
from heliograph.edge.soap.names import action

pytestmark = pytest.mark.anyio

PLUGINS = "<n:GetPlugins/>"
SIGNED = header(CREDENTIALS)
WSA = "http://www.w3.org/2005/08/addressing"

Refused = Callable[..., Awaitable[Told]]


@pytest.fixture
def refused(desk: Desk) -> Refused:
    """Posts, and holds that the answer is a Fault and that nothing was done."""

    async def post(envelope: bytes | str, **how: str) -> Told:
        told = Told(await desk.post(envelope, **how))  # type: ignore[arg-type]
        assert told.fault is not None
        assert desk.calls == []
        return told

    return post


@pytest.mark.parametrize("soap", [S11, S12])
@pytest.mark.parametrize("content_type", ["text/xml", "application/xml", "application/soap+xml; charset=UTF-8"])
async def test_both_envelopes_are_read_under_every_media_type_and_answered_in_kind(
    desk: Desk, soap: str, content_type: str
) -> None:
    reply = await desk.post(call("GetPlugins", soap=soap), content_type=content_type)
    assert reply.status == 200
    assert Told(reply).root.tag == f"{{{soap}}}Envelope"
    assert reply.content_type.startswith("text/xml" if soap == S11 else "application/soap+xml")


@pytest.mark.parametrize("soap", [S11, S12])
async def test_credentials_are_read_from_the_header_or_beside_the_body(desk: Desk, soap: str) -> None:
    for envelope in (wrap(SIGNED, body(PLUGINS), soap=soap), wrap(CREDENTIALS, body(PLUGINS), soap=soap)):
        assert Told(await desk.post(envelope)).text("Name") == "inbox"
    assert [each.caller.associate_id for each in desk.calls] == [101, 101]


@pytest.mark.parametrize(
    "envelope",
    [
        wrap(CREDENTIALS, SIGNED, body(PLUGINS)),
        wrap(CREDENTIALS, CREDENTIALS, body(PLUGINS)),
        wrap(header(CREDENTIALS, CREDENTIALS), body(PLUGINS)),
        wrap(
            header(f"<n:Credentials><n:Ticket>a</n:Ticket><n:Ticket>{TICKET}</n:Ticket></n:Credentials>"), body(PLUGINS)
        ),
        wrap(SIGNED, header("<n:ApplicationToken>a</n:ApplicationToken><n:ApplicationToken>b</n:ApplicationToken>")),
    ],
)
async def test_credentials_that_stand_twice_are_never_guessed_at(envelope: str, refused: Refused) -> None:
    await refused(envelope)


async def test_credentials_wrapped_deeper_are_not_seen(desk: Desk) -> None:
    wrapped = f"<y:Wrapper xmlns:y='urn:y'>{CREDENTIALS}</y:Wrapper>"
    assert Told(await desk.post(wrap(header(wrapped), body(PLUGINS)))).wrapped == "SoSessionException"
    inside = f"<n:GetPlugins>{CREDENTIALS}</n:GetPlugins>"
    assert Told(await desk.post(wrap(body(inside)))).wrapped == "SoSessionException"
    assert desk.calls == []


@pytest.mark.parametrize(
    "envelope",
    [
        pytest.param(wrap(SIGNED), id="no body"),
        pytest.param(wrap(SIGNED, body(PLUGINS), body(PLUGINS)), id="two bodies"),
        pytest.param(wrap(SIGNED, SIGNED, body(PLUGINS)), id="two headers"),
        pytest.param(wrap(body(PLUGINS), SIGNED), id="header after body"),
        pytest.param(wrap(body(PLUGINS), CREDENTIALS), id="credentials after body"),
        pytest.param(wrap(SIGNED, body(PLUGINS, "<n:SendMessages/>")), id="two operations"),
        pytest.param(wrap(SIGNED, body()), id="empty body"),
        pytest.param(wrap(SIGNED, "<y:Odd xmlns:y='urn:y'/>", body(PLUGINS)), id="something else beside the body"),
        pytest.param(wrap(SIGNED, f"<t:Body xmlns:t='{S12}'>{PLUGINS}</t:Body>"), id="a body of the other version"),
        pytest.param(wrap(SIGNED, body(PLUGINS)).replace(S11, "urn:soap"), id="no known version"),
        pytest.param(wrap(SIGNED, f"<s:Body xmlns:s='urn:other'>{PLUGINS}</s:Body>"), id="prefix bound anew"),
        pytest.param(f"<Envelope>{PLUGINS}</Envelope>", id="no namespace"),
        pytest.param(wrap(SIGNED, body("<n:GetPlugin/>")), id="no such operation"),
        pytest.param(wrap(SIGNED, body("<GetPlugins/>")), id="operation without namespace"),
        pytest.param(call("GetPlugins", version=88), id="operation of another version"),
        pytest.param("", id="nothing"),
        pytest.param("{}", id="json"),
    ],
)
async def test_a_wrong_structure_is_a_fault_of_the_caller(envelope: str, refused: Refused) -> None:
    told = await refused(envelope)
    assert told.fault == "Client"
    assert told.status == 500


async def test_faults_speak_the_version_of_the_envelope(refused: Refused) -> None:
    told = await refused(wrap(SIGNED, body("<n:Nothing/>"), soap=S12), content_type="text/xml")
    assert (told.fault, told.status) == ("Sender", 400)
    unreadable = await refused("<", content_type="application/soap+xml")
    assert (unreadable.fault, unreadable.status) == ("Sender", 400)


@pytest.mark.parametrize("must", ["1", "true"])
@pytest.mark.parametrize("soap", [S11, S12])
async def test_an_unknown_header_that_must_be_understood_is_refused(must: str, soap: str, refused: Refused) -> None:
    block = f"<y:Lock xmlns:y='urn:y' s:mustUnderstand='{must}'/>"
    told = await refused(wrap(header(block, CREDENTIALS), body(PLUGINS), soap=soap))
    assert (told.fault, told.status) == ("MustUnderstand", 500)


@pytest.mark.parametrize(
    "attributes",
    ["", "s:mustUnderstand='0'", "s:mustUnderstand='false'", "s:mustUnderstand='1' s:actor='urn:someone-else'"],
)
async def test_other_unknown_headers_are_ignored(attributes: str, desk: Desk) -> None:
    block = f"<y:Lock xmlns:y='urn:y' {attributes}><y:deep><n:Ticket>x</n:Ticket></y:deep></y:Lock>"
    assert (await desk.post(wrap(header(block, CREDENTIALS), body(PLUGINS)))).status == 200
    assert len(desk.calls) == 1


async def test_must_understand_is_a_boolean(refused: Refused) -> None:
    await refused(wrap(header("<y:L xmlns:y='urn:y' s:mustUnderstand='yes'/>", CREDENTIALS), body(PLUGINS)))


async def test_addressing_headers_are_taken_and_answers_go_to_the_caller_alone(desk: Desk, refused: Refused) -> None:
    told = await refused(
        wrap(
            header(f"<w:ReplyTo xmlns:w='{WSA}'><w:Address>http://10.0.0.1/</w:Address></w:ReplyTo>", CREDENTIALS),
            body(PLUGINS),
        )
    )
    assert "ReplyTo" in told.reason
    blocks = (
        f"<w:ReplyTo xmlns:w='{WSA}'><w:Address>{WSA}/anonymous</w:Address></w:ReplyTo>",
        f"<w:Action xmlns:w='{WSA}' s:mustUnderstand='1'>urn:whatever</w:Action>",
        f"<w:MessageID xmlns:w='{WSA}'>urn:uuid:1</w:MessageID>",
    )
    assert (await desk.post(wrap(header(*blocks, CREDENTIALS), body(PLUGINS)))).status == 200


@pytest.mark.parametrize("uri", [WSA, "http://schemas.xmlsoap.org/ws/2004/08/addressing"])
@pytest.mark.parametrize("block", ["FaultTo", "ReplyTo"])
async def test_no_addressing_header_can_name_another_host(uri: str, block: str, refused: Refused) -> None:
    elsewhere = f"<w:{block} xmlns:w='{uri}'><w:Address>http://evil.example/</w:Address></w:{block}>"
    await refused(wrap(header(elsewhere, CREDENTIALS), body(PLUGINS)))


ACTION = f"{contract()}/Messaging/GetPlugins"


@pytest.mark.parametrize("given", ["", '""', ACTION, f'"{ACTION}"', "GetPlugins"])
async def test_an_action_that_names_the_operation_or_nothing_is_fine(given: str, desk: Desk) -> None:
    assert (await desk.post(call("GetPlugins"), action=given)).status == 200
    assert (await desk.post(call("GetPlugins"), content_type=f'application/soap+xml; action="{ACTION}"')).status == 200


@pytest.mark.parametrize(
    "given",
    [
        f'"{contract()}/Messaging/SendMessages"',
        f'"{contract(88)}/Messaging/GetPlugins"',
        f'"{contract()}/Pocket/GetPlugins"',
        "SendMessages",
        f'"{ACTION}Response"',
    ],
)
async def test_an_action_that_names_another_operation_executes_nothing(given: str, refused: Refused) -> None:
    await refused(call("GetPlugins"), action=given)
    unquoted = given.strip('"')
    await refused(call("GetPlugins"), content_type=f'application/soap+xml; charset=utf-8; action="{unquoted}"')


@pytest.mark.parametrize(
    "content_type",
    ["", "application/json", "text/plain", "multipart/related; type=text/xml", "text/html", "application/xop+xml"],
)
async def test_other_media_types_are_refused_with_415(content_type: str, refused: Refused) -> None:
    assert (await refused(call("GetPlugins"), content_type=content_type)).status == 415


@pytest.mark.parametrize(("version", "agent"), [(79, "Messaging"), (89, "Messaging"), (75, "Pocket"), (86, "Contact")])
async def test_an_agent_that_a_version_does_not_have_is_not_found(version: int, agent: str, desk: Desk) -> None:
    told = Told(await desk.post(call("GetPlugins", version=version), version=version, agent=agent))
    assert (told.status, told.fault) == (404, "Client")


async def test_another_companys_path_does_not_take_the_ticket(desk: Desk) -> None:
    assert Told(await desk.post(call("GetPlugins"), tenant=COMPANY)).text("Succeeded") == "true"
    assert Told(await desk.post(call("GetPlugins"), tenant=COMPANY + 1)).wrapped == "SoSessionException"


async def test_signing_in_needs_no_ticket_and_knows_the_path_company(desk: Desk) -> None:
    await desk.post(wrap(body("<n:GetSystemInfo/>")), agent="SoPrincipal")
    await desk.post(wrap(SIGNED, body("<n:GetSystemInfo/>")), agent="SoPrincipal", tenant=9)
    assert [(each.caller.company_id, each.caller.associate_id) for each in desk.calls] == [(0, None), (9, None)]
    assert desk.calls[0].caller == nobody(desk.calls[0].caller.door)


async def test_with_the_setting_fault_a_failed_call_is_a_fault_with_the_same_details() -> None:
    desk = Desk(errors=SoapErrors.FAULT)
    told = Told(await desk.post(call("SendMessages", "<n:Plugin>pigeon</n:Plugin>")))
    assert (told.status, told.fault) == (500, "Client")
    assert told.text("ExceptionType") == "SuperOffice.Exceptions.SoNotFoundException"
    newer = Told(await desk.post(call("SendMessages", "<n:Plugin>pigeon</n:Plugin>", soap=S12)))
    assert (newer.status, newer.fault, newer.text("Source")) == (400, "Sender", "Heliograph")


async def test_a_full_store_is_a_fault_with_a_time_to_come_back() -> None:
    async def full(call: object, **arguments: object) -> None:
        raise Unavailable("The store is full.", retry_after=2.5)

    reply = await Desk(SendPushNotification=full).post(push(), agent="Pocket")
    told = Told(reply)
    assert (told.status, told.fault, told.reason) == (500, "Server", "The store is full.")
    assert reply.headers == (("retry-after", "3"),)


async def test_an_unexpected_error_is_told_by_an_id_and_nothing_else(caplog: pytest.LogCaptureFixture) -> None:
    async def broken(call: object) -> None:
        raise RuntimeError("secret path /var/lib")

    told = Told(await Desk(GetPlugins=broken).post(call("GetPlugins")))
    assert (told.status, told.fault) == (500, "Server")
    assert "secret" not in told.reason
    error_id = told.reason.rpartition("Error id: ")[2].rstrip(".")
    assert error_id in caplog.text
    assert "RuntimeError" in caplog.text


async def test_what_the_server_refuses_is_told_as_a_fault_too(desk: Desk) -> None:
    reply = desk.door.refuse({"content-type": "application/soap+xml"}, TooLarge("At most 4 MiB."))
    told = Told(reply)
    assert (told.status, told.fault, told.reason) == (413, "Sender", "At most 4 MiB.")


PAIRS = [
    (agent.name, called, named)
    for agent in AGENTS.values()
    for called in agent.operations_in(88)
    for named in agent.operations_in(88)
    if called is not named
]


async def test_of_all_pairs_of_operations_none_is_executed_under_the_others_name(desk: Desk) -> None:
    for agent, called, named in PAIRS:
        told = Told(await desk.post(call(called.name, version=88), version=88, agent=agent, action=action(88, named)))
        assert told.fault == "Client", (agent, called.name, named.name)
    assert desk.calls == []
