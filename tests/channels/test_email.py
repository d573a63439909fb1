"""Mail arrives as mail should look, and each answer of the server means what the table says."""

# ruff: noqa: RUF001 - a digit from another alphabet is one of the hostile addresses

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path

import pytest
from pydantic import ValidationError

from heliograph.channels.email.answers import ANSWERS, GREYLIST_WAIT, Meaning, Step, meaning, outcome
from heliograph.channels.email.channel import SCHEDULE, EmailChannel
from heliograph.channels.email.mailbox import is_mailbox
from heliograph.channels.email.payload import SUBJECT, subject
from heliograph.channels.email.settings import EmailSettings
from heliograph.core.delivery import Address, Letter
from heliograph.core.errors import BadSetting, InvalidArgument
from heliograph.core.outcome import Accepted, Deferred, Gone, Refused
from heliograph.testing.builders import a_letter, a_message, a_push, a_text
from heliograph.testing.certificates import Authority
from heliograph.testing.servers.smtp import HANG_UP, STALL, SmtpServer
from heliograph.testing.tools import some_tools

pytestmark = pytest.mark.anyio

AUTHORITY = Authority()


@pytest.fixture
async def server() -> AsyncIterator[SmtpServer]:
    async with SmtpServer() as running:
        yield running


def channel_to(server: SmtpServer, **changes: object) -> EmailChannel:
    """One that keeps no connection; see test_email_connections.py for those that do."""
    plain = {"host": "127.0.0.1", "port": server.port, "security": "none", "sender": "lamp@light.example", "kept": 0}
    return EmailChannel("mail", EmailSettings(**{**plain, "timeout": 1.0, **changes}), some_tools())


def mail_to_keeper(**changes: object) -> Letter:
    return a_letter(address=Address(value="keeper@coast.example"), **changes)


def texted(**changes: object) -> Letter:
    return mail_to_keeper(message=a_message(content=a_text(**changes)))


async def test_a_text_arrives_as_plain_mail(server: SmtpServer) -> None:
    answer = await channel_to(server, sender_name="The Lamp").send(texted(body="Fog ahead.\nSound the horn: båt!"))

    assert isinstance(answer, Accepted)
    assert answer.detail == "the server answered 250 2.0.0 Taken"
    [mail] = server.mails
    assert (mail.sender, mail.recipients) == ("lamp@light.example", ("keeper@coast.example",))
    message = mail.message
    assert message["From"] == "The Lamp <lamp@light.example>"
    assert message["To"] == "keeper@coast.example"
    assert message["Message-ID"] == answer.provider_id
    assert message["Subject"] == "Fog ahead."
    assert message["Date"] == "Sat, 21 Nov 2026 12:00:00 +0000"
    assert message.get_content_type() == "text/plain"
    assert message.get_content().splitlines() == ["Fog ahead.", "Sound the horn: båt!"]
    assert mail.content.isascii()


async def test_a_push_brings_its_title_as_subject_and_its_link_below(server: SmtpServer) -> None:
    push = a_push(title="Fog", body="Sound the horn", url="https://coast.example/7")

    await channel_to(server).send(mail_to_keeper(message=a_message(content=push)))

    message = server.mails[0].message
    assert message["Subject"] == "Fog"
    assert message.get_content().split() == ["Sound", "the", "horn", "https://coast.example/7"]


async def test_every_attempt_has_the_same_message_id_and_every_delivery_its_own(server: SmtpServer) -> None:
    channel = channel_to(server)
    for letter in (mail_to_keeper(attempt=1), mail_to_keeper(attempt=2), mail_to_keeper(delivery_id=2)):
        await channel.send(letter)

    first, again, other = (mail.message["Message-ID"] for mail in server.mails)
    assert first == again != other
    assert first.endswith("@light.example>")


async def test_a_message_from_a_mail_address_is_from_it_with_us_as_sender(server: SmtpServer) -> None:
    await channel_to(server).send(texted(sender="captain@ship.example"))

    [mail] = server.mails
    assert mail.message["From"] == "captain@ship.example"
    assert mail.message["Sender"] == "lamp@light.example"
    assert mail.sender == "lamp@light.example"


