"""Every channel that comes with the gateway keeps the contract of channels."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from heliograph.channels.apns.answers import ANSWERS as APPLE_ANSWERS
from heliograph.channels.apns.channel import PLUGIN as APNS
from heliograph.channels.apprise.channel import PLUGIN as APPRISE
from heliograph.channels.email.channel import PLUGIN as EMAIL
from heliograph.channels.fcm.answers import ANSWERS as GOOGLE_ANSWERS
from heliograph.channels.fcm.channel import PLUGIN as FCM
from heliograph.channels.http_sms.channel import PLUGIN as HTTP_SMS
from heliograph.channels.inbox.channel import PLUGIN as INBOX
from heliograph.channels.registry import BUILT_IN, build_channel
from heliograph.channels.smpp.channel import PLUGIN as SMPP
from heliograph.channels.stub.channel import PLUGIN as STUB
from heliograph.channels.webhook.channel import PLUGIN as WEBHOOK
from heliograph.channels.webpush.answers import ANSWERS as WEB_PUSH_ANSWERS
from heliograph.channels.webpush.channel import PLUGIN as WEB_PUSH
from heliograph.store.memory import MemoryStore
from heliograph.system.clock import SystemClock
from heliograph.testing.apns import an_apple
from heliograph.testing.builders import a_company, a_user
from heliograph.testing.certificates import Authority
from heliograph.testing.channel_contract import ChannelContract, Subject
from heliograph.testing.clock import JumpingClock
from heliograph.testing.fcm import a_google, new_account_key
from heliograph.testing.servers.apns import said as apple_said
from heliograph.testing.servers.fcm import error as google_error
from heliograph.testing.servers.http2 import Answer as Http2Answer
from heliograph.testing.servers.http2 import Fault as Http2Fault
from heliograph.testing.servers.smsc import Fault as SmscFault
from heliograph.testing.servers.smsc import Smsc
from heliograph.testing.servers.smtp import HANG_UP, STALL, SmtpServer
from heliograph.testing.servers.webhook import Answer, Fault, WebhookServer
from heliograph.testing.tools import some_tools
from heliograph.testing.webpush import PRIVATE as WEB_PUSH_KEY
from heliograph.testing.webpush import a_web

pytestmark = pytest.mark.anyio

BUILT_IN_PLUGINS = (APNS, APPRISE, FCM, WEB_PUSH, INBOX, STUB, WEBHOOK, EMAIL, HTTP_SMS, SMPP)
AUTHORITY = Authority()
ACCOUNT_KEY = new_account_key()

SECRET = "whsec_" + "bmV3LW5ldy1uZXctbmV3LW5ldy1uZXctbmV3"


class TestInbox(ChannelContract):
    """The provider is the store, and it fails by being closed."""

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Subject]:
        clock = JumpingClock()
        store = MemoryStore(clock)
        await store.directory.add_company(a_company())
        await store.directory.add_user(a_user())
        await store.directory.add_user(a_user(102, active=False))
        tools = some_tools(clock, directory=store.directory, inbox=store.inbox)
        yield Subject(
            plugin=INBOX,
            channel=build_channel("inbox", {"kind": "inbox"}, tools),
            to="keeper101",
            nonsense=("nobody", "keeper102", "nobody@example.com", "101", "keeper101@example.org"),
            failures=(store.close,),
        )
        await tools.transport.close()


class TestStub(ChannelContract):
    """The stub fails by the scripts of the contract's own letters, which have none: so by nothing."""

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Subject]:
        tools = some_tools()
        yield Subject(plugin=STUB, channel=build_channel("trial", {"kind": "stub"}, tools), to="anybody")
        await tools.transport.close()


def answers(endpoint: WebhookServer) -> tuple[Callable[[], None], ...]:
    """Makes the endpoint answer the next request in one of many bad ways."""
    bad = [Answer(status=status) for status in (301, 400, 401, 404, 410, 413, 429, 500, 502, 503, 504)]
    bad += [Answer(fault=fault) for fault in (Fault.RESET, Fault.HANG_UP, Fault.STALL, Fault.GARBAGE)]
    bad += [Answer(status=503, headers={"Retry-After": wish}) for wish in ("soon", "-1", "9" * 50)]
    bad += [Answer(status=500, body=SECRET.encode()), Answer(status=200, fault=Fault.CUT)]
    return tuple(lambda answer=answer: endpoint.script(answer) for answer in bad)


