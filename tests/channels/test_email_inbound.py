"""Mail that comes in: only what carries a token of ours is heard, and then a bounce, an answer or a wish has its effect."""

from __future__ import annotations

import asyncio
import re
import smtplib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import compat32
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heliograph.channels.email.channel import ONE_CLICK, EmailChannel
from heliograph.channels.email.inbound.bounces import REPORTS, Verdict, read_bounce, verdict
from heliograph.channels.email.inbound.hearing import LATER, REFUSED, TAKEN, Hearing
from heliograph.channels.email.inbound.session import MOST_MISTAKES
from heliograph.channels.email.settings import EmailSettings
from heliograph.channels.email.tokens import Kind, Tokens
from heliograph.core.delivery import Report
from heliograph.core.errors import Malformed, NotAuthenticated, Unavailable, UnknownRecipient
from heliograph.core.lifecycle import Happening, State
from heliograph.core.people import Caller, Door
from heliograph.core.reporting import Arrival, ProviderCall
from heliograph.intake.carriers import OutgoingMessage
from heliograph.testing.running import Town, a_town
from heliograph.testing.servers.smtp import SmtpServer
from heliograph.testing.tools import Notebook, some_tools

pytestmark = pytest.mark.anyio

LISTENING = {
    "host": "127.0.0.1",
    "security": "none",
    "sender": "lamp@light.example",
    "bounce_address": "bounces@light.example",
    "reply_address": "re@light.example",
    "unsubscribe_address": "off@light.example",
    "inbound_port": 0,
    "timeout": 1.0,
}
KEEPER = "keeper@coast.example"


def report(status: str = "5.1.1", action: str = "failed", diagnostic: str = "smtp; 550 5.1.1 no such user") -> bytes:
    """What a mail server writes when a mail of ours could not be delivered (RFC 3464)."""
    return (
        "From: MAILER-DAEMON@relay.example\r\nTo: bounces@light.example\r\nSubject: Undelivered Mail Returned\r\n"
        "MIME-Version: 1.0\r\nAuto-Submitted: auto-replied\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nI'm sorry.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\n"
        "Reporting-MTA: dns; relay.example\r\n\r\n"
        f"Final-Recipient: rfc822; {KEEPER}\r\nAction: {action}\r\nStatus: {status}\r\n"
        f"Diagnostic-Code: {diagnostic}\r\n\r\n"
        "--b\r\nContent-Type: text/rfc822-headers\r\n\r\nSubject: Fog\r\n\r\n--b--\r\n"
    ).encode()


def answer(text: str = "On my way.", **fields: str) -> bytes:
    """What a person writes back."""
    message = EmailMessage()
    told = {"From": f"The Keeper <{KEEPER}>", "To": "re@light.example", "Subject": "Re: Fog", "Message-ID": "<7@coast>"}
    for name, value in (told | {name.replace("_", "-"): value for name, value in fields.items()}).items():
        message[name] = value
    message.set_content(text)
    return message.as_bytes().replace(b"\n", b"\r\n")


class Ear:
    """One channel's hearing, and what it handed in."""

    def __init__(self) -> None:
        self.reports: list[Report] = []
        self.arrivals: list[Arrival] = []
        self.known = True
        self.trouble: Exception | None = None
        self.log = Notebook()
        values = {key: value for key, value in LISTENING.items() if key != "kind"}
        self.tokens = Tokens("mail", (b"new" * 11, b"old" * 11))
        self.hearing = Hearing("mail", EmailSettings(**values), self.tokens, some_tools(reports=self, log=self.log))
        self.hearing.take_in = self.take

    async def report(self, channel: str, report: Report) -> bool:
        if self.trouble is not None:
            raise self.trouble
        self.reports.append(report)
        return self.known

    async def adopt(self, channel: str, report: Report) -> bool:
        return False

    async def take(self, channel: str, arrival: Arrival) -> None:
        if self.trouble is not None:
            raise self.trouble
        self.arrivals.append(arrival)

    def address(self, kind: Kind, message_id: int = 17, delivery_id: int = 23) -> str:
        name = {Kind.BOUNCE: "bounces", Kind.REPLY: "re", Kind.UNSUBSCRIBE: "off"}[kind]
        return f"{name}+{self.tokens.make(kind, message_id, delivery_id)}@light.example"

    async def hear(self, kind: Kind, content: bytes, sender: str = "") -> str:
        return await self.hearing.take(sender, self.address(kind), content)

    @property
    def nothing_happened(self) -> bool:
        return not self.reports and not self.arrivals


