"""The console in a real browser: texts never run, pages keep themselves fresh, and a keyboard or a phone is enough."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator

import pytest
from msgspec.structs import replace
from playwright.async_api import Page, async_playwright
from tests.console.test_pages import PATHS, dead, send
from tests.console.vectors import VECTORS

from heliograph.core.access import Scope
from heliograph.core.delivery import Acceptance, Attempt, Record
from heliograph.core.events import AttemptMade
from heliograph.core.lifecycle import Happening, State
from heliograph.core.message import Push, Text
from heliograph.testing.builders import a_delivery, a_message
from heliograph.testing.running import PASSWORD, Town

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed"),
]

#: Elements that no page of the console has; one of them would be a text that became markup.
FOREIGN = "img,iframe,object,embed,video,audio,math,marquee,base,style,template,a[href^='javascript' i],[onerror],[onload],main script"


@pytest.fixture
async def page(town: Town) -> AsyncIterator[Page]:
    """Signed in by a one-time link. Whatever runs, complains or asks another host fails the test."""
    complaints: list[str] = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = await browser.new_page()
        page.set_default_timeout(10_000)
        page.on("dialog", lambda shown: complaints.append(f"dialog: {shown.message}"))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text) if "Content Security" in said.text else None)
        page.on("request", lambda asked: None if asked.url.startswith(town.url) else complaints.append(asked.url))
        code = await town.app.operators.make_code()
        await page.goto(f"{town.url}/console/sign-in#{code}")
        assert "#" not in page.url, "the code is not left in the address bar"
        await page.keyboard.press("Enter")
        await page.wait_for_selector("header.bar")
        yield page
        await browser.close()
    assert complaints == []


async def poison(town: Town) -> None:
    """Every vector in every place that a text of somebody else's can reach."""
    now, outbox, directory = town.app.clock.now(), town.app.store.outbox, town.app.directory
    messages, deliveries, records = [], [], []
    for number, vector in enumerate(VECTORS):
        id = 10_000 + number
        content = Push(title=vector, body=vector, url=vector, data={vector: vector}) if number % 2 else Text(
            sender=vector, to=vector, body=vector, format=vector, session_key=vector
        )  # fmt: skip
        messages.append(a_message(id, content=content, sender_id=None))
        ends = now + 10**8 if number % 3 else now - 1
        leased = a_delivery(id, address=vector, state=State.LEASED, expires_at=ends, provider_id=vector)
        deliveries.append(leased)
        deliveries.append(replace(leased, id=id + 10_000, message_id=9999, channel=vector, expires_at=ends))
        attempt = Attempt(delivery_id=0, number=1, started_at=now, took_ms=1, outcome=vector, detail=vector)
        records += [
            Record(delivery_id=each, happening=Happening.REFUSED, at=now, detail=vector, attempt=attempt)
            for each in (id, id + 10_000)
        ]
    messages.append(
        a_message(9999, content=Push(title="all", body="\n".join(VECTORS), data=dict.fromkeys(VECTORS, "x")))
    )
    await outbox.accept(Acceptance(messages=tuple(messages), deliveries=tuple(deliveries)))
    await outbox.record(records)
    company = await directory.company(1)
    user = await directory.user(103)
    assert company is not None
    assert user is not None
    await directory.update_company(replace(company, name=" ".join(VECTORS[:40])))
    await directory.update_user(replace(user, full_name="".join(VECTORS[40:80])))
    for vector in VECTORS[:60]:
        if vector.isprintable():
            await town.app.credentials.add_token(1, vector[:100], [Scope.PUSH])
    town.app.counters.saw(AttemptMade(1, "stub", 1, VECTORS[0], 5, " ".join(VECTORS)))
    scripts = town.app.settings.data_dir / "scripts"
    (scripts / "odd.py").write_text(
        f"def after_send_push_notification(associate_ids, message, event):\n    raise ValueError({' '.join(VECTORS)!r})\n"
    )
    (scripts / "<img src=x onerror=alert(1)>.py").write_text("def before_nothing():\n    pass\n")
    await town.app.scripts.reload()
    await send(town)


async def test_two_hundred_scripts_in_every_text_never_run_on_any_page(town: Town, page: Page) -> None:
    assert len(VECTORS) >= 200
    await poison(town)
    visited = 0
    addresses = [f"/console{path}" for path in PATHS if path not in ("/messages/77",)]
    addresses += [f"/console/messages/9999?start={start}" for start in range(0, len(VECTORS), 50)]
    addresses += [f"/console/messages/{10_000 + number}" for number in range(0, len(VECTORS), 10)]
    addresses += [f"/console/dead-letters?state={state}" for state in ("failed", "expired", "undelivered")]
    while addresses:
        await page.goto(town.url + addresses.pop(0))
        assert await page.locator(FOREIGN).count() == 0, page.url
        assert await page.locator("header.bar").count() == 1, page.url
        visited += 1
        older = page.locator("main a[rel=next]")
        if await older.count():
            addresses.append(await older.first.get_attribute("href") or "")
    assert visited > 40
    shown = await page.goto(f"{town.url}/console/messages/9999")
    assert shown is not None
    assert "<script>alert(1)</script>" in await page.inner_text("#content pre"), "texts are shown, and not left out"