class TestWebhookToEachItsOwn(ChannelContract):
    """To is the URL."""

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Subject]:
        clock = JumpingClock()
        tools = some_tools(clock)
        async with WebhookServer(secrets=[SECRET], now=lambda: clock.now() / 1000) as endpoint:
            yield Subject(
                plugin=WEBHOOK,
                channel=build_channel("hook", {"kind": "webhook", "secrets": [SECRET], "timeout": 0.5}, tools),
                to=f"{endpoint.url}/in",
                nonsense=("keeper101", "ftp://coast.example/", "http://0177.0.0.1/", "http://user@coast.example/"),
                secrets=(SECRET, SECRET.removeprefix("whsec_")),
                failures=answers(endpoint),
                requests=lambda: len(endpoint.requests),
            )
        await tools.transport.close()


class TestWebhookOneForAll(ChannelContract):
    """Everything goes to the configured URL, which holds a secret of its own."""

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Subject]:
        clock = JumpingClock()
        tools = some_tools(clock)
        async with WebhookServer(secrets=[SECRET], now=lambda: clock.now() / 1000) as endpoint:
            options = {"secrets": [SECRET], "timeout": 0.5, "url": f"{endpoint.url}/in?key=path-secret"}
            yield Subject(
                plugin=WEBHOOK,
                channel=build_channel("hook", {"kind": "webhook", **options}, tools),
                to="the night watch",
                secrets=(SECRET, SECRET.removeprefix("whsec_"), "path-secret"),
                failures=answers(endpoint),
                requests=lambda: len(endpoint.requests),
            )
        await tools.transport.close()


class TestEmail(ChannelContract):
    """The provider is an SMTP server."""

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Subject]:
        tools = some_tools()
        async with SmtpServer() as server:
            commands = ("CONNECT", "EHLO", "MAIL", "RCPT", "DATA", "CONTENT")
            answers = ("421 4.3.2 closing", "450 4.7.1 later", "550 5.1.1 no", "554 5.7.1 no", "999 ?", HANG_UP, STALL)
            options = {"host": "127.0.0.1", "port": server.port, "security": "none", "sender": "lamp@light.example"}
            options["kept"] = 0  # every failure is met on a connection of its own
            yield Subject(
                plugin=EMAIL,
                channel=build_channel("mail", {"kind": "email", "timeout": 0.3, **options}, tools),
                to="keeper@coast.example",
                nonsense=("keeper", "a@b\r\nRCPT TO:<c@d>", "A <a@b.example>", "a@b.example, c@d.example"),
                bodies={"smtp/rfc822": "Subject: Fog\n\nSound the horn."},
                failures=tuple(
                    lambda command=command, answer=answer: server.refuse(command, answer)
                    for command in commands
                    for answer in answers
                    if command != "EHLO" or answer in (HANG_UP, STALL)  # a refused EHLO is followed by HELO
                ),
                requests=lambda: len(server.mails),
            )
        await tools.transport.close()


class TestApprise(ChannelContract):
    """The provider is an ntfy server; the library that speaks to it runs in a process of its own."""

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Subject]:
        tools = some_tools(clock=SystemClock())
        async with WebhookServer(default=Answer(status=200, body=b"{}")) as endpoint:
            failures = [Answer(status=status) for status in (302, 400, 401, 403, 404, 429, 500, 503)]
            failures += [Answer(fault=fault) for fault in Fault if fault]
            url = f"ntfy://:open-sesame@127.0.0.1:{endpoint.port}/harbour?rto=0.3"
            channel = build_channel("team", {"kind": "apprise", "workers": 1, "targets": {"harbour": url}}, tools)
            yield Subject(
                plugin=APPRISE,
                channel=channel,
                to="harbour",
                nonsense=("Harbour", url, "harbour,harbour"),
                secrets=("open-sesame",),
                failures=tuple(lambda answer=answer: endpoint.script(answer) for answer in failures),
                requests=lambda: len(endpoint.requests),
            )
            await channel.close()
        await tools.transport.close()


class TestHttpSms(ChannelContract):
    """The provider is Twilio, played by a server that answers as its documentation says."""

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Subject]:
        tools = some_tools()
        queued = Answer(status=201, body=b'{"sid": "SM1", "status": "queued"}')
        async with WebhookServer(default=queued) as provider:
            options = {"twilio_account_sid": "AC1", "twilio_auth_token": SECRET}
            # The account's page answers 201 here, where the real one says 200: either is a success.
            values = {"profile": "twilio", "options": options, "base_url": provider.url, "timeout": 0.5}
            yield Subject(
                plugin=HTTP_SMS,
                channel=build_channel("Twilio", {"kind": "http_sms", **values}, tools),
                to="+47 12 34 56 78",
                nonsense=("keeper101", "12345678", "+0712345678", "+47123456789012345", "+47;ext=1"),
                secrets=(SECRET, SECRET.removeprefix("whsec_")),
                failures=answers(provider),
                requests=lambda: len(provider.requests),
            )
        await tools.transport.close()