@pytest.mark.parametrize("hostile", ["Lighthouse", "a@b\r\nBcc: spy@example.com", "a@b, c@d", "<a@b>", "a@b\x00"])
async def test_a_message_from_anything_else_is_from_us(server: SmtpServer, hostile: str) -> None:
    await channel_to(server).send(texted(sender=hostile))

    message = server.mails[0].message
    assert message["From"] == "lamp@light.example"
    assert message["Bcc"] is None


@pytest.mark.parametrize(
    ("body", "line"),
    [
        ("one\ntwo", "one"),
        ("\n \n third", "third"),
        ("", ""),
        ("x" * 78, "x" * 78),
        ("x" * 79, "x" * 77 + "…"),
        ("word " * 40, ("word " * 15 + "wo") + "…"),
        ("tab\tand \x00 nul \x1b[31m", "tab and nul [31m"),
        ("a\u2028b", "a"),
        ("\u202egnirts", "gnirts"),
    ],
)
def test_a_subject_is_the_first_line_cut_to_78_characters(body: str, line: str) -> None:
    assert subject(a_text(body=body)) == line
    assert len(line) <= SUBJECT


async def test_nothing_in_a_message_can_add_a_header_or_end_the_mail(server: SmtpServer) -> None:
    nasty = "Subject\r\nBcc: spy@example.com\r\n.\r\nMAIL FROM:<spy@example.com>\r\n..\r\n\x00 \ud83d end"

    await channel_to(server).send(texted(body=nasty))
    await channel_to(server).send(mail_to_keeper(message=a_message(content=a_push(title=nasty))))

    assert len(server.mails) == 2
    for mail in server.mails:
        assert mail.message["Bcc"] is None
        assert mail.recipients == ("keeper@coast.example",)
    lines = server.mails[0].message.get_content().splitlines()
    assert lines[:5] == ["Subject", "Bcc: spy@example.com", ".", "MAIL FROM:<spy@example.com>", ".."]
    assert lines[5] == "\ufffd ? end"


async def test_a_long_text_of_long_lines_arrives_whole(server: SmtpServer) -> None:
    body = ("ö" * 5000 + "\n") * 20

    await channel_to(server).send(texted(body=body))

    assert server.mails[0].message.get_content().replace("\r\n", "\n").strip() == body.strip()
    assert max(len(line) for line in server.mails[0].content.split(b"\r\n")) <= 998


class TestSecurity:
    """TLS is checked for the server's name, and passwords travel inside it only."""

    @pytest.fixture
    def trust(self, tmp_path: Path) -> Path:
        file = tmp_path / "authority.pem"
        file.write_bytes(AUTHORITY.pem)
        return file

    @pytest.mark.parametrize(("security", "implicit"), [("starttls", False), ("tls", True)])
    async def test_mail_goes_over_tls_signed_in(self, trust: Path, security: str, implicit: bool) -> None:
        tls = AUTHORITY.server("127.0.0.1")
        async with SmtpServer(tls=tls, implicit=implicit, users={"lamp": "wick and oil"}) as server:
            channel = channel_to(server, security=security, username="lamp", password="wick and oil", ca_file=trust)
            assert isinstance(await channel.send(mail_to_keeper()), Accepted)
            assert (server.mails[0].secured, server.mails[0].user) == (True, "lamp")
            assert (await channel.check()).sentence == "The server answered and signed us in."

    async def test_a_wrong_password_pauses_the_channel_and_is_not_shown(self, trust: Path) -> None:
        async with SmtpServer(tls=AUTHORITY.server("127.0.0.1"), users={"lamp": "wick and oil"}) as server:
            channel = channel_to(server, security="starttls", username="lamp", password="wrong-one", ca_file=trust)
            answer = await channel.send(mail_to_keeper())
            assert isinstance(answer, Deferred)
            assert answer.pause.startswith("signing in: the server answered 535")
            assert "wrong-one" not in f"{answer}{await channel.check()}{channel!r}"
            assert server.mails == []

    @pytest.mark.parametrize(("security", "implicit"), [("starttls", False), ("tls", True)])
    async def test_a_certificate_for_another_name_pauses_the_channel(
        self, trust: Path, security: str, implicit: bool
    ) -> None:
        async with SmtpServer(tls=AUTHORITY.server("other.example"), implicit=implicit) as server:
            answer = await channel_to(server, security=security, ca_file=trust).send(mail_to_keeper())
            assert isinstance(answer, Deferred)
            assert "certificate is not valid" in answer.pause
            assert server.mails == []

    async def test_a_server_without_starttls_pauses_the_channel_and_gets_nothing(self, server: SmtpServer) -> None:
        answer = await channel_to(server, security="starttls").send(mail_to_keeper())
        assert isinstance(answer, Deferred)
        assert "does not offer it" in answer.pause
        assert server.mails == []

    def test_a_password_is_never_sent_in_the_open(self) -> None:
        with pytest.raises(ValidationError, match="in the open"):
            EmailSettings(host="h", sender="a@b.example", security="none", username="lamp", password="x")

    async def test_an_authority_file_that_is_none_is_a_bad_setting(self, server: SmtpServer, tmp_path: Path) -> None:
        with pytest.raises(BadSetting, match=r"^channels\.mail\.ca_file: .*nothing.pem cannot be read \(No such file"):
            channel_to(server, ca_file=tmp_path / "nothing.pem")
        (tmp_path / "other.pem").write_text("a letter")
        with pytest.raises(
            BadSetting, match=r"^channels\.mail\.ca_file: .*other.pem cannot be read \(it holds no cert"
        ):
            channel_to(server, ca_file=tmp_path / "other.pem")


