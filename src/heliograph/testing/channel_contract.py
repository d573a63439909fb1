"""The suite any channel, built in or from a package, must pass: subclass `ChannelContract` and say what to test.

The tests are coroutines: mark the subclass for your runner, for instance with
`pytestmark = pytest.mark.anyio` in its module. docs/adding-a-channel.md shows one being written.
"""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any

from msgspec.structs import replace

from heliograph.channels.plugin import Plugin
from heliograph.config.load import is_secret
from heliograph.config.settings import Area
from heliograph.core.delivery import Address, Letter
from heliograph.core.errors import InvalidArgument
from heliograph.core.message import Content, PushType
from heliograph.core.outcome import Accepted, Deferred, Gone, Refused
from heliograph.core.ports import Channel, Check, Traits
from heliograph.testing.builders import a_letter, a_message, a_push, a_text

#: What nobody's address looks like on any channel.
NONSENSE = ("", " ", "\x00", "\r\n", "a\r\nb", "a\nb", "a\x00b", "\x1b[31m", "x" * 100_000)

#: Contents that have broken someone's channel before.
AWKWARD: tuple[Content, ...] = (
    a_text(sender="", to="", body=""),
    a_text(body="line\r\n.\r\nline\x00end"),
    a_text(sender="a\r\nb: c", body="half a pair \ud83d"),
    a_text(body="\u202eright to left \u2066 \U0001f5fc \u0301"),
    a_text(body="long " * 20_000),
    a_push(title="", body=""),
    a_push(title="a\r\nb\x00\udc00", data={"": "", "k\r\n": "v\x00"}),
    *(a_push(type=kind, url="https://coast.example/?a=b&c=<d>", record_id=-1) for kind in PushType),
    a_push(silent=True, display_seconds=2**31, date="2026-11-21T12:00:00", duration="PT1H"),
)

Happening = Callable[[], Awaitable[None] | None]


@dataclass(kw_only=True)
class Subject:
    """What the suite is to test."""

    plugin: Plugin
    channel: Channel
    to: str  # a To that resolves, to an address the provider takes
    nonsense: tuple[str, ...] = ()  # what a To must not be on this channel, beside NONSENSE
    company_id: int = 1
    secrets: tuple[str, ...] = ()  # what must appear nowhere
    bodies: Mapping[str, str] = field(default_factory=dict)  # formats that plain words do not fit, and what does
    failures: tuple[Happening, ...] = ()  # each makes the provider fail the next send
    requests: Callable[[], int] = lambda: 0  # how often the provider was reached so far


