"""The Matrix channel keeps the contract, reads the homeserver's answers rightly, and serves in a whole gateway."""

from contextlib import asynccontextmanager
from ipaddress import ip_network

import msgspec
import pytest
from heliograph_matrix import ANSWERS, PLUGIN, MatrixChannel, MatrixSettings

from heliograph.config.settings import OutboundSettings
from heliograph.core.delivery import Address
from heliograph.core.outcome import Accepted, Deferred
from heliograph.testing.builders import a_letter, a_message, a_text
from heliograph.testing.channel_contract import ChannelContract, Subject
from heliograph.testing.running import a_town
from heliograph.testing.servers.webhook import Answer, Fault, WebhookServer
from heliograph.testing.tools import some_tools

pytestmark = pytest.mark.anyio
TOKEN = "syt_open_sesame"
ROOM = Address(value="!harbour:coast.example")
WRITTEN = Answer(status=200, body=b'{"event_id": "$e1"}')


@pytest.fixture
def anyio_backend():
    return "asyncio"


@asynccontextmanager
async def matrix():
    tools = some_tools()
    async with WebhookServer(default=WRITTEN) as homeserver:
        settings = MatrixSettings(homeserver=homeserver.url, access_token=TOKEN)
        yield homeserver, MatrixChannel(settings, tools)
    await tools.transport.close()


class TestContract(ChannelContract):
    @asynccontextmanager
    async def open(self):
        async with matrix() as (homeserver, channel):
            failures = [Answer(status=status) for status in (*ANSWERS, 429, 500, 502)]
            failures += [Answer(fault=fault) for fault in (Fault.RESET, Fault.HANG_UP, Fault.CUT, Fault.GARBAGE)]
            yield Subject(
                plugin=PLUGIN,
                channel=channel,
                to=ROOM.value,
                nonsense=("harbour", "#harbour:coast.example", "!a b:coast.example", "!a/../b?c:coast.example"),
                secrets=(TOKEN,),
                failures=tuple(lambda answer=answer: homeserver.script(answer) for answer in failures),
                requests=lambda: len(homeserver.requests),
            )


async def test_the_room_gets_the_text_under_a_transaction_id_that_every_attempt_shares():
    async with matrix() as (homeserver, channel):
        first = await channel.send(a_letter(address=ROOM))
        await channel.send(a_letter(address=ROOM, attempt=2))
        other = await channel.send(a_letter(address=ROOM, delivery_id=2))
    assert first == other == Accepted(provider_id="$e1", detail="the homeserver took it")
    one, again, two = homeserver.requests
    assert (one.method, one.headers["authorization"]) == ("PUT", f"Bearer {TOKEN}")
    assert one.path.startswith("/_matrix/client/v3/rooms/%21harbour%3Acoast.example/send/m.room.message/")
    assert one.json == {"msgtype": "m.text", "body": "The lamp is lit."}
    assert one.path == again.path != two.path


async def test_html_is_sent_with_the_plain_text_beside_it():
    async with matrix() as (homeserver, channel):
        text = a_text(body="The <b>lamp</b> is lit.", format="text/html")
        await channel.send(a_letter(address=ROOM, message=a_message(content=text)))
    [request] = homeserver.requests
    assert request.json["body"] == "The lamp is lit."
    assert request.json["formatted_body"] == "The <b>lamp</b> is lit."


@pytest.mark.parametrize("status", sorted(ANSWERS))
async def test_each_documented_answer_means_what_the_table_says(status):
    async with matrix() as (homeserver, channel):
        homeserver.script(Answer(status=status))
        assert await channel.send(a_letter(address=ROOM)) == ANSWERS[status]


async def test_a_homeserver_that_has_enough_is_left_alone_for_as_long_as_it_asks():
    async with matrix() as (homeserver, channel):
        homeserver.script(Answer(status=429, headers={"Retry-After": "7"}))
        assert await channel.send(a_letter(address=ROOM)) == Deferred("the homeserver answered 429", retry_after=7.0)


async def test_a_gateway_with_the_package_installed_lists_it_and_writes_into_the_room(tmp_path):
    async with WebhookServer(default=WRITTEN) as homeserver:
        rooms = {"kind": "matrix", "homeserver": homeserver.url, "access_token": TOKEN}
        outbound = OutboundSettings(allow=[ip_network("127.0.0.0/8")])
        channels = {"inbox": {"kind": "inbox"}, "rooms": rooms}
        async with a_town(tmp_path, channels=channels, outbound=outbound) as town:
            headers = {"Authorization": f"SOTicket {town.ticket}", "Content-Type": "application/json"}
            agent = "/api/v1/Agents/Messaging"
            plugins = msgspec.json.decode((await town.ask("POST", f"{agent}/GetPlugins", headers, b"{}")).body)
            assert {"rooms": ["text/plain", "text/html"]}.items() <= {
                plugin["Name"]: plugin["SupportedMessagingFormats"] for plugin in plugins
            }.items()
            call = {"Plugin": "rooms", "OutgoingMessages": [{"To": ROOM.value, "Content": "The lamp is lit."}]}
            answer = await town.ask("POST", f"{agent}/SendMessages", headers, msgspec.json.encode(call))
            [status] = msgspec.json.decode(answer.body)
            assert status["Status"] == 1
        assert [request.json["body"] for request in homeserver.requests] == ["The lamp is lit."]