class TestTokens:
    """Nobody makes one up, and nobody turns one into another."""

    TOKENS = Tokens("mail", (b"k" * 32,))

    @given(st.integers(1, 2**31 - 1), st.integers(1, 2**63 - 1), st.sampled_from(Kind))
    def test_a_token_says_what_it_was_made_for_and_fits_into_an_address(
        self, message_id: int, delivery_id: int, kind: Kind
    ) -> None:
        token = self.TOKENS.make(kind, message_id, delivery_id)
        assert len("x" * 16 + "+" + token) <= 64
        for form in (token, token.upper()):
            meant = self.TOKENS.read(form)
            assert meant is not None
            assert (meant.kind, meant.message_id, meant.delivery_id) == (kind, message_id, delivery_id)

    @given(st.integers(0, 200), st.characters())
    def test_a_token_with_another_letter_is_none(self, place: int, letter: str) -> None:
        token = self.TOKENS.make(Kind.BOUNCE, 17, 23)
        changed = token[: place % len(token)] + letter + token[place % len(token) + 1 :]
        assert changed.lower() == token or self.TOKENS.read(changed) is None

    @given(st.text(max_size=80))
    def test_no_text_is_a_token(self, text: str) -> None:
        assert self.TOKENS.read(text) is None

    def test_another_channels_and_another_gateways_are_none(self) -> None:
        token = self.TOKENS.make(Kind.BOUNCE, 17, 23)
        assert Tokens("other", (b"k" * 32,)).read(token) is None
        assert Tokens("mail", (b"l" * 32,)).read(token) is None

    def test_after_a_change_of_keys_the_old_ones_are_still_read(self) -> None:
        token = self.TOKENS.make(Kind.BOUNCE, 17, 23)
        assert Tokens("mail", (b"n" * 32, b"k" * 32)).read(token) is not None


def forged() -> list[str]:
    """Addresses that are not ours to hear: without a token, with a made-up one, or with a real one in a wrong place."""
    ear = Ear()
    real = ear.address(Kind.BOUNCE)
    local, _, _ = real.partition("@")
    token = local.partition("+")[2]
    kind, message, delivery, proof = token.split("-")
    other = Tokens("mail", (b"z" * 32,)).make(Kind.BOUNCE, 17, 23)
    return [
        "bounces@light.example",
        "bounces+@light.example",
        "bounces+b-1-1@light.example",
        f"bounces+b-1-1-{'a' * 16}@light.example",
        f"bounces+{other}@light.example",
        f"bounces+{kind}-{message}-{int(delivery, 32) + 1}-{proof}@light.example",
        f"bounces+{kind}-1-{delivery}-{proof}@light.example",
        f"bounces+u-{message}-{delivery}-{proof}@light.example",
        f"bounces+r-{message}-{delivery}-{proof}@light.example",
        f"bounces+{kind}-0{message}-{delivery}-{proof}@light.example",
        f"bounces+{token}x@light.example",
        f"bounces+{token[:-1]}@light.example",
        f"bounces+x+{token}@light.example",
        f"re+{token}@light.example",
        f"off+{token}@light.example",
        f"{token}@light.example",
        f"bounces+{token}@other.example",
        f"bounces+{token}@light.example.other.example",
        f"bounces+{token}",
        f"bounces+{token}@",
        "",
        "@",
        "+@",
        "postmaster",
        "postmaster@light.example",
        "bounces+\x00@light.example",
    ]


@pytest.mark.parametrize("recipient", forged())
@pytest.mark.parametrize("content", [report(), answer()], ids=["report", "answer"])
async def test_a_forged_address_changes_nothing(recipient: str, content: bytes) -> None:
    ear = Ear()
    assert not ear.hearing.known(recipient)
    assert await ear.hearing.take("", recipient, content) == REFUSED
    assert ear.nothing_happened


