"""What operators see and do: the same as on the command line, within what each may see."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import typer
from tests.console.visitor import Visitor, words

from heliograph.cli.main import app as cli
from heliograph.core.access import Scope
from heliograph.core.delivery import Acceptance, Attempt, Record
from heliograph.core.events import AttemptMade
from heliograph.core.lifecycle import Happening, State
from heliograph.core.message import Push, Text
from heliograph.edge import console
from heliograph.testing.builders import a_delivery, a_message, an_acceptance
from heliograph.testing.running import Town

pytestmark = pytest.mark.anyio

PUSH = b'{"AssociateIds": [103], "Message": {"Title": "Fog at noon", "Message": "Sound the horn"}}'
PATHS = ("", "/messages", "/dead-letters", "/channels", "/scripts", "/access", "/messages/1", "/messages/77")
HARDENED = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
    "cross-origin-opener-policy": "same-origin",
}


async def send(town: Town) -> int:
    headers = {"Authorization": f"SOTicket {town.ticket}", "Content-Type": "application/json"}
    heard = await town.ask("POST", "/api/v1/Agents/Pocket/SendPushNotification", headers, PUSH)
    await town.inbox(1, associate_id=103)
    return int(heard.headers["heliograph-message-id"])


async def dead(
    town: Town, id: int, *, late: bool = False, company_id: int = 1, detail: str = "550 no such user"
) -> None:
    """A dead letter on the stub channel, with one try behind it."""
    now = town.app.clock.now()
    message = a_message(id, company_id=company_id, content=Text(to="ada@example.com", body=f"Note {id}"))
    delivery = a_delivery(
        id,
        address=f"ada{id}@example.com",
        state=State.LEASED,
        expires_at=now - 1 if late else now + 10**8,
        company_id=company_id,
    )
    await town.app.store.outbox.accept(Acceptance(messages=(message,), deliveries=(delivery,)))
    attempt = Attempt(delivery_id=id, number=1, started_at=now - 60_000, took_ms=1234, outcome="refused", detail=detail)
    refused = Record(delivery_id=id, happening=Happening.REFUSED, at=now, detail=detail, attempt=attempt)
    await town.app.store.outbox.record([refused])


async def state(town: Town, id: int) -> State:
    [delivery] = await town.app.store.outbox.deliveries([id])
    return delivery.state


@pytest.mark.parametrize("path", [*PATHS, "/sign-in", "/nothing/here"])
async def test_every_page_is_hardened_whatever_it_says(town: Town, operator: Visitor, path: str) -> None:
    await send(town)
    for heard in (await operator.get(path), await Visitor(town).get(path)):
        policy = heard.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert {name: heard.headers[name] for name in HARDENED} == HARDENED
        assert " style=" not in heard.text
        assert not re.search(r"<script>|<style|\son[a-z]+=|https?://", heard.text)


async def test_strangers_see_the_sign_in_page_and_nothing_else(town: Town) -> None:
    await dead(town, 500)
    for path in PATHS:
        heard = await Visitor(town).get(path)
        assert heard.status == 401
        assert "With a one-time code" in words(heard)
        assert "500" not in words(heard)


async def test_a_message_is_found_and_told_with_every_try(town: Town, operator: Visitor) -> None:
    await dead(town, 500, detail="550 5.1.1 no such user here")
    sent = await send(town)
    listed = words(await operator.get("/messages"))
    assert f"{sent} push" in listed
    assert "Fog at noon" in listed
    page = words(await operator.get("/messages/500"))
    for told in ("Note 500", "ada500@example.com", "failed", "refused", "1,234 ms", "550 5.1.1 no such user here"):
        assert told in page
    assert words(await operator.get("/messages?id=500")) == page
    reached = words(await operator.get(f"/messages/{sent}"))
    assert "Keeper 103 (103)" in reached
    assert "Sound the horn" in reached


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("recipient=ADA500", {500}),
        ("recipient=ada", {500, 501}),
        ("recipient=keeper103", {1}),
        ("recipient=keeper103%40example.com", {1}),
        ("recipient=103", {1}),
        ("state=failed", {500, 501}),
        ("state=failed&channel=inbox", set()),
        ("channel=stub", {500, 501}),
        ("channel=stub&recipient=ada501", {501}),
        ("since=2999-01-01T00:00", set()),
        ("until=1999-01-01T00:00", set()),
        ("state=nonsense", {1, 500, 501}),
        ("since=nonsense&before=nonsense", {1, 500, 501}),
        ("recipient=%25", set()),
    ],
)
async def test_messages_are_searched(town: Town, operator: Visitor, query: str, found: set[int]) -> None:
    sent = await send(town)
    await dead(town, 500)
    await dead(town, 501)
    heard = await operator.get(f"/messages?{query}")
    assert {int(id) for id in re.findall(r'href="/console/messages/(\d+)"', heard.text)} == {
        sent if id == 1 else id for id in found
    }


async def test_a_long_list_has_pages(town: Town, operator: Visitor) -> None:
    await town.app.store.outbox.accept(an_acceptance(60, first=1000, state=State.SENT))
    first = await operator.get("/messages?channel=stub")
    assert len(re.findall(r'href="/console/messages/\d+"', first.text)) == 50
    [older] = re.findall(r'href="/console(/messages\?[^"]*)" rel="next"', first.text)
    second = await operator.get(older.replace("&amp;", "&"))
    assert len(re.findall(r'href="/console/messages/\d+"', second.text)) == 10
    assert "rel=" not in second.text.partition("<main")[2]


async def test_a_dead_letter_is_sent_again(town: Town, operator: Visitor) -> None:
    await dead(town, 500)
    await operator.get("/messages/500")
    page = await operator.follow(await operator.press("/messages/500/retry", delivery="500"))
    assert "1 of 1 delivery sent again" in words(page)
    assert await state(town, 500) is not State.FAILED


async def test_past_its_time_to_live_there_is_no_button(town: Town, operator: Visitor) -> None:
    await dead(town, 500, late=True)
    page = await operator.get("/messages/500")
    assert "Cannot be sent again: its time to live is over" in words(page)
    assert "/retry" not in page.text
    told = await operator.follow(await operator.press("/messages/500/retry"))
    assert "None was sent again: past its time to live" in words(told)
    assert await state(town, 500) is State.FAILED


async def test_what_waits_can_be_cancelled(town: Town, operator: Visitor) -> None:
    later = town.app.clock.now() + 10**8
    await town.app.store.outbox.accept(an_acceptance(1, first=600, due_at=later, expires_at=later * 2))
    page = words(await operator.get("/messages/600"))
    assert "Cancel 1 delivery" in page
    told = await operator.follow(await operator.press("/messages/600/cancel"))
    assert "1 of 1 delivery cancelled" in words(told)
    assert await state(town, 600) is State.CANCELLED


async def test_many_dead_letters_are_sent_again_chosen_or_all(town: Town, operator: Visitor) -> None:
    for id in range(500, 505):
        await dead(town, id, late=id == 504)
    page = await operator.get("/dead-letters")
    assert "550 no such user" in words(page)
    assert "too late" in words(page)
    chosen = await operator.press("/dead-letters/retry", state="failed", which="chosen", id=["500", "501", "9999", "x"])
    assert "2 of 2 deliveries sent again" in words(await operator.follow(chosen))
    assert await state(town, 502) is State.FAILED
    nothing = await operator.press("/dead-letters/retry", state="failed", which="chosen")
    assert "Nothing was chosen" in words(await operator.follow(nothing))
    every = await operator.press("/dead-letters/retry", state="failed", which="all")
    assert "2 of 3 deliveries sent again" in words(await operator.follow(every))
    assert [await state(town, id) is State.FAILED for id in range(500, 505)] == [False] * 4 + [True]


async def test_the_overview_says_what_needs_somebody(town: Town, operator: Visitor) -> None:
    assert "Nothing needs you" in words(await operator.get())
    await town.app.store.outbox.accept(an_acceptance(2, first=700, channel="former", expires_at=2**50))
    await dead(town, 500)
    page = words(await operator.get())
    assert "former: 2 deliveries wait for a channel that is not configured" in page
    assert "failed 1 deliveries kept" in page
    assert "Latest dead letters" in page
    assert "500 text" in page.partition("Latest dead letters")[2]
    assert "550 no such user" in page


async def test_a_channel_tells_its_latest_trouble_and_checks_itself(town: Town, operator: Visitor) -> None:
    town.app.counters.saw(AttemptMade(1, "stub", 1, "deferred", 5, "451 try later"))
    page = words(await operator.get("/channels"))
    assert "deferred 451 try later" in page
    assert "last check" not in page
    heard = await operator.press("/channels/check", channel="stub")
    assert heard.headers["location"] == "/console/channels#channel-stub"
    assert "last check" in words(await operator.get("/channels"))
    assert (await operator.press("/channels/check", channel="other")).status == 404
    assert (await operator.press("/channels/check")).status == 303


async def test_scripts_tell_their_failures_with_file_and_line_and_are_reloaded(town: Town, operator: Visitor) -> None:
    scripts = town.app.settings.data_dir / "scripts"
    assert "There are no scripts" in words(await operator.get("/scripts"))
    (scripts / "odd.py").write_text("def after_send_push_notification(associate_ids, message, event):\n    1 / 0\n")
    (scripts / "wrong.py").write_text("def before_send_pus_notification(associate_ids, message, event):\n    pass\n")
    told = words(await operator.follow(await operator.press("/scripts/reload")))
    assert "As they stand in their files serve: 1. In trouble: 1." in told
    assert "Did you mean before_send_push_notification" in told
    await send(town)
    page = words(await operator.get("/scripts"))
    assert "odd.py:2" in page
    assert "ZeroDivisionError" in page
    assert "wrong.py" in words(await operator.get())


async def test_sign_ins_and_tokens_are_listed_and_a_sign_in_is_ended(town: Town, operator: Visitor) -> None:
    await town.app.credentials.add_token(1, "order service", [Scope.PUSH])
    other = Visitor(town)
    await other.sign_in(company="1")
    page = await operator.get("/access")
    assert "order service" in words(page)
    [session] = re.findall(r'name="session" value="(\d+)"', page.text)
    told = words(await operator.follow(await operator.press("/access/end", session=session)))
    assert "The sign-in has ended" in told
    assert (await other.get()).status == 401
    assert "was not there" in words(await operator.follow(await operator.press("/access/end", session=session)))


async def test_what_an_address_asks_to_be_said_is_said_in_our_own_words(operator: Visitor) -> None:
    page = words(await operator.get("/messages?did=retried&n=x&of=<b>"))
    assert "0 of 0 deliveries sent again" in page
    assert "nonsense" not in words(await operator.get("/messages?did=nonsense"))


async def test_receipts_are_told_with_their_times_and_words(town: Town, operator: Visitor) -> None:
    now = town.app.clock.now()
    await town.app.store.outbox.accept(an_acceptance(1, first=600, state=State.SENT, expires_at=now + 10**8))
    bounced = Record(delivery_id=600, happening=Happening.BOUNCED, at=now, detail="The phone is switched off.")
    await town.app.store.outbox.record([bounced])
    page = words(await operator.get("/messages/600"))
    assert "not delivered" in page
    assert "The phone is switched off." in page
    assert "undelivered" in page


async def test_a_message_from_outside_says_so(town: Town, operator: Visitor) -> None:
    content = Text(sender="+4790000001", body="Is the light on?", inbound=True, plugin="sms", parent_id=7)
    message = a_message(801, content=content, sender_id=None)
    await town.app.store.outbox.accept(Acceptance(messages=(message,), deliveries=()))
    page = await operator.get("/messages/801")
    assert "+4790000001 outside, through sms" in words(page)
    assert 'href="/console/messages/7"' in page.text


async def test_of_very_many_deliveries_those_in_trouble_come_first_page_by_page(town: Town, operator: Visitor) -> None:
    ends = town.app.clock.now() + 10**8
    many = tuple(
        a_delivery(id, message_id=700, state=State.FAILED if id == 2100 else State.SENT, expires_at=ends)
        for id in range(2000, 2120)
    )
    await town.app.store.outbox.accept(Acceptance(messages=(a_message(700),), deliveries=many))
    first = await operator.get("/messages/700")
    shown = re.findall(r'id="delivery-(\d+)"', first.text)
    assert (len(shown), shown[0]) == (50, "2100")
    assert "1 to 50 of 120" in words(first)
    last = await operator.get("/messages/700?start=100")
    assert len(re.findall(r'id="delivery-\d+"', last.text)) == 20
    assert "Further ones" not in words(last)
    beyond = await operator.get("/messages/700?start=5000")
    assert beyond.status == 200


async def test_a_push_is_shown_with_all_it_carries(town: Town, operator: Visitor) -> None:
    push = Push(title="Storm", body="Line 1\nLine 2", url="https://example.com/x", silent=True, data={"sound": "horn"})
    await town.app.store.outbox.accept(Acceptance(messages=(a_message(800, content=push),), deliveries=()))
    page = await operator.get("/messages/800")
    for told in ("Storm", "https://example.com/x", "data: sound", "horn", "It has no deliveries"):
        assert told in words(page)
    assert "Line 1\nLine 2" in page.text
    assert 'href="https://example.com' not in page.text, "what a message links to is no link here"


ODD = (
    "",
    "-1",
    "9" * 400,
    "\u0661",
    "a\nb",
    "\u202e",
    "2026-01-01T00:00+99:99",
    "9999-12-31T23:59",
    "0001-01-01T00:00",
    "%00",
)


@pytest.mark.parametrize("odd", ODD)
async def test_whatever_an_address_or_a_form_says_nothing_breaks(operator: Visitor, odd: str) -> None:
    for path in ("/messages", "/dead-letters", "/messages/1", "/sign-in"):
        for name in ("id", "recipient", "state", "channel", "since", "until", "before", "start", "did", "after"):
            heard = await operator.get(f"{path}?{name}={quote(odd, safe='')}")
            assert heard.status in (200, 404), f"{path} {name}"
    assert (await operator.get(f"/messages/{quote(odd, safe='') or 'x'}")).status == 404
    await operator.get()
    for path in ("/messages/1/retry", "/dead-letters/retry", "/channels/check", "/access/end"):
        for name in ("delivery", "id", "state", "which", "channel", "session"):
            assert (await operator.press(path, **{name: odd})).status in (303, 404), f"{path} {name}"


# ------------------------------------------------------------------- companies


async def test_an_administrator_sees_one_company_and_nothing_of_others(town: Town) -> None:
    await dead(town, 500)
    await dead(town, 501, company_id=2)
    await town.app.credentials.add_token(1, "ours", [Scope.PUSH])
    await town.app.credentials.add_token(2, "theirs", [Scope.PUSH])
    theirs = Visitor(town)
    await theirs.sign_in("keeper201", company="2")
    assert "company 2" in (await theirs.get()).text
    for path in (
        "",
        "/messages",
        "/messages?recipient=ada",
        "/messages?recipient=keeper101",
        "/dead-letters",
        "/access",
    ):
        heard = await theirs.get(path)
        assert heard.status == 200
        for foreign in ("/messages/500", "ours", "Lighthouse", "Keeper 101"):
            assert foreign not in heard.text, path
    not_there = words(await theirs.get("/messages/999999")).replace("999999", "#")
    hidden = await theirs.get("/messages/500")
    assert (hidden.status, words(hidden).replace("500", "#")) == (404, not_there)
    assert (await theirs.get("/messages?id=500")).status == 404
    assert (await theirs.get("/messages/501")).status == 200


async def test_an_administrator_acts_in_one_company(town: Town) -> None:
    for id in (500, 501):
        await dead(town, id, company_id=id - 499)
    ours = Visitor(town)
    await ours.with_code()
    theirs = Visitor(town)
    await theirs.sign_in("keeper201", company="2")
    listed = await ours.get("/access")
    sessions = re.findall(r'name="session" value="(\d+)"', listed.text)
    await theirs.get("/dead-letters")
    for path in ("/messages/500/retry", "/messages/500/cancel"):
        assert (await theirs.press(path)).status == 404
    for fields in ({"which": "all"}, {"which": "chosen", "id": ["500", "501"]}):
        assert (await theirs.press("/dead-letters/retry", state="failed", **fields)).status == 303
    assert await state(town, 500) is State.FAILED
    assert await state(town, 501) is not State.FAILED
    assert len(sessions) == 1
    [everyone] = [each.id for each in await town.app.store.sessions.sessions() if each.associate_id is None]
    assert (await theirs.press("/access/end", session=str(everyone))).headers["location"] == "/console/access?did=gone"
    assert (await ours.get()).status == 200


@pytest.mark.parametrize("path", ["/channels", "/scripts"])
async def test_what_is_the_whole_gateway_s_is_not_a_company_s(town: Town, path: str) -> None:
    theirs = Visitor(town)
    await theirs.sign_in("keeper201", company="2")
    assert f'href="/console{path}"' not in (await theirs.get()).text
    assert (await theirs.get(path)).status == 403
    for button in ("/channels/check", "/scripts/reload"):
        assert (await theirs.press(button)).status == 403


def test_every_command_that_a_page_names_is_there() -> None:
    root: Any = typer.main.get_command(cli)
    pages = [file.read_text(encoding="utf-8") for file in Path(console.__path__[0]).glob("*.py")]
    named = {tuple(words.split()) for page in pages for words in re.findall(r"heliograph ([a-z]+ [a-z]+)\b", page)}
    assert len(named) >= 3
    for group, command in named:
        assert command in root.commands[group].commands, f"heliograph {group} {command}"


async def test_what_is_due_and_waits_for_its_channel_is_not_said_to_be_tried_in_the_past(
    town: Town, operator: Visitor
) -> None:
    now = town.app.clock.now()
    message = a_message(900, content=Text(to="ada@example.com", body="Note"))
    due = a_delivery(900, message_id=900, channel="nobody", due_at=now - 8_000, expires_at=now + 10**8)
    later = a_delivery(901, message_id=900, channel="nobody", due_at=now + 90_000, expires_at=now + 10**8)
    await town.app.store.outbox.accept(Acceptance(messages=(message,), deliveries=(due, later)))

    seen = words(await operator.get("/messages/900"))

    assert "next try as soon as its channel takes it; due 8 s ago" in seen
    assert "next try in 1 min" in seen
