"""The Idempotency-Key over real HTTP, on a real file: REST, SOAP, and callers who repeat themselves at once."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from pathlib import Path

import pytest

from heliograph.config.settings import SoapSettings
from heliograph.testing.asking import Heard
from heliograph.testing.running import KEY, OTHER_KEY, Town, a_town

pytestmark = pytest.mark.anyio

NS = "http://www.superoffice.net/ws/crm/NetServer/Services86"
ARRAYS = "http://schemas.microsoft.com/2003/10/Serialization/Arrays"
SOAP_11 = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP_12 = "http://www.w3.org/2003/05/soap-envelope"
ADDRESSING = "http://www.w3.org/2005/08/addressing"


async def rest(town: Town, key: str | None, title: str = "Fog", company: int = 1) -> Heard:
    fields = {
        "UserEmail": "keeper201@example.com" if company == 2 else "keeper101@example.com",
        "Title": title,
        "Body": "Sound the horn.",
        "CompanyId": company,
        "IntegrationKey": OTHER_KEY if company == 2 else KEY,
    }
    headers = {"Content-Type": "application/json"} | ({"Idempotency-Key": key} if key is not None else {})
    return await town.ask("POST", "/api/v2/push?format=json", headers, json.dumps(fields).encode())


async def soap(town: Town, agent: str, inner: str, *, blocks: str = "", ns: str = SOAP_11, **headers: str) -> Heard:
    envelope = (
        f'<s:Envelope xmlns:s="{ns}" xmlns:p="{NS}" xmlns:a="{ARRAYS}" xmlns:w="{ADDRESSING}"><s:Header>{blocks}'
        f"<p:Credentials><p:Ticket>{town.ticket}</p:Ticket></p:Credentials></s:Header>"
        f"<s:Body>{inner}</s:Body></s:Envelope>"
    )
    named = {"Content-Type": "text/xml", **{name.replace("_", "-"): value for name, value in headers.items()}}
    return await town.ask("POST", f"/Remote/Services86/{agent}.svc", named, envelope.encode())


async def soap_push(town: Town, title: str = "Fog", **more: str) -> Heard:
    inner = (
        "<p:SendPushNotification><p:AssociateIds><a:int>101</a:int></p:AssociateIds>"
        f"<p:Message><p:Title>{title}</p:Title></p:Message></p:SendPushNotification>"
    )
    return await soap(town, "Pocket", inner, **more)


async def soap_send(town: Town, content: str = "Fog", **more: str) -> Heard:
    inner = (
        "<p:SendMessages><p:Plugin>inbox</p:Plugin><p:OutgoingMessages><p:OutgoingMessage><p:From>Light</p:From>"
        f"<p:To>keeper101</p:To><p:Content>{content}</p:Content></p:OutgoingMessage></p:OutgoingMessages></p:SendMessages>"
    )
    return await soap(town, "Messaging", inner, **more)


async def agents(town: Town, key: str, title: str = "Fog") -> Heard:
    body = {"AssociateIds": [101], "Message": {"Title": title}}
    headers = {"Content-Type": "application/json", "Authorization": f"SOTicket {town.ticket}", "Idempotency-Key": key}
    return await town.ask("POST", "/api/v1/Agents/Pocket/SendPushNotification", headers, json.dumps(body).encode())


async def sent(town: Town) -> int:
    return len(await town.app.store.outbox.messages(company_id=None, state=None, before_id=None, limit=1000))


def replayed(first: Heard, again: Heard) -> bool:
    """The same answer, marked."""
    assert (again.status, again.body) == (first.status, first.body)
    assert again.headers["content-type"] == first.headers["content-type"]
    return again.headers.get("idempotent-replay") == "true" and "idempotent-replay" not in first.headers


async def test_a_repeated_push_over_rest_is_answered_and_not_sent(town: Town) -> None:
    first = await rest(town, "k1")
    again = await rest(town, "k1")
    assert first.status == 200
    assert replayed(first, again)
    assert again.headers["heliograph-message-id"] == first.headers["heliograph-message-id"]
    assert await sent(town) == 1


async def test_another_body_under_the_same_key_is_a_422(town: Town) -> None:
    await rest(town, "k1")
    refused = await rest(town, "k1", title="Ice")
    assert refused.status == 422
    assert refused.json()["ResponseStatus"]["ErrorCode"] == "IdempotencyKeyReused"  # type: ignore[index]
    assert await sent(town) == 1


async def test_two_companies_may_use_the_same_key(town: Town) -> None:
    assert (await rest(town, "k1")).status == 200
    other = await rest(town, "k1", company=2)
    assert other.status == 200
    assert "idempotent-replay" not in other.headers
    assert await sent(town) == 2


async def test_a_wrong_integration_key_learns_nothing_of_a_kept_answer(town: Town) -> None:
    await rest(town, "k1")
    body = {"UserEmail": "keeper101@example.com", "Title": "Fog", "Body": "x", "CompanyId": 1, "IntegrationKey": "no"}
    headers = {"Content-Type": "application/json", "Idempotency-Key": "k1"}
    heard = await town.ask("POST", "/api/v2/push?format=json", headers, json.dumps(body).encode())
    assert heard.status == 401


async def test_a_key_that_is_none_is_a_400(town: Town) -> None:
    heard = await rest(town, "x" * 256)
    assert heard.status == 400
    assert heard.json()["ResponseStatus"]["Errors"][0]["FieldName"] == "Idempotency-Key"  # type: ignore[index]


@pytest.mark.parametrize("call", [soap_push, soap_send])
async def test_a_repeated_call_over_soap_is_answered_and_not_sent(town: Town, call) -> None:  # type: ignore[no-untyped-def]
    first = await call(town, Idempotency_Key="k1")
    again = await call(town, Idempotency_Key="k1")
    assert b">true</h:Succeeded>" in first.body
    assert replayed(first, again)
    assert await sent(town) == 1


async def test_another_call_under_the_same_key_is_a_fault(town: Town) -> None:
    await soap_push(town, Idempotency_Key="k1")
    for refused in (
        await soap_push(town, "Ice", Idempotency_Key="k1"),
        await soap_send(town, Idempotency_Key="k1"),
        await soap_push(town, Idempotency_Key="k1", ns=SOAP_12),
    ):
        assert refused.status in (400, 500)
        assert b"Fault" in refused.body
        assert b"idempotency key was used for another request" in refused.body
    assert await sent(town) == 1


async def test_a_repeated_call_of_a_json_agent_is_answered_and_not_sent(town: Town) -> None:
    first = await agents(town, "k1")
    again = await agents(town, "k1")
    assert first.status == 204
    assert replayed_without_body(first, again)
    assert (await agents(town, "k1", "Ice")).status == 422
    assert await sent(town) == 1


def replayed_without_body(first: Heard, again: Heard) -> bool:
    """As `replayed`, for answers that have no content."""
    same = (again.status, again.body, again.headers["heliograph-message-id"])
    assert same == (first.status, first.body, first.headers["heliograph-message-id"])
    return again.headers.get("idempotent-replay") == "true"


async def test_a_message_id_is_a_key_only_where_the_operator_says_so(tmp_path: Path) -> None:
    block = "<w:MessageID>urn:uuid:7f0c1d8e</w:MessageID>"
    async with a_town(tmp_path / "off") as town:
        await soap_push(town, blocks=block)
        await soap_push(town, blocks=block)
        assert await sent(town) == 2
    async with a_town(tmp_path / "on", soap=SoapSettings(idempotency_from_message_id=True)) as town:
        first = await soap_push(town, blocks=block)
        assert replayed(first, await soap_push(town, blocks=block))
        await soap_push(town, blocks=block, Idempotency_Key="of-its-own")
        assert await sent(town) == 2


async def test_a_message_id_that_stands_twice_is_refused(town: Town) -> None:
    heard = await soap_push(town, blocks="<w:MessageID>a</w:MessageID><w:MessageID>b</w:MessageID>")
    assert b"MessageID stands twice" in heard.body
    assert await sent(town) == 0


async def test_a_restarted_gateway_still_knows_what_it_answered(tmp_path: Path) -> None:
    async with a_town(tmp_path) as town:
        over_rest, over_soap = await rest(town, "k1"), await soap_send(town, Idempotency_Key="k2")
    async with a_town(tmp_path) as town:
        assert replayed(over_rest, await rest(town, "k1"))
        assert replayed(over_soap, await soap_send(town, Idempotency_Key="k2"))
        assert await sent(town) == 2


async def test_five_callers_at_once_with_each_of_two_hundred_keys_send_each_once(town: Town) -> None:
    chairs = asyncio.Semaphore(50)
    bodies: dict[str, set[bytes]] = {}
    statuses: Counter[int] = Counter()

    async def caller(number: int) -> None:
        key = f"k{number}"
        while True:
            async with chairs:
                heard = await (
                    rest(town, key, f"t{number}") if number % 2 else soap_send(town, f"t{number}", Idempotency_Key=key)
                )
            statuses[heard.status] += 1
            if heard.status != 409:
                break
            assert heard.headers["retry-after"] == "1"
            await asyncio.sleep(0.02)
        assert heard.status == 200
        bodies.setdefault(key, set()).add(heard.body)

    await asyncio.gather(*(caller(number) for number in range(200) for _ in range(5)))
    assert await sent(town) == 200
    assert statuses[200] == 1000
    assert set(statuses) <= {200, 409}
    assert all(len(each) == 1 for each in bodies.values()), "every caller with the same key got the same bytes"


async def test_the_sweeper_removes_keys_that_have_expired(town: Town) -> None:
    await rest(town, "k1")
    replays, day = town.app.store.replays, 86_400_000
    now = town.app.clock.now()
    assert await replays.prune_replays(now=now, limit=10) == 0
    assert await replays.prune_replays(now=now + day, limit=10) == 1