class TestBounces:
    """A report means what the table says."""

    async def test_a_dead_address_is_told_with_the_servers_words(self) -> None:
        ear = Ear()
        assert await ear.hear(Kind.BOUNCE, report()) == TAKEN
        [told] = ear.reports
        assert told == Report(
            happening=Happening.BOUNCED,
            detail="a mail server could not deliver it: 5.1.1 550 5.1.1 no such user",
            message_id=17,
            delivery_id=23,
            gone=True,
        )

    @pytest.mark.parametrize(
        ("action", "status", "means"),
        [
            ("failed", "5.1.1", Verdict.GONE),
            ("failed", "5.1.2", Verdict.GONE),
            ("failed", "5.1.3", Verdict.GONE),
            ("failed", "5.1.6", Verdict.GONE),
            ("failed", "5.1.10", Verdict.GONE),
            ("failed", "5.1.0", Verdict.BOUNCED),
            ("failed", "5.1.8", Verdict.BOUNCED),
            ("failed", "5.2.1", Verdict.BOUNCED),
            ("failed", "5.2.2", Verdict.BOUNCED),
            ("failed", "4.4.7", Verdict.BOUNCED),
            ("failed", "5.7.1", Verdict.BOUNCED),
            ("failed", "5.0.0", Verdict.BOUNCED),
            ("failed", "", Verdict.BOUNCED),
            ("delayed", "4.4.1", Verdict.NOTED),
            ("delivered", "2.0.0", Verdict.ARRIVED),
            ("relayed", "2.0.0", Verdict.NOTED),
            ("expanded", "2.0.0", Verdict.NOTED),
            ("exploded", "5.1.1", None),
        ],
    )
    async def test_each_row(self, action: str, status: str, means: Verdict | None) -> None:
        assert verdict(action, status) is means
        ear = Ear()
        assert await ear.hear(Kind.BOUNCE, report(status, action)) == TAKEN
        told = [(one.happening, one.gone) for one in ear.reports]
        assert (
            told
            == {
                Verdict.GONE: [(Happening.BOUNCED, True)],
                Verdict.BOUNCED: [(Happening.BOUNCED, False)],
                Verdict.ARRIVED: [(Happening.ARRIVED, False)],
                Verdict.NOTED: [(Happening.NOTED, False)],
                None: [],
            }[means]
        )

    def test_every_row_is_met_by_some_report(self) -> None:
        assert {row.action for row in REPORTS} == {"failed", "delayed", "delivered", "relayed", "expanded"}

    async def test_of_several_recipients_the_gravest_counts(self) -> None:
        content = report("2.0.0", "delivered").replace(
            b"\r\n\r\n--b\r\nContent-Type: text/rfc822-headers",
            b"\r\n\r\nFinal-Recipient: rfc822; x\r\nAction: failed\r\nStatus: 5.2.2\r\n\r\n"
            b"--b\r\nContent-Type: text/rfc822-headers",
        )
        ear = Ear()
        await ear.hear(Kind.BOUNCE, content)
        assert [one.happening for one in ear.reports] == [Happening.BOUNCED]

    @pytest.mark.parametrize(
        "content", [answer(), b"", b"\r\n", b"Subject: Delivery failed\r\n\r\n550 5.1.1 no such user\r\n"]
    )
    async def test_what_is_no_report_changes_nothing(self, content: bytes) -> None:
        ear = Ear()
        assert await ear.hear(Kind.BOUNCE, content) == TAKEN
        assert ear.nothing_happened

    async def test_a_store_that_cannot_keep_it_makes_the_mail_server_come_again(self) -> None:
        ear = Ear()
        ear.trouble = Unavailable("The disk is full.")
        assert await ear.hear(Kind.BOUNCE, report()) == LATER
        assert await ear.hear(Kind.REPLY, answer(), KEEPER) == LATER
        assert await ear.hear(Kind.UNSUBSCRIBE, b"\r\n") == LATER

    async def test_words_of_the_server_are_one_short_line(self) -> None:
        ear = Ear()
        await ear.hear(Kind.BOUNCE, report(diagnostic="smtp; \x1b[31m" + "long " * 500))
        assert len(ear.reports[0].detail) < 300
        assert ear.reports[0].detail.isprintable()


class TestReplies:
    """An answer is handed on with what it answers; what a program wrote is not."""

    async def test_it_names_what_it_answers(self) -> None:
        ear = Ear()
        assert await ear.hear(Kind.REPLY, answer("Båten går kl. 7.\r\n\r\n> Fog?"), KEEPER) == TAKEN
        [arrival] = ear.arrivals
        assert (arrival.sender, arrival.subject, arrival.answers) == (KEEPER, "Re: Fog", (17, 23))
        assert arrival.text == "Båten går kl. 7.\n\n> Fog?"
        assert arrival.to_sender
        assert not arrival.company_id

    async def test_the_same_mail_is_the_same_and_another_is_not(self) -> None:
        ear = Ear()
        for content in (answer(), answer(), answer(Message_ID="<8@coast>"), answer().replace(b"Message-ID", b"X-Id")):
            await ear.hear(Kind.REPLY, content, KEEPER)
        marks = [arrival.once for arrival in ear.arrivals]
        assert marks[0] == marks[1]
        assert len(set(marks)) == 3
        assert all(re.fullmatch("mail [0-9a-f]{64}", mark) for mark in marks)

    async def test_html_alone_is_read_and_attachments_are_left_out(self) -> None:
        message = EmailMessage()
        message["From"] = KEEPER
        message["Subject"] = "=?utf-8?q?T=C3=A5ke?="
        message.set_content("<p>On <b>my</b> way</p>", subtype="html")
        message.add_attachment(b"\x00\x01", maintype="image", subtype="png", filename="fog.png")
        ear = Ear()
        await ear.hear(Kind.REPLY, message.as_bytes().replace(b"\n", b"\r\n"), KEEPER)
        [arrival] = ear.arrivals
        assert (arrival.text, arrival.subject) == ("On my way", "Tåke")

    @pytest.mark.parametrize(
        ("sender", "fields"),
        [
            ("", {}),
            (KEEPER, {"Auto_Submitted": "auto-replied"}),
            (KEEPER, {"Auto_Submitted": "auto-generated; x=y"}),
            (KEEPER, {"Precedence": "bulk"}),
            (KEEPER, {"List_Id": "<crew.ship.example>"}),
            (KEEPER, {"X_Autoreply": "yes"}),
        ],
    )
    async def test_an_automatic_answer_is_not_taken_in(self, sender: str, fields: dict[str, str]) -> None:
        ear = Ear()
        assert await ear.hear(Kind.REPLY, answer(**fields), sender) == TAKEN
        assert ear.nothing_happened
        assert ear.log.entries[0][1] == "An automatic answer was not taken in."

    async def test_what_nobody_takes_is_refused(self) -> None:
        ear = Ear()
        ear.trouble = UnknownRecipient()
        assert (await ear.hear(Kind.REPLY, answer(), KEEPER)).startswith("550")

    @pytest.mark.parametrize(
        "subject", [b"=?non\xe6sense?q?a?=", b"=?nonsense?q?a?=", b"=?utf-8?b?!?=", b"=?utf-8?q?=ff?="]
    )
    async def test_a_subject_that_cannot_be_decoded_stops_no_answer(self, subject: bytes) -> None:
        ear = Ear()
        assert await ear.hear(Kind.REPLY, answer().replace(b"Re: Fog", subject), KEEPER) == TAKEN
        assert ear.arrivals[0].text == "On my way."

    @pytest.mark.parametrize("sender", ["not an address", "<>", "a@b@c", "\r\nBcc: x@y.example", "x" * 5000])
    async def test_a_sender_that_is_none_is_said_to_be_unknown(self, sender: str) -> None:
        content = answer().replace(f"The Keeper <{KEEPER}>".encode(), sender.encode())
        ear = Ear()
        assert await ear.hear(Kind.REPLY, content, "also none") == TAKEN
        assert ear.arrivals[0].sender == "unknown"