ROWS = [
    (Step.CONNECT, 421, "4.3.2 shutting down", Meaning.SLOWER),
    (Step.CONTENT, 421, "timeout", Meaning.SLOWER),
    (Step.CONNECT, 554, "no SMTP service here", Meaning.SET_UP),
    (Step.CONNECT, 450, "busy", Meaning.AGAIN),
    (Step.TLS, 501, "no", Meaning.SET_UP),
    (Step.TLS, 454, "4.7.0 TLS not available", Meaning.AGAIN),
    (Step.SIGN_IN, 535, "5.7.8 wrong", Meaning.SET_UP),
    (Step.SIGN_IN, 534, "5.7.9 too weak", Meaning.SET_UP),
    (Step.SIGN_IN, 538, "5.7.11 encrypt", Meaning.SET_UP),
    (Step.SIGN_IN, 504, "5.5.4 mechanism", Meaning.SET_UP),
    (Step.SIGN_IN, 454, "4.7.0 later", Meaning.AGAIN),
    (Step.SENDER, 530, "5.7.0 sign in first", Meaning.SET_UP),
    (Step.SENDER, 550, "5.7.1 sender not allowed", Meaning.SET_UP),
    (Step.SENDER, 552, "5.3.4 too big", Meaning.NEVER),
    (Step.SENDER, 451, "4.3.0 later", Meaning.AGAIN),
    (Step.RECIPIENT, 450, "4.7.1 greylisted", Meaning.GREYLISTED),
    (Step.RECIPIENT, 451, "4.7.1 greylisted", Meaning.GREYLISTED),
    (Step.CONTENT, 451, "4.7.650 slow down", Meaning.GREYLISTED),
    (Step.RECIPIENT, 450, "4.2.1 mailbox busy", Meaning.AGAIN),
    (Step.RECIPIENT, 452, "4.5.3 too many recipients", Meaning.AGAIN),
    (Step.RECIPIENT, 552, "too many recipients", Meaning.AGAIN),
    (Step.RECIPIENT, 452, "4.2.2 mailbox full", Meaning.AGAIN),
    (Step.RECIPIENT, 552, "5.2.2 mailbox full", Meaning.AGAIN),
    (Step.CONTENT, 552, "5.2.2 mailbox full", Meaning.AGAIN),
    (Step.CONTENT, 452, "4.3.1 disk full", Meaning.AGAIN),
    (Step.CONTENT, 552, "5.3.4 too big", Meaning.NEVER),
    (Step.RECIPIENT, 530, "5.7.0 sign in first", Meaning.SET_UP),
    (Step.RECIPIENT, 550, "5.1.1 no such user", Meaning.GONE),
    (Step.RECIPIENT, 550, "5.1.1", Meaning.GONE),
    (Step.RECIPIENT, 550, "5.1.2 no such domain", Meaning.GONE),
    (Step.RECIPIENT, 553, "5.1.3 bad address", Meaning.GONE),
    (Step.RECIPIENT, 551, "5.1.6 moved", Meaning.GONE),
    (Step.RECIPIENT, 556, "no mail here", Meaning.GONE),
    (Step.RECIPIENT, 550, "5.1.10 null MX", Meaning.GONE),
    (Step.RECIPIENT, 550, "5.1.8 sender's domain", Meaning.NEVER),
    (Step.RECIPIENT, 550, "5.1.11 something else", Meaning.NEVER),
    (Step.RECIPIENT, 550, "no such user, perhaps", Meaning.NEVER),
    (Step.RECIPIENT, 554, "5.7.1 policy", Meaning.POLICY),
    (Step.CONTENT, 550, "5.7.1 spam", Meaning.POLICY),
    (Step.CONTENT, 554, "5.7.1 spam", Meaning.POLICY),
    (Step.CONTENT, 554, "5.6.0 no mail", Meaning.NEVER),
    (Step.RECIPIENT, 501, "5.5.4 syntax", Meaning.NEVER),
    (Step.RECIPIENT, 555, "parameters", Meaning.NEVER),
    (Step.RECIPIENT, 503, "sequence", Meaning.NEVER),
    (Step.CONTENT, 299, "what?", Meaning.AGAIN),
]


