"""A mail as text, as HTML with a plain half, or written whole by its caller: complete, and never more than was meant."""

from __future__ import annotations

from collections.abc import AsyncIterator
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP, default
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from heliograph.channels.email.addresses import Addresses
from heliograph.channels.email.html import as_text, title
from heliograph.channels.email.mailbox import read_mailbox
from heliograph.channels.email.payload import FORMATS, HTML, WHOLE, Mail, Unfit, mail
from heliograph.channels.email.settings import EmailSettings
from heliograph.channels.email.tokens import Kind, Tokens
from heliograph.channels.email.whole import TAKEN_OUT, whole
from heliograph.channels.registry import build_channel
from heliograph.core.delivery import Address, Letter
from heliograph.core.message import PushType
from heliograph.core.outcome import Accepted, Refused
from heliograph.core.ports import Channel
from heliograph.core.preview import Previewing
from heliograph.testing.builders import a_letter, a_message, a_push, a_text
from heliograph.testing.servers.smtp import SmtpServer
from heliograph.testing.tools import some_tools

pytestmark = pytest.mark.anyio

TOKENS = Tokens("mail", (b"k" * 32,))
KEEPER = "keeper@coast.example"


@pytest.fixture
async def server() -> AsyncIterator[SmtpServer]:
    async with SmtpServer() as running:
        yield running


def settings(**changes: Any) -> dict[str, Any]:
    plain = {"kind": "email", "host": "127.0.0.1", "port": 25, "security": "none", "sender": "lamp@light.example"}
    return {**plain, "kept": 0, "timeout": 1.0, **changes}


def channel_to(server: SmtpServer, **changes: Any) -> Channel:
    return build_channel("mail", settings(port=server.port, **changes), some_tools())


def letter(body: str = "", *, to: str = KEEPER, **text: Any) -> Letter:
    return a_letter(address=Address(value=to), message=a_message(content=a_text(body=body, **text)))


def written(message: Letter, **changes: Any) -> EmailMessage:
    """The mail of a letter, read by the standard library."""
    return read(made(message, **changes))


def made(message: Letter, **changes: Any) -> Mail:
    values = {key: value for key, value in settings(**changes).items() if key != "kind"}
    marks = Addresses(EmailSettings(**values), TOKENS).marks(message, "")
    content = message.message.content
    return whole(message, marks) if getattr(content, "format", "") == WHOLE else mail(message, marks)


def read(mail: Mail) -> EmailMessage:
    message = message_from_bytes(mail.content, policy=SMTP)
    assert isinstance(message, EmailMessage)
    assert message.defects == []
    return message


