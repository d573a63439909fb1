"""Every channel tells what it would send, without sending it; an SMS also what a few characters cost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.channels.apprise.channel import AppriseChannel
from heliograph.channels.registry import build_channel
from heliograph.channels.sms import gsm
from heliograph.channels.sms.hints import INSTEAD, hint
from heliograph.channels.sms.letters import read_letter
from heliograph.channels.sms.parts import plan
from heliograph.channels.sms.previews import preview
from heliograph.core.delivery import Address
from heliograph.core.outcome import Refused
from heliograph.core.preview import Preview, Previewing
from heliograph.system.clock import SystemClock
from heliograph.testing.apns import an_apple
from heliograph.testing.builders import a_letter, a_message, a_push, a_text
from heliograph.testing.certificates import Authority
from heliograph.testing.channel_contract import AWKWARD
from heliograph.testing.fcm import a_google, new_account_key
from heliograph.testing.tools import some_tools
from heliograph.testing.webpush import a_web

pytestmark = pytest.mark.anyio
NUMBER = Address(value="+4712345678")
TOO_LONG = a_push(body="x", data={"key": "y" * 5000})


def sms(body: str) -> Preview:
    read = read_letter(a_letter(address=NUMBER, message=a_message(content=a_text(body=body))), sender="")
    return preview(read)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("It\u2019s lit. " + "a" * 90, "U+2019 \u2019 forces UCS-2: 2 parts instead of 1; replace it by '."),
        (
            "\u201ca\u201d \u2013 " + "b" * 100,
            'U+201C \u201c, U+201D \u201d and U+2013 \u2013 force UCS-2: 2 parts instead of 1; replace them by ", " and -.',
        ),
        ("x" * 80 + "\U0001f5fc", "U+1F5FC \U0001f5fc forces UCS-2: 2 parts; without it 1 would do."),
        ("\u0105" + "a" * 100, "U+0105 \u0105 forces UCS-2: 2 parts instead of 1; replace it by a."),
        ("\u200b" + "a" * 90, "U+200B forces UCS-2: 2 parts instead of 1; replace it by nothing."),
        ("a\u00a0" + "a" * 90, "U+00A0 forces UCS-2: 2 parts instead of 1; replace it by a space."),
        ("It\u2019s lit.", ""),  # one part either way
        ("\u041c\u0430\u044f\u043a \u0433\u043e\u0440\u0438\u0442. " * 10, ""),  # another script, and meant to be
        ("a" * 300, ""),
        ("{}" * 90, ""),
    ],
)
async def test_few_characters_that_cost_parts_are_named_with_what_to_write_instead(text: str, words: str) -> None:
    assert sms(text).hint == words


@pytest.mark.parametrize(("char", "instead"), sorted(INSTEAD.items()))
async def test_each_row_replaces_what_the_alphabet_has_not_by_what_it_has(char: str, instead: str) -> None:
    assert not gsm.septets(char)
    assert all(gsm.septets(part) for part in instead)


@given(st.text(st.sampled_from("ab \u2019\u2013\u00e9\u0105\u20ac\U0001f5fc\u200b"), max_size=400), st.booleans())
async def test_a_hint_promises_only_what_a_plan_keeps(text: str, latin1: bool) -> None:
    cut = plan(text, latin1=latin1)
    said = hint(text, cut, latin1=latin1)
    if said:
        assert cut.alphabet == "ucs-2"
        assert f"{len(cut.parts)} parts" in said
        assert said.isprintable()
        assert said.endswith(".")


async def test_an_sms_is_told_by_parts_alphabet_and_octets() -> None:
    assert sms("a" * 160) == Preview(size=140, parts=1, encoding="gsm")
    assert sms("a" * 161).parts == 2
    assert sms("\u041c" * 70) == Preview(size=140, parts=1, encoding="ucs-2")
    assert preview(Refused("the message has no text")) == Preview(parts=0, refused="the message has no text")


TABLES = {
    "sms": {"kind": "http_sms", "profile": "twilio", "options": {}},
    "smpp": {"kind": "smpp", "host": "127.0.0.1", "system_id": "x", "password": "secret"},
    "webhook": {"kind": "webhook", "secrets": ["whsec_" + "bmV3LW5ldy1uZXctbmV3LW5ldy1uZXctbmV3"]},
    "inbox": {"kind": "inbox"},
    "apprise": {"kind": "apprise", "targets": {"ops": "json://127.0.0.1"}},
    "email": {"kind": "email", "host": "127.0.0.1", "sender": "lamp@light.example"},
}
WHERE = {
    "sms": NUMBER,
    "smpp": NUMBER,
    "webhook": Address(value="https://coast.example/hook"),
    "inbox": Address(value="u", associate_id=101),
    "apprise": Address(value="ops"),
    "email": Address(value="keeper@coast.example"),
}


async def test_push_channels_tell_the_payload_and_refuse_what_is_too_long() -> None:
    authority = Authority()
    async with an_apple(authority) as apple, a_google(authority, new_account_key()) as google, a_web(authority) as web:
        ways = (
            (apple.channel, "a1" * 32, apple.server.requests),
            (google.channel, "cZ9-keeper_101:APA91b" + "x" * 120, google.server.server.requests),
            (web.channel, web.service.subscribe().subscription.address, web.service.requests),
        )
        for channel, token, asked in ways:
            assert isinstance(channel, Previewing)
            address = Address(value=token, associate_id=101, device_id=1)
            told = channel.preview(a_letter(address=address, message=a_message(content=a_push())))
            assert not told.refused
            assert 20 < told.size < 1000
            assert channel.preview(a_letter(address=address, message=a_message(content=TOO_LONG))).refused
            assert channel.preview(a_letter(address=Address(value="\ud800", device_id=1))).refused
            assert len(asked) == 0


@pytest.mark.parametrize("name", sorted(TABLES))
async def test_a_channel_tells_and_asks_nobody_whatever_the_content(name: str) -> None:
    tools = some_tools(clock=SystemClock())
    channel = build_channel(name, TABLES[name], tools)
    assert isinstance(channel, Previewing)
    told = channel.preview(a_letter(address=WHERE[name]))
    assert not told.refused
    assert told.size >= len("The lamp is lit.") * 7 // 8
    for content in AWKWARD:
        each = channel.preview(a_letter(address=WHERE[name], message=a_message(content=content)))
        assert isinstance(each, Preview)
    for value in ("", "f00d-token", "a\r\nb", "\x00", "\ud800"):
        letter = a_letter(address=Address(value=value, device_id=1))
        assert isinstance(channel.preview(letter), Preview), value
    if isinstance(channel, AppriseChannel):
        assert channel.crew.pids == []
    await channel.close()
    await tools.transport.close()