class TestUnsubscribing:
    """A recipient wants no more, by mail or by one click."""

    async def test_by_mail(self) -> None:
        ear = Ear()
        assert await ear.hear(Kind.UNSUBSCRIBE, b"\r\n", KEEPER) == TAKEN
        [told] = ear.reports
        assert (told.happening, told.gone, told.delivery_id) == (Happening.ARRIVED, True, 23)

    async def test_by_one_click_and_not_by_looking(self) -> None:
        tools = some_tools()
        channel = EmailChannel("mail", EmailSettings(**LISTENING), tools)
        tokens = Tokens("mail", tools.keys_for("tokens in mail addresses"))
        query = f"token={tokens.make(Kind.UNSUBSCRIBE, 17, 23)}"
        [told] = channel.called_back(ProviderCall(query, ONE_CLICK.encode()))
        assert (told.message_id, told.delivery_id, told.gone) == (17, 23, True)
        for body in (b"", b"hello", b"List-Unsubscribe=Maybe"):
            with pytest.raises(Malformed):
                channel.called_back(ProviderCall(query, body))
        for forged_query in ("", "token=", "token=u-1-1-aaaaaaaaaaaaaaaa", f"token={tokens.make(Kind.BOUNCE, 17, 23)}"):
            with pytest.raises(NotAuthenticated):
                channel.called_back(ProviderCall(forged_query, ONE_CLICK.encode()))
        await channel.close()


#: Mails that have broken somebody's parser, or would like to.
HOSTILE: dict[str, bytes] = {
    "nothing": b"",
    "binary": bytes(range(256)) * 100,
    "no head": b"\r\n\r\n\r\n",
    "a head without end": b"Subject: " + b"x" * 100_000,
    "many fields": b"X: y\r\n" * 50_000 + b"\r\n",
    "a field of many folds": b"Subject: a\r\n" + b" b\r\n" * 50_000 + b"\r\n",
    "commas": b"From: " + b"," * 100_000 + b"\r\n\r\n",
    "brackets": b"From: " + b"<" * 100_000 + b"\r\n\r\n",
    "comments": b"From: " + b"(" * 100_000 + b"\r\n\r\n",
    "quotes": b"From: " + b'"\\' * 50_000 + b"\r\n\r\n",
    "encoded words": b"Subject: " + b"=?utf-8?q?" * 10_000 + b"\r\n\r\n",
    "an unknown character set": b"Subject: =?nonsense?q?a?=\r\nContent-Type: text/plain; charset=nonsense\r\n\r\nx",
    "a character set that is a codec": b"Content-Type: text/plain; charset=zip\r\n\r\nx",
    "a null in the character set": b'Content-Type: text/plain; charset="a\x00b"\r\n\r\nx',
    "base64 that is none": b"Content-Transfer-Encoding: base64\r\n\r\n!!!=",
    "an unknown encoding": b"Content-Transfer-Encoding: quoted-unreadable\r\n\r\nx",
    "uuencode": b"Content-Transfer-Encoding: x-uuencode\r\n\r\nbegin 666 x\r\nM" + b"\xff" * 60,
    "a boundary that is empty": b'Content-Type: multipart/mixed; boundary=""\r\n\r\n--\r\n\r\n----\r\n',
    "a boundary that is never met": b'Content-Type: multipart/report; boundary="b"\r\n\r\nx' * 3,
    "parts in parts": b"".join(
        b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (n, n) for n in range(45)
    ),
    "too many boundaries": b"".join(
        b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (n, n) for n in range(5000)
    ),
    "many parts": b'Content-Type: multipart/report; boundary="b"\r\n\r\n' + b"--b\r\n\r\nx\r\n" * 20_000,
    "messages in messages": b"Content-Type: message/rfc822\r\n\r\n" * 2000,
    "many recipients": b"Content-Type: message/delivery-status\r\n\r\n"
    + b"Action: failed\r\nStatus: 5.1.1\r\n\r\n" * 20_000,
    "a report without recipients": b"Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x\r\n\r\n",
    "a report that is text": b"Content-Type: message/delivery-status; x*=y''z\r\nContent-Transfer-Encoding: base64\r\n\r\nQWN0aW9u",
    "parameters without end": b"Content-Type: text/plain" + b"; a=b" * 20_000 + b"\r\n\r\nx",
    "continued parameters": b"Content-Type: text/plain" + b"".join(b"; a*%d=b" % n for n in range(5000)) + b"\r\n\r\nx",
    "html without end": b"Content-Type: text/html\r\n\r\n" + b"<div>" * 100_000,
}


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_hostile_mail_is_answered_and_stops_nobody(name: str) -> None:
    ear = Ear()
    for kind in (Kind.BOUNCE, Kind.REPLY):
        async with asyncio.timeout(60):
            said = await ear.hear(kind, HOSTILE[name], "spy@example.com")
        assert said in (TAKEN, REFUSED)
    assert len(ear.arrivals) <= 1
    assert all(report.delivery_id == 23 for report in ear.reports)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400), st.integers(0, 900))
def test_no_damage_to_a_report_breaks_its_reader(noise: bytes, place: int) -> None:
    content = report()
    damaged = content[:place] + noise + content[place + len(noise) // 2 :]
    bounce = read_bounce(message_from_bytes(damaged, policy=compat32))
    assert bounce is None or bounce.words.isprintable()


# ------------------------------------------------------------------------------------------------------- on the wire


@asynccontextmanager
async def listening(ear: Ear, **changes: Any) -> AsyncIterator[EmailChannel]:
    """A channel that takes mail in and hands it to this ear."""
    channel = EmailChannel("mail", EmailSettings(**LISTENING | changes), some_tools(reports=ear, log=ear.log))
    await channel.listen(ear.take)
    ear.tokens = Tokens("mail", some_tools().keys_for("tokens in mail addresses"))
    try:
        yield channel
    finally:
        await channel.close()


class Client:
    """A client that says what it likes, line by line."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def say(self, *lines: bytes) -> str:
        """Send these, and answer the last line that comes back."""
        self._writer.write(b"".join(lines))
        await self._writer.drain()
        return await self.heard()

    async def heard(self) -> str:
        """One whole answer; empty when the server has hung up."""
        async with asyncio.timeout(60):
            line = await self._reader.readline()
            while line[3:4] == b"-":
                line = await self._reader.readline()
        return line.decode().strip()

    async def dialogue(self, *commands: bytes) -> list[str]:
        return [await self.say(command + b"\r\n") for command in commands]


@asynccontextmanager
async def calling(channel: EmailChannel) -> AsyncIterator[Client]:
    reader, writer = await asyncio.open_connection("127.0.0.1", channel.inbound_port)
    try:
        caller = Client(reader, writer)
        assert (await caller.heard()).startswith("220 ")
        yield caller
    finally:
        writer.close()


class TestListener:
    """What the socket takes, and what it does not."""

    async def test_the_standard_librarys_client_hands_a_bounce_in(self) -> None:
        ear = Ear()
        async with listening(ear) as channel:

            def hand_in() -> dict[str, tuple[int, bytes]]:
                with smtplib.SMTP("127.0.0.1", channel.inbound_port, timeout=60) as client:
                    return client.sendmail("", [ear.address(Kind.BOUNCE)], report(), ["SMTPUTF8", "BODY=8BITMIME"])

            assert await asyncio.to_thread(hand_in) == {}
        assert [one.delivery_id for one in ear.reports] == [23]

    async def test_stuffed_dots_are_undone_and_a_dot_alone_ends(self) -> None:
        ear = Ear()
        async with listening(ear) as channel, calling(channel) as caller:
            to = ear.address(Kind.REPLY).encode()
            await caller.dialogue(b"EHLO x", b"MAIL FROM:<%s>" % KEEPER.encode(), b"RCPT TO:<%s>" % to, b"DATA")
            said = await caller.say(b"From: a@b.example\r\n\r\n..one\r\n...\r\nx.\r\n.\r\n")
            assert said == TAKEN
        assert ear.arrivals[0].text == ".one\n..\nx."

    async def test_commands_may_come_in_one_piece(self) -> None:
        ear = Ear()
        async with listening(ear) as channel, calling(channel) as caller:
            to = ear.address(Kind.BOUNCE).encode()
            await caller.say(b"EHLO x\r\n")
            first = await caller.say(b"MAIL FROM:<>\r\nRCPT TO:<" + to + b">\r\nDATA\r\n")
            assert (first, await caller.heard(), (await caller.heard())[:3]) == ("250 2.1.0 OK", "250 2.1.5 OK", "354")
            assert await caller.say(report() + b".\r\nQUIT\r\n") == TAKEN
            assert (await caller.heard()).startswith("221")

    async def test_one_connection_takes_one_mail_after_the_other(self) -> None:
        ear = Ear()
        async with listening(ear) as channel, calling(channel) as caller:
            await caller.dialogue(b"EHLO x")
            for id in range(3):
                to = ear.address(Kind.BOUNCE, delivery_id=id + 1).encode()
                await caller.dialogue(b"MAIL FROM:<>", b"RCPT TO:<%s>" % to, b"DATA")
                assert await caller.say(report() + b".\r\n") == TAKEN
        assert [one.delivery_id for one in ear.reports] == [1, 2, 3]

    @pytest.mark.parametrize(
        ("commands", "answers"),
        [
            ((b"MAIL FROM:<>",), ("503",)),
            ((b"EHLO x", b"RCPT TO:<a@b>"), ("250", "503")),
            ((b"EHLO x", b"DATA"), ("250", "503")),
            ((b"EHLO x", b"MAIL FROM:<>", b"DATA"), ("250", "250", "503")),
            ((b"EHLO x", b"MAIL FROM:<>", b"MAIL FROM:<>"), ("250", "250", "503")),
            ((b"EHLO x", b"MAIL FROM:<a b>"), ("250", "501")),
            ((b"EHLO x", b"MAIL TO:<a@b>"), ("250", "501")),
            ((b"EHLO x", b"MAIL FROM:<> SIZE=99999999"), ("250", "552")),
            ((b"EHLO x", b"MAIL FROM:<>", b"RCPT TO:<postmaster@light.example>"), ("250", "250", "550")),
            ((b"HELO x", b"NOOP", b"RSET", b"VRFY root", b"HELP", b"AUTH PLAIN x", b"STARTTLS", b""), ("250", "250", "250", "252", "500", "500", "500", "500")),
            ((b"ehlo x", b"mail from:<>", b"rset", b"mail from:<>"), ("250", "250", "250", "250")),
        ],
    )  # fmt: skip
    async def test_each_command_in_its_place(self, commands: tuple[bytes, ...], answers: tuple[str, ...]) -> None:
        ear = Ear()
        async with listening(ear) as channel, calling(channel) as caller:
            assert tuple(said[:3] for said in await caller.dialogue(*commands)) == answers
        assert ear.nothing_happened

    async def test_a_second_recipient_is_asked_to_come_by_itself(self) -> None:
        ear = Ear()
        async with listening(ear) as channel, calling(channel) as caller:
            to = ear.address(Kind.BOUNCE).encode()
            said = await caller.dialogue(b"EHLO x", b"MAIL FROM:<>", b"RCPT TO:<%s>" % to, b"RCPT TO:<%s>" % to)
            assert said[-1] == "452 4.5.3 One recipient at a time"

    @pytest.mark.parametrize(
        "end",
        [b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r\n", b"\r\n.\r", b"\r.\r"],
        ids=["LF.LF", "LF.CRLF", "CRLF.LF", "CR.CRLF", "CRLF.CR", "CR.CR"],
    )
    async def test_no_other_end_of_a_mail_lets_a_second_one_in(self, end: bytes) -> None:
        """SMTP smuggling: what one server takes for text, another must not take for the end of a mail."""
        ear = Ear()
        async with listening(ear, inbound_timeout=1.0) as channel, calling(channel) as caller:
            first, second = (ear.address(Kind.BOUNCE, delivery_id=id).encode() for id in (1, 2))
            await caller.dialogue(b"EHLO x", b"MAIL FROM:<>", b"RCPT TO:<%s>" % first, b"DATA")
            smuggled = b"MAIL FROM:<>\r\nRCPT TO:<%s>\r\nDATA\r\n%s\r\n.\r\n" % (second, report())
            said = await caller.say(report().removesuffix(b"\r\n"), end, smuggled)
            assert said[:3] in ("521", "250")
        assert all(one.delivery_id == 1 for one in ear.reports)
        assert len(ear.reports) <= 1

    @pytest.mark.parametrize("line", [b"NOOP\n", b"EHLO x\nMAIL FROM:<>\r\n"])
    async def test_a_bare_line_feed_ends_the_conversation(self, line: bytes) -> None:
        async with listening(Ear()) as channel, calling(channel) as caller:
            assert (await caller.say(line)).startswith("521")
            assert await caller.heard() == ""

    async def test_a_line_without_end_ends_it_too(self) -> None:
        async with listening(Ear()) as channel, calling(channel) as caller:
            assert (await caller.say(b"x" * 100_000)).startswith("500")
            assert await caller.heard() == ""

    async def test_a_mail_that_is_too_large_is_refused_and_the_next_is_taken(self) -> None:
        ear = Ear()
        async with listening(ear, inbound_size=20_000) as channel, calling(channel) as caller:
            to = b"RCPT TO:<%s>" % ear.address(Kind.BOUNCE).encode()
            await caller.dialogue(b"EHLO x", b"MAIL FROM:<>", to, b"DATA")
            assert (
                await caller.say(b"x" * 70 + b"\r\n", b"y" * 70 + b"\r\n", (b"z" * 70 + b"\r\n") * 300, b".\r\n")
            ).startswith("552")
            await caller.dialogue(b"MAIL FROM:<>", to, b"DATA")
            assert await caller.say(report() + b".\r\n") == TAKEN

    async def test_a_mail_that_is_far_too_large_is_cut_off(self) -> None:
        async with listening(Ear(), inbound_size=20_000) as channel, calling(channel) as caller:
            ear = Ear()
            ear.tokens = Tokens("mail", some_tools().keys_for("tokens in mail addresses"))
            await caller.dialogue(
                b"EHLO x", b"MAIL FROM:<>", b"RCPT TO:<%s>" % ear.address(Kind.BOUNCE).encode(), b"DATA"
            )
            assert (await caller.say((b"z" * 70 + b"\r\n") * 2000)).startswith("552")

    async def test_a_client_that_is_silent_is_let_go(self) -> None:
        async with listening(Ear(), inbound_timeout=0.2) as channel, calling(channel) as caller:
            assert (await caller.heard()).startswith("421 4.4.2")
            assert await caller.heard() == ""

    async def test_a_mail_that_dribbles_is_let_go(self) -> None:
        ear = Ear()
        async with listening(ear, inbound_timeout=0.4) as channel, calling(channel) as caller:
            to = ear.address(Kind.BOUNCE).encode()
            await caller.dialogue(b"EHLO x", b"MAIL FROM:<>", b"RCPT TO:<%s>" % to, b"DATA")
            said = ""
            for _ in range(20):
                try:
                    async with asyncio.timeout(0.1):
                        said = await caller.say(b"x\r\n")
                except TimeoutError:
                    continue
                break
            assert said.startswith("421 4.4.2")

    async def test_a_client_that_errs_too_often_is_let_go(self) -> None:
        async with listening(Ear()) as channel, calling(channel) as caller:
            said = await caller.dialogue(b"EHLO x", *(b"WHAT",) * MOST_MISTAKES)
            assert said[-1].startswith("421 4.7.0")
            assert await caller.heard() == ""

    async def test_so_many_clients_and_no_more(self) -> None:
        async with listening(Ear(), inbound_connections=2) as channel:
            async with calling(channel), calling(channel):
                reader, writer = await asyncio.open_connection("127.0.0.1", channel.inbound_port)
                assert (await reader.readline()).startswith(b"421 4.3.2")
                writer.close()
            await asyncio.sleep(0.05)
            async with calling(channel) as caller:
                assert (await caller.dialogue(b"NOOP")) == ["250 2.0.0 OK"]

    async def test_closing_ends_the_conversations_there_are(self) -> None:
        async with listening(Ear()) as channel, calling(channel) as caller:
            await channel.close()
            assert await caller.heard() == ""

    async def test_without_a_port_nobody_listens(self) -> None:
        quiet = {key: value for key, value in LISTENING.items() if not key.endswith(("_address", "_port"))}
        channel = EmailChannel("mail", EmailSettings(**quiet), some_tools())
        await channel.listen(Ear().take)
        assert channel.inbound_port == 0
        await channel.close()


# -------------------------------------------------------------------------------------------------- a whole gateway


def channels(server: SmtpServer) -> dict[str, dict[str, Any]]:
    mail = {
        "kind": "email",
        **LISTENING,
        "port": server.port,
        "unsubscribe_url": "https://light.example/callbacks/mail",
    }
    return {"inbox": {"kind": "inbox"}, "mail": mail}


async def send(town: Town, caller: Caller | None = None, **text: Any) -> int:
    """A mail to the keeper; its message id."""
    message = OutgoingMessage(**{"to": KEEPER, "content": "Fog?"} | text)
    arguments = {"plugin": "mail", "outgoing_messages": [message]}
    [status] = (await town.app.services.call("SendMessages", arguments, caller or town.caller)).result
    return int(status.messaging_id)


def port_of(town: Town) -> int:
    channel = town.app.channels["mail"]
    assert isinstance(channel, EmailChannel)
    return channel.inbound_port


def hand_in(port: int, sender: str, recipient: str, content: bytes) -> None:
    with smtplib.SMTP("127.0.0.1", port, timeout=60) as client:
        client.sendmail(sender, [recipient], content)


async def state(town: Town, message_id: int) -> State:
    [delivery] = await town.app.store.outbox.deliveries([message_id])
    return delivery.state


async def test_a_bounce_ends_the_delivery_and_the_use_of_its_address(tmp_path: Path) -> None:
    async with SmtpServer() as server, a_town(tmp_path, channels=channels(server)) as town:
        first = await send(town)
        envelope = server.mails[0].sender
        assert re.fullmatch(r"bounces\+b-1-1-[a-z2-7]{16}@light\.example", envelope)
        await asyncio.to_thread(hand_in, port_of(town), "", envelope, report())
        assert await state(town, first) is State.UNDELIVERED
        second = await send(town)
        assert await state(town, second) is State.FAILED
        assert len(server.mails) == 1
        [suppressed] = await town.app.store.suppressions.suppressions("mail", before=None, limit=10)
        assert (suppressed.address, "5.1.1" in suppressed.reason) == (KEEPER, True)


async def test_a_delay_is_noted_and_the_end_of_it_still_counts(tmp_path: Path) -> None:
    async with SmtpServer() as server, a_town(tmp_path, channels=channels(server)) as town:
        sent = await send(town)
        envelope = server.mails[0].sender
        await asyncio.to_thread(hand_in, port_of(town), "", envelope, report("4.4.1", "delayed", "smtp; no answer"))
        [delivery] = await town.app.store.outbox.deliveries([sent])
        assert (delivery.state, delivery.detail) == (State.SENT, "a mail server is still trying: 4.4.1 no answer")
        await asyncio.to_thread(hand_in, port_of(town), "", envelope, report("4.4.7", "failed", "smtp; gave up"))
        assert await state(town, sent) is State.UNDELIVERED
        said = await town.app.store.outbox.receipts([delivery.id])
        assert [one.happening for one in said] == [Happening.NOTED, Happening.BOUNCED]


async def test_an_answer_comes_to_whoever_sent_the_mail_once_and_in_its_thread(tmp_path: Path) -> None:
    async with SmtpServer() as server, a_town(tmp_path, channels=channels(server)) as town:
        asked = await send(town, suggested_session_key="fog")
        reply_to = server.mails[0].message["Reply-To"].addresses[0].addr_spec
        for _ in range(2):
            await asyncio.to_thread(hand_in, port_of(town), KEEPER, reply_to, answer())
        [item] = await town.inbox(1)
        assert (item.title, item.body) == (f"{KEEPER}: Re: Fog", "On my way.")
        assert item.data == {"parent_id": str(asked), "session_key": "fog"}
        assert await state(town, asked) is State.REPLIED
        back = await send(town, content="Good.", parent_messaging_id=item.message_id)
        second = server.mails[1].message
        assert (second["In-Reply-To"], second["References"].split()[-1]) == ("<7@coast>", "<7@coast>")
        assert second["References"].split()[0] == server.mails[0].message["References"]
        assert (await town.get(f"/api/v2/messages/{back}")).json()["parent_id"] == item.message_id
        heard = await town.get(f"/api/v2/messages/{asked}")
        assert heard.json()["follow_ups"][0]["inbound"] is True
        assert heard.json()["status"] == "replied"


async def test_one_click_unsubscribes(tmp_path: Path) -> None:
    async with SmtpServer() as server, a_town(tmp_path, channels=channels(server)) as town:
        await send(town)
        urls = str(server.mails[0].message["List-Unsubscribe"]).split(",")
        target = urls[0].strip(" <>").removeprefix("https://light.example")
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        looked = await town.ask("GET", target)
        assert looked.status == 200
        assert '<button name="List-Unsubscribe" value="One-Click">Unsubscribe</button>' in looked.text
        assert "form-action 'self'" in looked.headers["content-security-policy"]
        assert (await town.ask("GET", target[:-1] + "x")).status == 401
        assert (await town.ask("POST", target[:-1] + "x", form, ONE_CLICK.encode())).status == 401
        assert await town.app.store.suppressions.suppressions("mail", before=None, limit=1) == []
        assert (await town.ask("POST", target, form, ONE_CLICK.encode())).status == 200
        pressed = await town.ask("POST", target, form | {"Accept": "text/html"}, ONE_CLICK.encode())
        assert (pressed.status, "will not write to you any more" in pressed.text) == (200, True)
        assert await state(town, await send(town)) is State.FAILED


async def test_what_a_machine_sent_is_answered_to_nobody_where_nobody_is_named(tmp_path: Path) -> None:
    async with SmtpServer() as server, a_town(tmp_path, channels=channels(server)) as town:
        await send(town, Caller(company_id=1, door=Door.REST))
        reply_to = server.mails[0].message["Reply-To"].addresses[0].addr_spec
        with pytest.raises(smtplib.SMTPDataError, match="Nobody takes this message"):
            await asyncio.to_thread(hand_in, port_of(town), KEEPER, reply_to, answer())
