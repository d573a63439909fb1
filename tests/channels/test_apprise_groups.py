"""A message to a group goes to each of its targets once, however many tries and restarts it takes."""

from __future__ import annotations

import asyncio

import pytest

from heliograph.channels.apprise.groups import together
from heliograph.channels.registry import build_channel
from heliograph.core.delivery import Address, Letter
from heliograph.core.errors import BadSetting, InvalidArgument
from heliograph.core.outcome import Accepted, Deferred, Outcome, Refused
from heliograph.core.preview import Preview, Previewing
from heliograph.system.clock import SystemClock
from heliograph.testing.builders import a_letter
from heliograph.testing.servers.webhook import Answer, Fault, WebhookServer
from heliograph.testing.tools import some_tools
from heliograph.testing.waiting import until

pytestmark = pytest.mark.anyio
OK = Answer(status=200, body=b"{}")
EVERYONE = ("a", "b", "c")
LATER, LOST, NEVER = Deferred("busy", retry_after=7.0), Deferred("cut", in_doubt=True), Refused("no")
TOOK = Accepted(detail="took it")


def everyone(attempt: int = 1) -> Letter:
    return a_letter(address=Address(value="everyone"), attempt=attempt)


@pytest.mark.parametrize(
    ("outcomes", "doubtful", "resend", "said"),
    [
        ({"a": TOOK, "b": TOOK, "c": TOOK}, [], True, Accepted(detail="all 3 took it")),
        ({"b": TOOK}, [], True, Accepted(detail="all 3 took it")),  # the others had it before
        ({"a": TOOK, "b": LATER, "c": NEVER}, [], True, Deferred("1 of 3 took it; b: busy", retry_after=7.0)),
        ({"a": TOOK, "b": LOST, "c": TOOK}, [], True, Deferred("2 of 3 took it; b: cut", in_doubt=True)),
        ({"a": LATER, "b": LOST}, [], False, Deferred("1 of 3 took it; a: busy", retry_after=7.0)),
        ({"a": TOOK, "b": LOST}, [], False, Deferred("2 of 3 took it; b: cut", in_doubt=True)),
        ({"a": TOOK}, ["b"], False, Deferred("2 of 3 took it; b: in doubt since an earlier try", in_doubt=True)),
        ({"a": TOOK, "b": NEVER}, [], True, Refused("2 of 3 took it; b: no")),
        (
            {each: Deferred("none", retry_after=2.0, lane=True) for each in EVERYONE},
            [],
            True,
            Deferred("0 of 3 took it; a: none", retry_after=2.0, lane=True),
        ),
    ],
)
async def test_what_the_targets_answers_mean_together(
    outcomes: dict[str, Outcome], doubtful: list[str], resend: bool, said: Outcome
) -> None:
    assert together(EVERYONE, outcomes, doubtful, resend=resend) == said


async def test_a_try_after_a_restart_tells_only_those_who_have_not_been_told() -> None:
    tools = some_tools(clock=SystemClock())
    async with WebhookServer(default=OK) as one, WebhookServer(default=OK) as two:
        table = {
            "kind": "apprise",
            "targets": {"one": f"json://127.0.0.1:{one.port}/", "two": f"json://127.0.0.1:{two.port}/"},
            "groups": {"everyone": ["one", "two"]},
        }
        two.script(Answer(status=503))
        before = build_channel("team", table, tools)
        first = await before.send(everyone())
        await before.close()
        after = build_channel("team", table, tools)
        second = await after.send(everyone(2))
        third = await after.send(everyone(3))
        await after.close()
    assert first == Deferred("1 of 2 took it; two: the service answered 503")
    assert second == third == Accepted(detail="all 2 took it")
    assert (len(one.requests), len(two.requests)) == (1, 2)
    await tools.transport.close()