async def test_a_vector_in_the_address_runs_no_more_than_one_in_a_message(town: Town, page: Page) -> None:
    for vector in VECTORS[::4]:
        await page.goto(f"{town.url}/console/messages")
        await page.fill("input[name=recipient]", vector.replace("\n", " "))
        await page.press("input[name=recipient]", "Enter")
        await page.wait_for_selector("#found")
        assert await page.locator(FOREIGN).count() == 0


async def test_a_page_shows_what_is_new_without_being_loaded_again(town: Town, page: Page) -> None:
    await page.goto(f"{town.url}/console/messages")
    await page.evaluate("document.querySelector('main').dataset.live = '0.2'; window.kept = true")
    assert "Nothing has been sent yet" in await page.inner_text("#found")
    await dead(town, 500)
    await page.locator("#found", has_text="Note 500").wait_for()
    assert await page.evaluate("window.kept")
    await page.fill("input[name=recipient]", "half a wo")
    await dead(town, 501)
    await page.locator("#found", has_text="Note 501").wait_for()
    assert await page.input_value("input[name=recipient]") == "half a wo"


async def test_a_page_that_is_open_when_the_sign_in_ends_shows_nothing_any_more(town: Town, page: Page) -> None:
    await page.evaluate("document.querySelector('main').dataset.live = '0.2'")
    await town.app.operators.end(None)
    await page.get_by_text("With a one-time code").wait_for(timeout=15_000)


async def test_the_keyboard_alone_is_enough(town: Town, page: Page) -> None:
    await dead(town, 500)
    await page.goto(f"{town.url}/console/dead-letters")
    await page.keyboard.press("Tab")
    assert await page.evaluate("document.activeElement.textContent") == "To the content"
    await page.keyboard.press("Enter")
    for _ in range(12):
        await page.keyboard.press("Tab")
        if await page.evaluate("document.activeElement.type") == "checkbox":
            break
    await page.keyboard.press("Space")
    await page.get_by_text("Send the chosen again").focus()
    await page.keyboard.press("Enter")
    await page.get_by_text("1 of 1 delivery sent again").wait_for()
    assert "did=" not in page.url


async def test_without_javascript_everything_is_there(town: Town, page: Page) -> None:
    await dead(town, 500)
    browser = page.context.browser
    assert browser is not None
    plain = await (await browser.new_context(java_script_enabled=False)).new_page()
    await plain.goto(f"{town.url}/console")
    await plain.fill("#company", "1")
    await plain.fill("#user_name", "keeper101")
    await plain.fill("#password", PASSWORD)
    await plain.get_by_role("button", name="Sign in", exact=True).click()
    await plain.get_by_role("link", name="Dead letters", exact=True).click()
    await plain.get_by_role("link", name="500").click()
    await plain.get_by_role("button", name="Send 1 dead letter again").click()
    assert "1 of 1 delivery sent again" in await plain.inner_text(".notice")


@pytest.mark.parametrize("width", [360, 768, 1400])
async def test_no_page_is_wider_than_its_window(town: Town, page: Page, width: int) -> None:
    await dead(town, 500, detail="x" * 300)
    await send(town)
    await page.set_viewport_size({"width": width, "height": 800})
    for path in (*PATHS[:6], "/messages/500"):
        await page.goto(f"{town.url}/console{path}")
        wide = await page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, path


async def test_a_cell_with_nothing_in_it_looks_like_the_other_cells_of_its_row(town: Town, page: Page) -> None:
    await page.goto(f"{town.url}/console/messages/{await send(town)}")
    cells = page.locator("article tbody td")
    looks = await cells.evaluate_all(
        "cells => cells.map((cell) => { const look = getComputedStyle(cell);"
        " return [cell.textContent === '', look.borderLeftWidth, look.borderBottomWidth, look.backgroundColor] })"
    )
    assert True in [blank for blank, *_ in looks], "a try of which nothing was said"
    assert len({tuple(look) for _, *look in looks}) == 1, looks


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_every_text_can_be_told_from_its_ground(town: Town, page: Page, scheme: str) -> None:
    """WCAG's contrast of at least 4.5 for every colour of text on the ground it stands on."""
    await page.emulate_media(color_scheme=scheme)
    await dead(town, 500)
    await send(town)
    for path in ("", "/messages", "/messages/500", "/dead-letters", "/channels"):
        await page.goto(f"{town.url}/console{path}")
        assert await page.evaluate(CONTRAST) == [], path
    await page.evaluate("document.querySelector('h1').style.color = 'rgb(120, 120, 120)'")
    assert len(await page.evaluate(CONTRAST)) == 1, "the measure can tell"


CONTRAST = """() => {
  const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
  const rgb = (colour) => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data]; };
  const light = (colour) => { const [r, g, b] = colour.map((c) => { c /= 255; return c <= .03928 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4; });
    return .2126 * r + .7152 * g + .0722 * b; };
  const faint = [];
  for (const each of document.querySelectorAll("body *")) {
    if (![...each.childNodes].some((node) => node.nodeType === 3 && node.data.trim())) continue;
    if (!each.checkVisibility() || each.closest("svg")) continue;
    let ground = each;
    while (ground && rgb(getComputedStyle(ground).backgroundColor)[3] < 250) ground = ground.parentElement;
    const a = light(rgb(getComputedStyle(each).color)), b = light(rgb(getComputedStyle(ground || document.body).backgroundColor));
    const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    if (ratio < 4.5) faint.push(`${each.tagName} ${each.className} ${each.textContent.trim().slice(0, 30)}: ${ratio.toFixed(2)}`);
  }
  return faint;
}"""
