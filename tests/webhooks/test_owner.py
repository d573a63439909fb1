"""What an owner does with endpoints, and what is refused."""

from __future__ import annotations

import base64

import pytest
from msgspec.structs import replace
from tests.webhooks.conftest import Desk

from heliograph.channels.transport import GuardedTransport
from heliograph.core.delivery import Record
from heliograph.core.errors import InvalidArgument, MissingArgument, NotFound
from heliograph.core.lifecycle import Happening, State
from heliograph.core.webhooks import KEEP_TRYING_MS
from heliograph.intake.webhooks import Change
from heliograph.testing.servers.webhook import Answer, WebhookServer

pytestmark = pytest.mark.anyio

OWN = "whsec_" + base64.b64encode(b"k" * 24).decode()


async def test_an_owner_brings_a_secret_or_gets_one_of_256_bits(desk: Desk) -> None:
    assert (await desk.service.add(1, Change(url="https://a.example.com/"), secret=OWN)).text == OWN
    made = (await desk.add("https://a.example.com/")).text
    assert len(base64.b64decode(made.removeprefix("whsec_"))) == 32


@pytest.mark.parametrize("secret", ["short", "whsec_", "whsec_AAAA", "whsec_not base64!", OWN.removeprefix("whsec_")])
async def test_a_secret_that_is_none_is_refused_without_being_shown(desk: Desk, secret: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        await desk.service.add(1, Change(url="https://a.example.com/"), secret=secret)
    assert secret not in refused.value.detail.replace("whsec_ and", "")


async def test_secrets_are_sealed_in_the_file_and_in_no_representation(desk: Desk) -> None:
    new = await desk.service.add(1, Change(url="https://a.example.com/"), secret=OWN)
    assert OWN not in repr(new.endpoint)


async def test_an_endpoint_needs_a_url_known_events_and_a_plain_description(desk: Desk) -> None:
    with pytest.raises(MissingArgument):
        await desk.service.add(1, Change())
    with pytest.raises(InvalidArgument, match=r"message\.sent"):
        await desk.add("https://a.example.com/", types=["message.sent"])
    with pytest.raises(InvalidArgument):
        await desk.add("https://a.example.com/", description="x" * 201)
    with pytest.raises(InvalidArgument):
        await desk.add("https://a.example.com/", description="two\nlines")


async def test_a_company_has_only_so_many_endpoints(desk: Desk, transport: GuardedTransport) -> None:
    small = Desk(desk.store, transport, desk.clock, endpoints=2)
    for _ in range(2):
        await small.add("https://a.example.com/")
    with pytest.raises(InvalidArgument, match="2 endpoints"):
        await small.add("https://a.example.com/")
    await small.add("https://a.example.com/", company_id=2)


async def test_what_is_not_said_stays_as_it_is(desk: Desk) -> None:
    new = await desk.add("https://a.example.com/", types=["delivery.sent"], description="desk", content=True)
    assert await desk.service.change(new.endpoint, Change()) == new.endpoint
    changed = await desk.service.change(new.endpoint, Change(types=[], content=False))
    assert (changed.types, changed.content, changed.description) == ((), False, "desk")


async def test_another_companys_endpoint_is_not_found(desk: Desk) -> None:
    mine = (await desk.add("https://a.example.com/")).endpoint
    assert (await desk.service.find(1, mine.id)).id == mine.id
    assert (await desk.service.find(None, mine.id)).id == mine.id
    with pytest.raises(NotFound):
        await desk.service.find(2, mine.id)


async def test_what_was_sent_is_listed_with_its_event_and_its_attempts(desk: Desk) -> None:
    endpoint = (await desk.add("https://a.example.com/", types=["message.accepted"])).endpoint
    await desk.accept()
    [delivery] = await desk.due()
    [sent] = await desk.service.sent(endpoint)
    assert (sent.delivery.id, sent.type, sent.attempts) == (delivery.id, "message.accepted", ())
    assert await desk.service.sent(endpoint, state=State.FAILED) == []


async def test_dead_letters_are_sent_again_under_the_same_id_with_five_more_days(
    desk: Desk, receiver: WebhookServer
) -> None:
    endpoint = (await desk.add(receiver.url)).endpoint
    for _ in range(2):
        await desk.accept()
    first, second = await desk.due()
    receiver.script(Answer(status=500))
    await desk.channel.send(await desk.letter(first))
    await desk.failed(first)
    await desk.clock.jump(86_400)
    await desk.failed(second)
    assert await desk.service.replay(endpoint, since=desk.clock.now()) == 1
    assert await desk.service.replay(endpoint, delivery_id=first.id) == 1
    again = {delivery.id: delivery for delivery in await desk.due()}
    assert set(again) == {first.id, second.id}
    assert again[first.id].expires_at == desk.clock.now() + KEEP_TRYING_MS
    assert again[first.id].attempts == 1, "the schedule begins anew"
    await desk.channel.send(await desk.letter(again[first.id]))
    assert receiver.requests[0].headers["webhook-id"] == receiver.requests[1].headers["webhook-id"]
    assert receiver.requests[0].body == receiver.requests[1].body
    with pytest.raises(NotFound):
        await desk.service.replay(endpoint, delivery_id=first.id)
    assert await desk.service.replay(endpoint) == 0


async def test_what_was_taken_is_sent_again_only_when_asked_for_and_under_the_same_id(
    desk: Desk, receiver: WebhookServer
) -> None:
    endpoint = (await desk.add(receiver.url)).endpoint
    await desk.accept()
    [delivery] = await desk.due()
    await desk.channel.send(await desk.letter(delivery))
    record = Record(delivery_id=delivery.id, happening=Happening.ACCEPTED, at=desk.clock.now(), lease=delivery.lease)
    await desk.store.outbox.record([record])
    assert await desk.service.replay(endpoint) == 0
    await desk.clock.jump(60)
    assert await desk.service.replay(endpoint, taken=True, since=desk.clock.now()) == 0
    assert await desk.service.replay(endpoint, delivery_id=delivery.id, taken=True) == 1
    await desk.channel.send(await desk.letter((await desk.due())[0]))
    first, second = receiver.requests
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body
    states = [sent.delivery.state for sent in await desk.service.sent(endpoint)]
    assert states == [State.LEASED, State.SENT], "what was taken stays told as it was"


async def test_a_secret_sealed_for_one_company_opens_for_no_other(desk: Desk, receiver: WebhookServer) -> None:
    mine = (await desk.add(receiver.url)).endpoint
    theirs = (await desk.add("https://a.example.com/", company_id=2)).endpoint
    await desk.store.webhooks.update_endpoint(replace(mine, secrets=theirs.secrets))
    tried = await desk.service.test(await desk.now(mine))
    assert (tried.ok, tried.words) == (False, "the endpoint has no secret that can be opened: rotate it")
    assert receiver.requests == []