@pytest.mark.parametrize(("step", "code", "text", "meant"), ROWS)
def test_an_answer_means_what_the_table_says(step: Step, code: int, text: str, meant: Meaning) -> None:
    said = f"{step}: the server answered {code} {text}"
    expected = {
        Meaning.AGAIN: Deferred(said),
        Meaning.GREYLISTED: Deferred(said, retry_after=GREYLIST_WAIT),
        Meaning.SLOWER: Deferred(said, lane=True),
        Meaning.SET_UP: Deferred(said, pause=said),
        Meaning.NEVER: Refused(said),
        Meaning.POLICY: Refused(said),
        Meaning.GONE: Gone(said),
    }
    assert meaning(step, code, text) is meant
    assert outcome(step, code, text) == expected[meant]


def test_every_row_of_the_table_is_the_answer_to_some_test() -> None:
    """Each row is the first to fit at least one of the answers above, so none stands there for nothing."""
    used = set()
    for step, code, text, _ in ROWS:
        for number, row in enumerate(ANSWERS):
            enhanced = text.split()[0] if text[0].isdigit() else ""
            fits = row.enhanced in ("", enhanced) or (row.enhanced.endswith(".") and enhanced.startswith(row.enhanced))
            if row.first <= code <= row.last and row.step in (None, step) and fits:
                used.add(number)
                break
    assert used == set(range(len(ANSWERS)))


@pytest.mark.parametrize(
    ("command", "answer", "expected"),
    [
        ("CONNECT", "554 go away", Deferred),
        ("EHLO", "421 4.3.2 closing", Deferred),
        ("MAIL", "451 4.3.0 later", Deferred),
        ("RCPT", "550 5.1.1 no such user", Gone),
        ("RCPT", "550 5.7.1 policy", Refused),
        ("DATA", "554 5.7.1 no", Refused),
        ("CONTENT", "552 5.3.4 too big", Refused),
    ],
)
async def test_a_refusal_on_the_wire_is_the_outcome_of_the_table(
    server: SmtpServer, command: str, answer: str, expected: type
) -> None:
    server.refuse(command, answer)
    channel = channel_to(server)

    assert isinstance(await channel.send(mail_to_keeper()), expected)
    assert server.mails == []
    assert isinstance(await channel.send(mail_to_keeper()), Accepted)


@pytest.mark.parametrize("fault", [HANG_UP, STALL])
@pytest.mark.parametrize(
    ("command", "in_doubt"), [("CONNECT", False), ("EHLO", False), ("MAIL", False), ("RCPT", False), ("CONTENT", True)]
)
async def test_only_a_mail_that_was_handed_over_is_in_doubt(
    server: SmtpServer, command: str, in_doubt: bool, fault: str
) -> None:
    server.refuse(command, fault)

    answer = await channel_to(server, timeout=0.3).send(mail_to_keeper())

    assert isinstance(answer, Deferred)
    assert answer.in_doubt is in_doubt
    assert not answer.pause