class TestApns(ChannelContract):
    """The provider is a fake of Apple's service."""

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Subject]:
        async with an_apple(AUTHORITY, timeout=0.5) as apple:
            bad = [apple_said(row.status, row.reason) for row in APPLE_ANSWERS if row.status != 200]
            bad += [apple_said(503, "Shutdown", headers={"retry-after": wish}) for wish in ("soon", "-1", "9" * 50)]
            bad += [Http2Answer(fault=fault) for fault in (Http2Fault.RESET, Http2Fault.HANG_UP, Http2Fault.STALL)]
            bad += [Http2Answer(status=500, body=apple.pem.encode()), Http2Answer(status=302)]
            yield Subject(
                plugin=APNS,
                channel=apple.channel,
                to="a1" * 32,
                nonsense=("keeper101", "a1" * 31, "g1" * 32, "a1" * 32 + "/", "a1" * 101),
                secrets=(apple.pem, *apple.pem.splitlines()[1:-1]),
                failures=tuple(lambda answer=answer: apple.server.script(answer) for answer in bad),
                requests=lambda: len(apple.server.requests),
            )


class TestFcm(ChannelContract):
    """The provider is a fake of Google's two servers."""

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Subject]:
        async with a_google(AUTHORITY, ACCOUNT_KEY, timeout=1.0) as google:
            bad = [google_error(row.status, row.code, code=row.code) for row in GOOGLE_ANSWERS if row.status != 200]
            bad += [
                google_error(503, "UNAVAILABLE", headers={"retry-after": wish}) for wish in ("soon", "-1", "9" * 50)
            ]
            bad += [Http2Answer(fault=fault) for fault in (Http2Fault.RESET, Http2Fault.HANG_UP, Http2Fault.STALL)]
            bad += [Http2Answer(status=500, body=google.pem.encode()), Http2Answer(status=302)]
            yield Subject(
                plugin=FCM,
                channel=google.channel,
                to="cZ9-keeper_101:APA91b" + "x" * 120,
                nonsense=("keeper101", "a b" * 50, "x" * 5000, 'x"' * 50),
                secrets=(google.pem, *google.pem.splitlines()[1:-1], "ya29.fake"),
                failures=tuple(lambda answer=answer: google.server.script(answer) for answer in bad),
                requests=lambda: len(google.server.server.requests),
            )


class TestWebPush(ChannelContract):
    """The provider is a fake push service with a browser behind it."""

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Subject]:
        # By a pattern: a service that is named by host is looked for at port 443 when the channel is checked.
        async with a_web(AUTHORITY, services=["*.0.0.1"]) as web:
            bad = [Http2Answer(status=status) for status in WEB_PUSH_ANSWERS if status >= 300]
            bad += [Http2Answer(status=429, headers={"retry-after": wish}) for wish in ("soon", "-1", "9" * 50)]
            bad += [Http2Answer(fault=fault) for fault in (Http2Fault.RESET, Http2Fault.HANG_UP, Http2Fault.STALL)]
            bad += [Http2Answer(status=500, body=WEB_PUSH_KEY.encode())]
            address = web.service.subscribe().subscription.address
            yield Subject(
                plugin=WEB_PUSH,
                channel=web.channel,
                to=address,
                nonsense=("keeper101", address.partition("#")[0], address[:-9], f"http{address[5:]}", f"{address}x"),
                secrets=(WEB_PUSH_KEY, address.partition("#")[2], address.partition("/push/")[2]),
                failures=tuple(lambda answer=answer: web.service.script(answer) for answer in bad),
                requests=lambda: len(web.service.requests),
            )


class TestSmpp(ChannelContract):
    """The provider is a message centre; a failed submit may break its connection, and the next one makes it anew."""

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Subject]:
        tools = some_tools(clock=SystemClock())
        async with Smsc() as smsc:
            bad = (0x58, 0x14, 0x08, 0x0B, 0x48, 0x0E, 0x450, *SmscFault)
            options = {"host": "127.0.0.1", "port": smsc.port, "system_id": "lamp", "password": "secret"}
            channel = build_channel("sms", {"kind": "smpp", "answer_timeout": 0.3, **options}, tools)
            yield Subject(
                plugin=SMPP,
                channel=channel,
                to="+47 12 34 56 78",
                nonsense=("keeper101", "12345678", "+0712345678", "+47123456789012345"),
                secrets=("secret",),
                failures=tuple(lambda answer=answer: smsc.script(answer) for answer in bad),
                requests=lambda: smsc.binds,
            )
            await channel.close()
        await tools.transport.close()


def test_every_built_in_kind_is_held_to_the_contract() -> None:
    assert {plugin.kind for plugin in BUILT_IN_PLUGINS} == set(BUILT_IN)