class ChannelContract:
    """Subclass it, and give a fresh subject from `open`."""

    def open(self) -> AbstractAsyncContextManager[Subject]:
        """A subject with a channel that has not been used, its provider running."""
        raise NotImplementedError("say what to test")

    async def test_the_plugin_says_what_it_is(self) -> None:
        """Kind and description are fit for a settings file and a list."""
        async with self.open() as subject:
            plugin = subject.plugin
            assert re.fullmatch(r"[a-z][a-z0-9_-]*", plugin.kind), plugin.kind
            assert _is_one_sentence(plugin.description), plugin.description
            assert issubclass(plugin.settings, Area)

    async def test_every_setting_is_described_and_every_secret_is_kept_as_one(self) -> None:
        """The reference page and the log can rely on the model."""
        async with self.open() as subject:
            for name, field in subject.plugin.settings.model_fields.items():
                assert field.description, f"{name} has no description"
                by_name, by_type = is_secret(name), is_secret("", field.annotation)
                assert by_type or not by_name, f"{name} sounds like a secret: make it a SecretStr"

    async def test_the_traits_are_within_reason_and_stay(self) -> None:
        """Intake and dispatch read them once and build on them."""
        async with self.open() as subject:
            traits = subject.channel.traits
            assert isinstance(traits, Traits)
            assert traits == subject.channel.traits
            assert len(set(traits.formats)) == len(traits.formats)
            assert all(isinstance(format, str) and format for format in traits.formats)
            assert traits.config_keys is None or all(traits.config_keys)
            assert 1 <= traits.concurrency <= 10_000
            assert 0 < traits.timeout <= 900
            assert 1 <= traits.retry.attempts <= 100
            assert all(wait >= 0 for wait in traits.retry.schedule)

    async def test_a_good_to_becomes_an_address_without_network(self) -> None:
        """Resolving is done while the caller waits."""
        async with self.open() as subject:
            with _no_connections():
                address = await subject.channel.resolve(subject.company_id, subject.to, "")
            assert isinstance(address, Address)
            assert address.value
            assert subject.requests() == 0

    async def test_nonsense_in_to_is_refused_as_an_argument_without_network(self) -> None:
        """The reason is told and fits into one answer."""
        async with self.open() as subject:
            for to in (*NONSENSE, *subject.nonsense):
                with _no_connections():
                    reason = await _refusal(subject, to)
                assert reason, f"To {to[:40]!r} was taken"
                assert len(reason) < 1000
            assert subject.requests() == 0

    async def test_a_message_is_taken(self) -> None:
        """Both kinds of content, in every format the channel says it knows."""
        async with self.open() as subject:
            formats = subject.channel.traits.formats or ("",)
            contents: list[Content] = [a_push(), *(_in_format(subject, format) for format in formats)]
            for content in contents:
                letter = await _letter(subject, content)
                assert isinstance(await subject.channel.send(letter), Accepted)

    async def test_awkward_content_never_raises(self) -> None:
        """What the content cannot be said in, the outcome says."""
        async with self.open() as subject:
            for number, content in enumerate(AWKWARD, start=1):
                letter = replace(await _letter(subject, content), delivery_id=number)
                _assert_outcome(await subject.channel.send(letter), subject)

    async def test_an_address_from_elsewhere_never_raises(self) -> None:
        """A push may bring a device's token that `resolve` has not seen."""
        async with self.open() as subject:
            for value in ("", "f00d-token", "a\r\nb", "\x00", "\ud800"):
                letter = a_letter(address=Address(value=value, associate_id=101, device_id=1))
                _assert_outcome(await subject.channel.send(letter), subject)

    async def test_a_failing_provider_is_an_outcome(self) -> None:
        """Never an exception, never accepted, never with a secret in its words."""
        async with self.open() as subject:
            letter = await _letter(subject, a_text(to=subject.to))
            for number, fail in enumerate(subject.failures):
                await _made(fail)
                answer = await subject.channel.send(letter)
                _assert_outcome(answer, subject)
                assert not isinstance(answer, Accepted), f"failure {number} was taken for success"

    async def test_a_cancelled_send_ends(self) -> None:
        """Dispatch cancels what takes too long, and must be able to."""
        async with self.open() as subject:
            sending = asyncio.ensure_future(subject.channel.send(await _letter(subject, a_text(to=subject.to))))
            await asyncio.sleep(0)
            sending.cancel()
            done, _ = await asyncio.wait([sending], timeout=5)
            assert done, "the send did not end"

    async def test_many_sends_at_once_each_get_an_outcome(self) -> None:
        """A channel has no state that one send could spoil for another."""
        async with self.open() as subject:
            letter = await _letter(subject, a_text(to=subject.to))
            letters = [replace(letter, delivery_id=number) for number in range(1, 21)]
            for answer in await asyncio.gather(*map(subject.channel.send, letters)):
                _assert_outcome(answer, subject)

    async def test_check_says_one_sentence_whatever_the_provider_does(self) -> None:
        """An operator reads it on one line."""
        async with self.open() as subject:
            first = await subject.channel.check()
            assert first.ok, first.sentence
            for fail in (None, *subject.failures):
                if fail is not None:
                    await _made(fail)
                said = await subject.channel.check()
                assert isinstance(said, Check)
                assert _is_one_sentence(said.sentence), said.sentence
                _assert_no_secret(said.sentence, subject)

    async def test_closing_a_second_time_does_nothing(self) -> None:
        """Stopping may come from two sides."""
        async with self.open() as subject:
            await subject.channel.send(await _letter(subject, a_text(to=subject.to)))
            await subject.channel.close()
            await subject.channel.close()

    async def test_nothing_secret_is_in_a_representation(self) -> None:
        """Whatever ends up in a traceback or a log."""
        async with self.open() as subject:
            _assert_no_secret(f"{subject.channel!r} {subject.channel} {subject.channel.traits!r}", subject)


def _in_format(subject: Subject, format: str) -> Content:
    text = a_text(format=format, to=subject.to)
    return replace(text, body=subject.bodies.get(format, text.body))


async def _letter(subject: Subject, content: Content) -> Letter:
    address = await subject.channel.resolve(subject.company_id, subject.to, "")
    return a_letter(address=address, message=a_message(content=content, company_id=subject.company_id))


async def _refusal(subject: Subject, to: str) -> str:
    try:
        await subject.channel.resolve(subject.company_id, to, "")
    except InvalidArgument as refusal:
        return refusal.detail
    return ""


async def _made(fail: Happening) -> None:
    pending = fail()
    if pending is not None:
        await pending


def _assert_outcome(answer: object, subject: Subject) -> None:
    assert isinstance(answer, Accepted | Deferred | Refused | Gone), answer
    assert isinstance(answer, Accepted) or answer.detail, "a refusal says why"
    assert len(answer.detail) <= 1000
    _assert_no_secret(repr(answer), subject)


def _assert_no_secret(text: str, subject: Subject) -> None:
    assert not any(secret in text for secret in subject.secrets), "a secret is shown"


def _is_one_sentence(text: str) -> bool:
    return text.isprintable() and text.endswith((".", "?")) and text == text.strip() and 10 <= len(text) <= 500


_watching: list[str] = []  # what the audit hook has seen while somebody watches
_watched = 0
_hooked = False


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if _watched and event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"):
        _watching.append(event)


@contextmanager
def _no_connections() -> Iterator[None]:
    """Fails when Python code connects or looks up a name meanwhile; native clients show in `requests`."""
    global _hooked, _watched
    if not _hooked:
        sys.addaudithook(_audit)  # cannot be taken away again, so it is added once
        _hooked = True
    _watching.clear()
    _watched += 1
    try:
        yield
    finally:
        _watched -= 1
    assert not _watching, f"the network was used: {', '.join(_watching)}"