class TestHtml:
    """HTML travels beside a plain half that is made from it."""

    def test_both_halves_are_there_the_better_one_last(self) -> None:
        page = "<title>Fog at the cape</title><p>Sound the <b>horn</b>: båt!</p>"
        message = written(letter(page, format=HTML))
        assert message.get_content_type() == "multipart/alternative"
        plain, html = message.iter_parts()
        assert (plain.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
        assert plain.get_content().strip() == "Sound the horn: båt!"
        assert html.get_content().strip() == page
        assert message["Subject"] == "Fog at the cape"

    def test_without_a_title_the_subject_is_the_first_line_that_is_read(self) -> None:
        assert written(letter("<style>p{}</style><h1>Fog</h1><p>more", format=HTML))["Subject"] == "Fog"

    @pytest.mark.parametrize(
        ("html", "text"),
        [
            ("", ""),
            ("plain", "plain"),
            ("<p>one</p><p>two</p>", "one\n\ntwo"),
            ("one<br>two<br/>three", "one\ntwo\nthree"),
            ("<ul><li>one</li><li>two</li></ul>", "- one\n- two"),
            ('see <a href="https://coast.example/7">the chart</a>.', "see the chart (https://coast.example/7)."),
            ('<a href="https://coast.example">https://coast.example</a>', "https://coast.example"),
            ('<a href="javascript:alert(1)">click</a>', "click"),
            ("<script>alert(1)</script>seen<style>x</style>", "seen"),
            ("a<!-- hidden -->b", "ab"),
            ("&lt;b&gt; &amp; &euro;&nbsp;5", "<b> & € 5"),
            ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc"),
            ('<img src="x" alt="a lamp">', "a lamp"),
            ("  many \n\n spaces  ", "many spaces"),
            ("<p>unclosed <b>tags", "unclosed tags"),
            ("\x00nul", "\ufffdnul"),
        ],
    )
    def test_what_is_read_is_what_is_seen(self, html: str, text: str) -> None:
        assert as_text(html) == text

    @pytest.mark.parametrize(
        "hostile",
        [
            "<div>" * 100_000,
            "<" * 200_000,
            "<a " * 100_000,
            "<!--" * 100_000,
            "&#x110000;" * 10_000,
            "<![CDATA[" * 50_000,
        ],
        ids=["deep", "brackets", "attributes", "comments", "references", "cdata"],
    )
    def test_a_hostile_page_is_read_at_once(self, hostile: str) -> None:
        assert isinstance(as_text(hostile), str)
        assert isinstance(title(hostile), str)

    @given(st.text())
    def test_any_text_is_read_as_some_page(self, html: str) -> None:
        assert isinstance(as_text(html), str)


class TestWhole:
    """What the caller wrote whole is completed, not changed, and refused where it could mislead."""

    MAIL = "From: captain@ship.example\nTo: Crew <crew@ship.example>\nSubject: Fog\n\nSound the horn.\n.\n..dots\n"

    async def test_it_arrives_as_it_was_written_with_what_it_lacked(self, server: SmtpServer) -> None:
        answer = await channel_to(server).send(letter(self.MAIL, format=WHOLE))
        assert isinstance(answer, Accepted)
        [mail] = server.mails
        assert (mail.sender, mail.recipients) == ("lamp@light.example", (KEEPER,))
        message = mail.message
        assert message["From"] == "captain@ship.example"
        assert message["Sender"] == "lamp@light.example"
        assert message["To"] == "Crew <crew@ship.example>"
        assert message["Date"] == "Sat, 21 Nov 2026 12:00:00 +0000"
        assert message["Message-ID"] == answer.provider_id
        assert mail.content.endswith(b"\r\n\r\nSound the horn.\r\n.\r\n..dots\r\n")

    def test_without_from_it_is_from_us(self) -> None:
        message = written(letter("Subject: Fog\n\nhorn", format=WHOLE), sender_name="The Lamp: båt")
        assert message["From"].addresses[0].display_name == "The Lamp: båt"
        assert message["From"].addresses[0].addr_spec == "lamp@light.example"
        assert message["Sender"] is None

    def test_its_own_message_id_date_and_reply_address_stay(self) -> None:
        own = "Message-ID: <7@ship.example>\nDate: Fri, 20 Nov 2026 12:00:00 +0100\nReply-To: mate@ship.example\n\nx"
        listening = {"reply_address": "re@light.example", "inbound_port": 0}
        message = written(letter(own, format=WHOLE), **listening)
        assert message["Message-ID"] == "<7@ship.example>"
        assert message["Date"].datetime.day == 20
        assert message["Reply-To"] == "mate@ship.example"

    @pytest.mark.parametrize("name", sorted(TAKEN_OUT - {"sender"}))
    def test_fields_that_are_not_the_callers_are_taken_out(self, name: str) -> None:
        message = made(letter(f"Subject: Fog\n{name.title()}: spy@example.com,\n other@example.com\n\nx", format=WHOLE))
        assert b"spy@" not in message.content
        assert b"other@" not in message.content
        assert b"Subject: Fog\r\n" in message.content

    @pytest.mark.parametrize(
        ("text", "why"),
        [
            ("just words", "line 1 is no header field"),
            ("", "line 1 is no header field"),
            ("\nno head", "line 1 is no header field"),
            (" folded: first\n\nx", "line 1 is no header field"),
            ("Subject: a\nnot a field\n\nx", "line 2 is no header field"),
            ("Sub ject: a\n\nx", "line 1 is no header field"),
            ("Subject: a\n \n b\n\nx", "line 2 of the head is blank"),
            ("Subject: båt\n\nx", "encode them by RFC 2047"),
            ("Subject: a\rBcc: spy@example.com\n\nx", "characters that a head cannot have"),
            ("Subject: a\x00\n\nx", "characters that a head cannot have"),
            ("Subject: a\x0b\n\nx", "characters that a head cannot have"),
            ("Subject: a\nsubject: b\n\nx", "subject stands there twice"),
            ("From: a@b.example\nFrom: c@d.example\n\nx", "from stands there twice"),
            ("From: a@b.example, c@d.example\n\nx", "From must be one mail address"),
            ("From: nobody\n\nx", "From must be one mail address"),
            ("From:\n\nx", "From must be one mail address"),
            ("Message-ID: 7\n\nx", "Message-ID is none"),
            ("Resent-To: a@b.example\n\nx", "Resent fields"),
            ("Subject: " + "x" * 998 + "\n\nx", "longer than 998"),
            ("Subject: a\n\n" + "x" * 999, "longer than 998"),
            ("Subject: a\n\nx\ry", "carriage return by itself"),
            ("Subject: a\n\nx\x00y", "NUL"),
            ("Subject: a\n\nbåt", "Content-Transfer-Encoding: 8bit"),
            ("Subject: a\n\n\ud83d", "half of a character"),
            ("X: y\n" * 201 + "\nx", "more than 200 fields"),
        ],
    )
    async def test_what_could_mislead_is_refused_with_the_reason(self, server: SmtpServer, text: str, why: str) -> None:
        answer = await channel_to(server).send(letter(text, format=WHOLE))
        assert isinstance(answer, Refused)
        assert why in answer.detail
        assert server.mails == []

    async def test_eight_bits_go_to_a_server_that_takes_them(self, server: SmtpServer) -> None:
        text = "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\nbåt\n"
        assert isinstance(await channel_to(server).send(letter(text, format=WHOLE)), Accepted)
        [mail] = server.mails
        assert "BODY=8BITMIME" in mail.options
        assert mail.message["MIME-Version"] == "1.0"
        assert mail.message.get_content() == "båt\r\n"

    async def test_eight_bits_do_not_go_to_a_server_that_does_not(self, server: SmtpServer) -> None:
        server.refuse("EHLO", "502 5.5.1 what?")  # and HELO offers nothing
        text = "Content-Transfer-Encoding: 8bit\n\nbåt\n"
        assert await channel_to(server).send(letter(text, format=WHOLE)) == Refused(
            "the server does not take 8-bit mail (8BITMIME)"
        )

    def test_a_signed_body_is_not_touched(self) -> None:
        body = "--x\nContent-Type: text/plain\n\nsigned  \n\n--x--\n\n\n"
        head = 'Content-Type: multipart/signed; boundary="x"\n\n'
        assert made(letter(head + body, format=WHOLE)).content.endswith(body.replace("\n", "\r\n").encode())


class TestMarks:
    """What the channel puts into every head."""

    def test_mails_of_one_session_refer_to_the_same_thread(self) -> None:
        first, second, other, none = (
            written(letter("x", session_key=key))["References"] for key in ("fog", "fog", "lamp", "")
        )
        assert first == second != other
        assert none is None
        assert "fog" not in first

    def test_an_answer_to_a_mail_says_which(self) -> None:
        message = written(letter("x", session_key="fog", reference="<7@coast.example>"))
        assert message["In-Reply-To"] == "<7@coast.example>"
        assert str(message["References"]).endswith(" <7@coast.example>")
        assert written(letter("x", reference="<7@coast>\r\nBcc: a@b.example"))["In-Reply-To"] is None

    def test_another_companys_session_is_another_thread(self) -> None:
        text = a_text(session_key="fog")
        one, two = (
            written(a_letter(address=Address(value=KEEPER), message=a_message(company_id=id, content=text)))
            for id in (1, 2)
        )
        assert one["References"] != two["References"]

    def test_answers_come_to_an_address_that_names_the_mail(self) -> None:
        message = written(letter("x"), reply_address="re@light.example", inbound_port=0)
        local = message["Reply-To"].addresses[0].username
        meant = TOKENS.read(local.removeprefix("re+"))
        assert meant is not None
        assert (meant.kind, meant.message_id, meant.delivery_id) == (Kind.REPLY, 1, 1)

    def test_unsubscribing_is_one_click(self) -> None:
        message = written(letter("x"), unsubscribe_url="https://light.example/callbacks/mail")
        url = str(message["List-Unsubscribe"]).strip("<>")
        base, _, token = url.partition("?token=")
        assert base == "https://light.example/callbacks/mail"
        assert TOKENS.read(token) is not None
        assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"

    @pytest.mark.parametrize(
        ("url", "begins"),
        [
            ("https://x.example/u?a=b", "<https://x.example/u?a=b&token=u-"),
            ("https://x.example/u/{token}/bye", "<https://x.example/u/u-"),
        ],
    )
    def test_the_token_stands_where_the_address_says(self, url: str, begins: str) -> None:
        assert str(written(letter("x"), unsubscribe_url=url)["List-Unsubscribe"]).startswith(begins)

    def test_unsubscribing_by_mail_alone_is_no_click(self) -> None:
        message = written(letter("x"), unsubscribe_address="off@light.example", inbound_port=0)
        assert str(message["List-Unsubscribe"]).startswith("<mailto:off+u-1-1-")
        assert message["List-Unsubscribe-Post"] is None

    @pytest.mark.parametrize(
        "wrong",
        [
            {"unsubscribe_url": "http://x.example"},
            {"unsubscribe_url": "https://x.example/>\r\nBcc: a@b"},
            {"unsubscribe_url": "https://x.example/{token}{token}"},
            {"reply_address": "re@light.example"},
            {"bounce_address": "not an address", "inbound_port": 0},
            {"bounce_address": "a-name-of-17-char@light.example", "inbound_port": 0},
        ],
    )
    def test_settings_that_cannot_work_are_refused(self, wrong: dict[str, Any]) -> None:
        with pytest.raises(ValidationError):
            EmailSettings(host="h", sender="a@b.example", **wrong)

    def test_a_question_brings_the_link_it_is_answered_by(self) -> None:
        push = a_push(type=PushType.QUESTION, title="Fog?", body="Is it foggy?")
        asked = a_letter(address=Address(value=KEEPER), message=a_message(content=push))
        marks = Addresses(EmailSettings(host="h", sender="a@b.example"), TOKENS).marks(
            asked, "https://x.example/answer/7"
        )
        assert "https://x.example/answer/7" in read(mail(asked, marks)).get_content()


class TestInternational:
    """Letters beyond ASCII in a name need a server that knows them; in a domain they do not."""

    async def test_a_name_beyond_ascii_goes_to_a_server_that_knows_smtputf8(self) -> None:
        async with SmtpServer(utf8=True) as server:
            assert isinstance(await channel_to(server).send(letter("Fog", to="båt@kyst.example")), Accepted)
            [mail] = server.mails
            assert mail.recipients == ("båt@kyst.example",)
            assert "SMTPUTF8" in mail.options
            assert "To: båt@kyst.example".encode() in mail.content

    async def test_a_server_that_does_not_is_not_tried(self, server: SmtpServer) -> None:
        answer = await channel_to(server).send(letter("Fog", to="båt@kyst.example"))
        assert answer == Refused("the server does not take addresses beyond ASCII (SMTPUTF8)")

    async def test_a_domain_beyond_ascii_goes_anywhere(self, server: SmtpServer) -> None:
        channel = channel_to(server)
        address = await channel.resolve(1, "keeper@kystvær.example", "")
        assert isinstance(await channel.send(letter("Fog", to=address.value)), Accepted)
        assert server.mails[0].recipients == ("keeper@xn--kystvr-tua.example",)


async def test_a_mail_larger_than_the_server_takes_is_not_handed_over() -> None:
    async with SmtpServer(size=2000) as server:
        answer = await channel_to(server).send(letter("x" * 5000))
        assert isinstance(answer, Refused)
        assert "the server takes 2000" in answer.detail
        assert isinstance(await channel_to(server).send(letter("x")), Accepted)
        assert any(option.startswith("SIZE=") for option in server.mails[0].options)


async def test_a_preview_tells_the_size_or_why_not(server: SmtpServer) -> None:
    channel = channel_to(server)
    assert isinstance(channel, Previewing)
    told = channel.preview(letter("Fog"))
    await channel.send(letter("Fog"))
    assert told.size == len(server.mails[0].content)
    assert "no header field" in channel.preview(letter("Fog", format=WHOLE)).refused


async def test_as_a_second_way_it_reaches_a_user_by_the_mail_address(server: SmtpServer) -> None:
    assert channel_to(server).traits.addressed_by == "email"


async def test_the_formats_are_those_that_the_channel_tells(server: SmtpServer) -> None:
    assert channel_to(server).traits.formats == FORMATS == ("text/plain", "text/html", "smtp/rfc822")


#: What people and programs write into a line: words, and everything that means something to a mail server.
AWKWARD = st.one_of(
    st.text(max_size=40),
    st.sampled_from(
        ["\r\nBcc: spy@example.com\r\n", "\r\n\r\n", "\r\n.\r\n", "\n.\n", "\x00", "\ud83d", "=?utf-8?q?=0D=0ABcc?=", "\u2028", "<", ">", ",", ";", '"', "a@b.example"]
    ),
)  # fmt: skip
LINES = st.lists(AWKWARD, max_size=6).map("".join)
NAMES = {
    "from", "sender", "to", "subject", "date", "message-id", "content-type", "content-transfer-encoding", "mime-version",
    "reply-to", "references", "in-reply-to", "list-unsubscribe", "list-unsubscribe-post",
}  # fmt: skip


@given(st.one_of(st.text(max_size=80), st.tuples(LINES, LINES).map("@".join)))
def test_whatever_is_taken_for_an_address_can_stand_in_a_command(text: str) -> None:
    address = read_mailbox(text)
    assert address == read_mailbox(address)
    assert not set(address) & set('\r\n\x00 <>,;:()[]"\\\u2028\u202e')
    assert address.isprintable()


@given(body=LINES, sender=LINES, key=LINES, format=st.sampled_from(["", "text/plain", HTML]), name=LINES)
def test_nothing_a_caller_writes_becomes_a_field_or_another_mail(
    body: str, sender: str, key: str, format: str, name: str
) -> None:
    shown = "".join(letter for letter in name if letter.isprintable())[:100]
    made_mail = made(letter(body, sender=sender, session_key=key, format=format), sender_name=shown)
    head = made_mail.content.partition(b"\r\n\r\n")[0]
    fields = [line.partition(b":")[0].decode().lower() for line in head.split(b"\r\n") if line[:1] not in (b" ", b"\t")]
    assert set(fields) <= NAMES
    assert len(fields) == len(set(fields))
    assert (
        made_mail.content.replace(b"\r\n", b"").count(b"\r")
        == made_mail.content.replace(b"\r\n", b"").count(b"\n")
        == 0
    )
    message = message_from_bytes(made_mail.content, policy=default)
    assert [address.addr_spec for address in message["To"].addresses] == [KEEPER]
    assert len(message["From"].addresses) == 1


@given(head=LINES, body=LINES)
def test_a_whole_message_is_completed_or_refused_and_never_more(head: str, body: str) -> None:
    try:
        content = made(letter(f"Subject: {head}\n\n{body}", format=WHOLE)).content
    except Unfit:
        return
    shown = content.partition(b"\r\n\r\n")[0].lower()
    assert b"\r\nbcc:" not in shown
    assert content.replace(b"\r\n", b"").count(b"\r") == content.replace(b"\r\n", b"").count(b"\n") == 0