async def test_a_server_that_is_away_is_waited_for(server: SmtpServer) -> None:
    answer = await channel_to(server, port=1).send(mail_to_keeper())

    assert answer == Deferred("connecting: the connection failed", unreachable=True)


async def test_a_rude_goodbye_does_not_undo_what_was_taken(server: SmtpServer) -> None:
    server.refuse("QUIT", HANG_UP)

    assert isinstance(await channel_to(server).send(mail_to_keeper()), Accepted)


async def test_many_at_once_all_arrive(server: SmtpServer) -> None:
    channel = channel_to(server)

    answers = await asyncio.gather(*(channel.send(mail_to_keeper(delivery_id=n)) for n in range(30)))

    assert all(isinstance(answer, Accepted) for answer in answers)
    assert len({mail.message["Message-ID"] for mail in server.mails}) == 30


def test_tries_span_four_to_five_days() -> None:
    assert 4 * 86400 < sum(SCHEDULE) < 5 * 86400
    assert all(earlier <= later for earlier, later in pairwise(SCHEDULE))


GOOD = ["keeper@coast.example", "a@b", "first.last+tag@sub.coast.example", "o'neil@x.example", "!#$%&'*+/=?^_`{|}~-@x.example"]  # fmt: skip
BAD = [
    "", "@", "keeper", "keeper@", "@coast.example", "a b@c.example", "a@b c", "a@@b", "a@b@c", ".a@b", "a.@b", "a..b@c",
    "a@-b", "a@b-", "a@b..c", "a@.b", "a@b.", '"quoted"@b', "a(comment)@b", "<a@b>", "A <a@b>", "a@b,c@d", "a@b;", "a@b\r\n",
    "a@b\nRCPT TO:<c@d>", "a\r@b", "a\x00@b", "a@b\x00", "a@[127.0.0.1]", "\u202ea@b.example", "a\u200b@b.example", "a\xa0b@c.example", "😀@b.example",
    "ö" * 33 + "@b.example", "a@ö..example", "a@-ö.example", "a@xn--\ud800.example", "\ud800@b.example",
    "x" * 65 + "@b.example", "a@" + "x" * 64 + ".example", "a@" + "x." * 126 + "x", " a@b", "a@b ", "a@b\u2028",
]  # fmt: skip


@pytest.mark.parametrize("address", GOOD)
async def test_a_plain_mail_address_is_taken_as_it_is(server: SmtpServer, address: str) -> None:
    assert await channel_to(server).resolve(1, address, "") == Address(value=address)


@pytest.mark.parametrize(
    ("written", "used"),
    [
        ("Keeper@Coast.Example", "Keeper@coast.example"),
        ("a@BÜCHER.example", "a@xn--bcher-kva.example"),
        ("a@straße.example", "a@xn--strae-oqa.example"),  # not strasse.example, which is somebody else's
        ("a@１.example", "a@1.example"),
        ("båt@kyst.example", "båt@kyst.example"),
        ("ba\u030at@kyst.example", "båt@kyst.example"),
        ("иван@пример.example", "иван@xn--e1afmkfd.example"),
    ],
)
async def test_an_international_address_is_taken_in_the_form_it_is_used(
    server: SmtpServer, written: str, used: str
) -> None:
    assert await channel_to(server).resolve(1, written, "") == Address(value=used)


@pytest.mark.parametrize("address", BAD)
async def test_anything_else_in_to_is_refused_at_once(server: SmtpServer, address: str) -> None:
    assert not is_mailbox(address)
    with pytest.raises(InvalidArgument) as refusal:
        await channel_to(server).resolve(1, address, "")
    assert refusal.value.fields[0].field == "To"


async def test_a_device_token_instead_of_an_address_is_refused_and_stops_nobody_else(server: SmtpServer) -> None:
    """A user chooses the token, so it must not be able to pause the channel."""
    answer = await channel_to(server).send(a_letter(address=Address(value="f00d-token")))

    assert answer == Refused("the address is not a mail address")