@pytest.mark.parametrize(("resend", "asked"), [(True, 2), (False, 1)])
async def test_a_target_in_doubt_is_told_again_only_if_the_setting_says_so(resend: bool, asked: int) -> None:
    tools = some_tools(clock=SystemClock())
    async with WebhookServer(default=OK) as one, WebhookServer(default=OK) as two:
        table = {
            "kind": "apprise",
            "resend_in_doubt": resend,
            "targets": {"one": f"json://127.0.0.1:{one.port}/", "two": f"json://127.0.0.1:{two.port}/"},
            "groups": {"everyone": ["one", "two"]},
        }
        one.script(Answer(fault=Fault.HANG_UP))
        two.script(Answer(status=503))
        channel = build_channel("team", table, tools)
        first = await channel.send(everyone())
        second = await channel.send(everyone(2))
        await channel.close()
    assert isinstance(first, Deferred)
    assert first.in_doubt == resend
    assert len(one.requests) == asked
    assert len(two.requests) == 2
    assert isinstance(second, Accepted) == resend
    if isinstance(second, Deferred):
        assert second.in_doubt
    await tools.transport.close()


async def test_a_group_that_has_changed_between_tries_tells_whoever_is_in_it_now() -> None:
    tools = some_tools(clock=SystemClock())
    async with WebhookServer(default=OK) as web:
        targets = {name: f"json://127.0.0.1:{web.port}/{name}" for name in EVERYONE}
        table = {"kind": "apprise", "targets": targets, "groups": {"everyone": ["a", "b"]}}
        before = build_channel("team", table, tools)
        await before.send(everyone())
        await before.close()
        after = build_channel("team", {**table, "groups": {"everyone": ["a", "c"]}}, tools)
        assert isinstance(await after.send(everyone(2)), Accepted)
        await after.close()
    assert sorted(request.path for request in web.requests) == ["/a", "/b", "/c"]
    await tools.transport.close()


async def test_a_group_is_asked_at_once_by_all_workers_and_is_previewed_as_that_many() -> None:
    tools = some_tools(clock=SystemClock())
    async with WebhookServer(default=OK) as web:
        targets = dict.fromkeys(EVERYONE[:2], f"json://127.0.0.1:{web.port}/")
        table = {"kind": "apprise", "targets": targets, "groups": {"everyone": ["a", "b"]}, "workers": 2}
        channel = build_channel("team", table, tools)
        await asyncio.gather(*(channel.send(a_letter(address=Address(value=name))) for name in targets))  # warm
        web.script(*[Answer(fault=Fault.STALL)] * 2)
        sending = asyncio.create_task(channel.send(everyone()))
        await until(lambda: len(web.requests) == 4)  # both have come, and neither is answered
        assert not sending.done()
        assert isinstance(channel, Previewing)
        assert channel.preview(everyone()) == Preview(size=len("LighthouseThe lamp is lit."), parts=2)
        assert await channel.resolve(1, "everyone", "") == Address(value="everyone")
        with pytest.raises(InvalidArgument, match="Targets: a, b, everyone"):
            await channel.resolve(1, "nobody", "")
        await channel.close()
        assert isinstance(await sending, Deferred)
    await tools.transport.close()


@pytest.mark.parametrize(
    ("groups", "words"),
    [
        ({"a": ["b"]}, "needs a name of its own"),
        ({"x y": ["a"]}, "needs a name of its own"),
        ({"all": []}, "1 to 50 targets"),
        ({"all": ["a", "a"]}, "each once"),
        ({"all": ["a", "nobody"]}, "'nobody', which is no target"),
    ],
)
async def test_a_wrong_group_is_told_by_name_without_a_url(groups: dict[str, list[str]], words: str) -> None:
    targets = {"a": "json://open-sesame", "b": "json://open-sesame"}
    with pytest.raises(BadSetting) as wrong:
        build_channel("team", {"kind": "apprise", "targets": targets, "groups": groups}, some_tools())
    assert words in wrong.value.detail
    assert "open-sesame" not in wrong.value.detail
