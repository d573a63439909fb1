"""Connections are kept for the next mail, for a while; what the server says of each mail means what the table says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from heliograph.channels.email.channel import EmailChannel
from heliograph.channels.email.settings import EmailSettings
from heliograph.channels.email.standing import FEWEST, WINDOW
from heliograph.core.delivery import Address, Letter
from heliograph.core.outcome import Accepted, Deferred, Gone, Outcome, Refused
from heliograph.core.retry import decide
from heliograph.testing.builders import DAY_MS, a_letter
from heliograph.testing.certificates import Authority
from heliograph.testing.clock import SATURDAY_NOON as NOON
from heliograph.testing.clock import JumpingClock
from heliograph.testing.servers.smtp import HANG_UP, STALL, SmtpServer
from heliograph.testing.tools import some_tools
from heliograph.testing.waiting import until

pytestmark = pytest.mark.anyio

AUTHORITY = Authority()


@pytest.fixture
async def server() -> AsyncIterator[SmtpServer]:
    async with SmtpServer() as running:
        yield running


@asynccontextmanager
async def channel_to(
    server: SmtpServer, clock: JumpingClock | None = None, **changes: Any
) -> AsyncIterator[EmailChannel]:
    plain = {"host": "127.0.0.1", "port": server.port, "security": "none", "sender": "lamp@light.example"}
    settings = EmailSettings(**{**plain, "timeout": 1.0, **changes})
    channel = EmailChannel("mail", settings, some_tools(clock or JumpingClock()))
    try:
        yield channel
    finally:
        await channel.close()


def letter(delivery_id: int = 1, attempt: int = 1) -> Letter:
    return a_letter(address=Address(value="keeper@coast.example"), delivery_id=delivery_id, attempt=attempt)


class TestKept:
    """One conversation carries many mails."""

    async def test_mails_one_after_the_other_share_a_connection(self, server: SmtpServer) -> None:
        async with channel_to(server) as channel:
            for id in range(5):
                assert isinstance(await channel.send(letter(id)), Accepted)
        assert (len(server.mails), server.connections) == (5, 1)

    async def test_at_most_so_many_are_kept(self, server: SmtpServer) -> None:
        async with channel_to(server, kept=2) as channel:
            await asyncio.gather(*(channel.send(letter(id)) for id in range(6)))
            first = server.connections
            await asyncio.gather(*(channel.send(letter(id)) for id in range(2)))
            assert server.connections == first
        assert len(server.mails) == 8

    async def test_after_so_many_mails_a_connection_is_left(self, server: SmtpServer) -> None:
        async with channel_to(server, per_connection=2) as channel:
            for id in range(5):
                await channel.send(letter(id))
        assert (len(server.mails), server.connections) == (5, 3)

    async def test_one_that_is_not_used_is_closed(self, server: SmtpServer) -> None:
        clock = JumpingClock()
        async with channel_to(server, clock, idle=30) as channel:
            await channel.send(letter())
            await clock.jump(31)
            await until(lambda: server.open == 0)
            await channel.send(letter(2))
        assert server.connections == 2

    async def test_a_refused_mail_leaves_the_connection_fit_for_the_next(self, server: SmtpServer) -> None:
        async with channel_to(server) as channel:
            for command in ("RCPT", "DATA", "CONTENT", "MAIL"):
                server.refuse(command, "550 5.6.0 no")
                assert not isinstance(await channel.send(letter()), Accepted)
                assert isinstance(await channel.send(letter(2)), Accepted)
        assert (len(server.mails), server.connections) == (4, 1)

    async def test_one_that_cannot_be_reset_is_left(self, server: SmtpServer) -> None:
        server.refuse("RCPT", "550 5.6.0 no")
        server.refuse("RSET", HANG_UP)
        async with channel_to(server) as channel:
            assert isinstance(await channel.send(letter()), Refused)
            assert isinstance(await channel.send(letter(2)), Accepted)
        assert server.connections == 2

    @pytest.mark.parametrize("fault", [HANG_UP, STALL, "421 4.4.2 idle for too long"])
    async def test_a_kept_one_that_is_dead_costs_no_attempt(self, server: SmtpServer, fault: str) -> None:
        async with channel_to(server, timeout=0.3) as channel:
            await channel.send(letter())
            server.refuse("MAIL", fault)
            assert isinstance(await channel.send(letter(2)), Accepted)
        assert (len(server.mails), server.connections) == (2, 2)

    async def test_a_new_one_that_is_dead_does(self, server: SmtpServer) -> None:
        server.refuse("MAIL", HANG_UP)
        async with channel_to(server) as channel:
            answer = await channel.send(letter())
            assert answer == Deferred("naming the sender: the connection failed")

    async def test_a_mail_that_was_handed_over_is_not_sent_again_in_the_same_try(self, server: SmtpServer) -> None:
        async with channel_to(server) as channel:
            await channel.send(letter())
            server.refuse("CONTENT", HANG_UP)
            answer = await channel.send(letter(2))
            assert isinstance(answer, Deferred)
            assert answer.in_doubt
        assert server.connections == 1

    async def test_a_cancelled_try_keeps_no_connection(self, server: SmtpServer) -> None:
        async with channel_to(server) as channel:
            server.refuse("CONTENT", STALL)
            sending = asyncio.ensure_future(channel.send(letter()))
            await asyncio.sleep(0.1)
            sending.cancel()
            await asyncio.wait([sending])
            assert isinstance(await channel.send(letter(2)), Accepted)
        assert server.connections == 2

    async def test_tls_and_the_sign_in_are_made_once(self, tmp_path: Any) -> None:
        trust = tmp_path / "authority.pem"
        trust.write_bytes(AUTHORITY.pem)
        async with SmtpServer(tls=AUTHORITY.server("127.0.0.1"), users={"lamp": "wick"}) as server:
            changes = {"security": "starttls", "username": "lamp", "password": "wick", "ca_file": trust}
            async with channel_to(server, **changes) as channel:
                for id in range(3):
                    assert isinstance(await channel.send(letter(id)), Accepted)
            assert server.connections == 1
            assert [(mail.secured, mail.user) for mail in server.mails] == [(True, "lamp")] * 3


#: The rules for SMTP answers, each as it is met on the wire: the step, the answer, and what follows.
RULES: dict[str, tuple[str, str, type[Outcome], dict[str, Any]]] = {
    "421: slow the lane": ("RCPT", "421 4.3.2 closing", Deferred, {"lane": True}),
    "450: again": ("RCPT", "450 4.2.1 mailbox busy", Deferred, {}),
    "451: again": ("CONTENT", "451 4.3.0 local error", Deferred, {}),
    "450 4.7.1, greylisted: not before five minutes": ("RCPT", "450 4.7.1 come back", Deferred, {"retry_after": 300.0}),
    "451 4.7.1, greylisted after the mail": ("CONTENT", "451 4.7.1 come back", Deferred, {"retry_after": 300.0}),
    "452 4.5.3, too many recipients: again": ("RCPT", "452 4.5.3 too many recipients", Deferred, {}),
    "552 at RCPT, too many recipients: again": ("RCPT", "552 too many recipients", Deferred, {}),
    "452 4.3.1, disk full: again": ("CONTENT", "452 4.3.1 no space", Deferred, {}),
    "452 4.2.2, mailbox full: again": ("RCPT", "452 4.2.2 mailbox full", Deferred, {}),
    "552 5.2.2, mailbox full: again": ("RCPT", "552 5.2.2 mailbox full", Deferred, {}),
    "454: again": ("MAIL", "454 4.7.0 not now", Deferred, {}),
    "530: our set-up": ("MAIL", "530 5.7.0 sign in first", Deferred, {"pause": True}),
    "535: our set-up": ("MAIL", "535 5.7.8 wrong", Deferred, {"pause": True}),
    "538: our set-up": ("MAIL", "538 5.7.11 encrypt", Deferred, {"pause": True}),
    "550 5.1.1: the address is dead": ("RCPT", "550 5.1.1 no such user", Gone, {}),
    "550 5.1.2: the address is dead": ("RCPT", "550 5.1.2 no such domain", Gone, {}),
    "553 5.1.3: the address is dead": ("RCPT", "553 5.1.3 not an address", Gone, {}),
    "551 5.1.6: the address is dead": ("RCPT", "551 5.1.6 moved", Gone, {}),
    "550 5.1.10: the address is dead": ("RCPT", "550 5.1.10 null MX", Gone, {}),
    "556, null MX: the address is dead": ("RCPT", "556 5.1.10 takes no mail", Gone, {}),
    "550 5.7.1, policy: never, and the address stays": ("RCPT", "550 5.7.1 policy", Refused, {}),
    "554 5.7.1, spam: never, and the address stays": ("CONTENT", "554 5.7.1 spam", Refused, {}),
    "555: never": ("MAIL", "555 5.5.4 parameters", Deferred, {"pause": True}),
    "555 at RCPT: never": ("RCPT", "555 5.5.4 parameters", Refused, {}),
    "500 at DATA: never": ("DATA", "500 5.5.2 what?", Refused, {}),
    "503 at DATA: never": ("DATA", "503 5.5.1 sequence", Refused, {}),
    "550 at MAIL: our set-up": ("MAIL", "550 5.7.1 this sender may not", Deferred, {"pause": True}),
    "lost after the final dot: in doubt": ("CONTENT", HANG_UP, Deferred, {"in_doubt": True}),
}


@pytest.mark.parametrize("rule", RULES)
async def test_each_rule_holds_on_the_wire(server: SmtpServer, rule: str) -> None:
    command, said, kind, expected = RULES[rule]
    server.refuse(command, said)
    async with channel_to(server) as channel:
        answer = await channel.send(letter())
        assert type(answer) is kind
        if isinstance(answer, Deferred):
            facts = {"retry_after": None, "in_doubt": False, "lane": False, "pause": False} | expected
            assert {name: bool(value) if name == "pause" else value for name, value in _facts(answer)} == facts
        assert server.mails == []
        assert isinstance(await channel.send(letter(2)), Accepted)


def _facts(answer: Deferred) -> list[tuple[str, Any]]:
    return [(name, getattr(answer, name)) for name in ("retry_after", "in_doubt", "lane", "pause")]


async def test_250_on_the_final_dot_passes_the_mail_on(server: SmtpServer) -> None:
    async with channel_to(server) as channel:
        answer = await channel.send(letter())
    assert answer == Accepted(
        provider_id=server.mails[0].message["Message-ID"], detail="the server answered 250 2.0.0 Taken"
    )


async def test_a_mail_in_doubt_comes_again_under_the_same_message_id(server: SmtpServer) -> None:
    """RFC 1047: the server may have it; whoever reads it can tell that it is the same."""
    async with channel_to(server) as channel:
        await channel.send(letter())
        server.mails.clear()
        server.refuse("CONTENT", HANG_UP)
        doubtful = await channel.send(letter(2, attempt=1))
        assert isinstance(doubtful, Deferred)
        assert doubtful.in_doubt
        assert channel.traits.retry.resend_in_doubt
        again = await channel.send(letter(2, attempt=2))
        assert isinstance(again, Accepted)
        assert again.provider_id == server.mails[0].message["Message-ID"]


async def test_the_first_wait_is_five_to_fifteen_minutes_and_the_later_ones_thirty_at_least(server: SmtpServer) -> None:
    async with channel_to(server) as channel:
        policy = channel.traits.retry
    for jitter in (0.0, 0.5, 0.999):
        for attempt in range(1, policy.attempts):
            decision = decide(
                policy, Deferred("busy"), attempt=attempt, now=NOON, expires_at=NOON + 30 * DAY_MS, jitter=jitter
            )
            assert decision.due_at is not None
            minutes = (decision.due_at - NOON) / 60_000
            assert 5 <= minutes <= 15 if attempt == 1 else minutes >= 30


class TestStanding:
    """Too many mails taken for spam, and the channel stops before it loses more."""

    async def test_more_than_a_twentieth_refused_pauses_the_channel_and_loses_no_more(self, server: SmtpServer) -> None:
        clock = JumpingClock()
        async with channel_to(server, clock) as channel:
            for _ in range(FEWEST):
                server.refuse("CONTENT", "554 5.7.1 spam")
                assert isinstance(await channel.send(letter()), Refused)
            answer = await channel.send(letter())
            assert isinstance(answer, Deferred)
            assert answer.pause == (
                "the server refused 5 of the last 5 mails as spam or by policy: look into it before more is lost"
            )
            assert server.mails == []
            await clock.jump(WINDOW + 1)
            assert isinstance(await channel.send(letter()), Accepted)

    async def test_a_few_among_many_do_not(self, server: SmtpServer) -> None:
        async with channel_to(server) as channel:
            for id in range(100):
                await channel.send(letter(id))
            for _ in range(FEWEST):
                server.refuse("RCPT", "550 5.7.1 policy")
                assert isinstance(await channel.send(letter()), Refused)
            assert isinstance(await channel.send(letter()), Accepted)

    async def test_dead_addresses_do_not(self, server: SmtpServer) -> None:
        async with channel_to(server) as channel:
            for _ in range(2 * FEWEST):
                server.refuse("RCPT", "550 5.1.1 no such user")
                assert isinstance(await channel.send(letter()), Gone)
            assert isinstance(await channel.send(letter()), Accepted)


async def test_a_client_that_refuses_the_certificate_leaves_the_fake_server_well(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    theirs, strange = tmp_path / "theirs.pem", tmp_path / "strange.pem"
    theirs.write_bytes(AUTHORITY.pem)
    strange.write_bytes(Authority().pem)
    async with SmtpServer(tls=AUTHORITY.server("127.0.0.1")) as server:
        async with channel_to(server, security="starttls", ca_file=strange) as channel:
            refused = await channel.send(letter())
        async with channel_to(server, security="starttls", ca_file=theirs) as channel:
            taken = await channel.send(letter())
    assert (type(refused), type(taken)) == (Deferred, Accepted)
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []
