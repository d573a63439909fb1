"""The API explorer in a real browser: it lists what /openapi.json has, signs in, sends, and shows the answer."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Page, async_playwright

from heliograph.edge.openapi.document import document
from heliograph.testing.running import PASSWORD, Town, a_town

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed"),
]


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    """On a real port and a real file."""
    async with a_town(tmp_path) as town:
        yield town


@pytest.fixture
async def page(town: Town) -> AsyncIterator[Page]:
    """The explorer, open. What the browser complains of, and whatever it asks of another host, fails the test."""
    complaints: list[str] = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = await browser.new_page()
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text) if "Content Security" in said.text else None)
        page.on("request", lambda asked: None if asked.url.startswith(town.url) else complaints.append(asked.url))
        await page.goto(f"{town.url}/apiexplorer")
        await page.wait_for_selector("#request")
        yield page
        await browser.close()
    assert complaints == []


async def choose(page: Page, operation: str) -> None:
    await page.click(f'nav a[href="#{operation}"]')
    await page.wait_for_selector(f'nav a[href="#{operation}"][aria-current]')


async def sign_in(page: Page) -> None:
    await page.click("#access summary")
    await page.fill("#user", "keeper101")
    await page.fill("#password", PASSWORD)
    await page.press("#password", "Enter")
    await page.get_by_text("Signed in as Keeper 101.").wait_for()


async def answer(page: Page) -> str:
    """The status line, once the answer is there."""
    await page.wait_for_selector("#status.ok, #status.bad")
    await page.wait_for_selector("#send:not([disabled])")
    return await page.inner_text("#status")


async def test_every_operation_of_the_document_is_listed_and_shown(page: Page) -> None:
    operations = [each for verbs in document("1")["paths"].values() for each in verbs.values()]
    assert await page.locator("nav a").count() == len(operations)
    for operation in operations:
        await choose(page, operation["operationId"])
        assert operation["summary"] in await page.inner_text("#operation")
        if operation.get("requestBody"):
            assert len(await page.input_value("#body")) > 1


async def test_a_request_is_sent_and_its_answer_shown(page: Page, town: Town) -> None:
    await sign_in(page)
    await choose(page, "Pocket_SendPushNotification")
    body = await page.input_value("#body")
    await page.fill("#body", body.replace("0\n", "101\n", 1).replace('"Title": ""', '"Title": "From the explorer"'))
    await page.click("#send")
    assert (await answer(page)).startswith("204")
    assert [item.title for item in await town.inbox()] == ["From the explorer"]
    await choose(page, "listInbox")
    await page.click("#send")
    assert (await answer(page)).startswith("200")
    assert "From the explorer" in await page.inner_text("#text")
    await page.click("#answer summary >> nth=1")
    assert "curl -i -X GET" in await page.inner_text("#answer")


async def test_xml_is_a_choice_and_a_refusal_is_shown_as_it_came(page: Page) -> None:
    await choose(page, "postv2push")
    await page.select_option("#media", "application/xml")
    assert (await page.input_value("#body")).startswith("<Push")
    await page.click("#send")
    assert (await answer(page)).startswith("401")
    assert "<ErrorCode>Unauthorized</ErrorCode>" in await page.inner_text("#text")


async def test_the_keyboard_alone_is_enough(page: Page) -> None:
    await page.keyboard.press("/")
    await page.keyboard.type("getplugins")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await page.wait_for_selector("#operation:focus")
    await page.keyboard.press("Control+Enter")
    assert (await answer(page)).startswith("401")


async def test_the_live_stream_is_shown_as_it_comes_until_it_is_stopped(page: Page, town: Town) -> None:
    await sign_in(page)
    await choose(page, "watchInbox")
    await page.click("#send")
    await page.locator("#text", has_text="retry").wait_for()
    headers = {"Authorization": f"SOTicket {town.ticket}", "Content-Type": "application/json"}
    push = b'{"AssociateIds": [101], "Message": {"Title": "Live", "Message": "Now"}}'
    await town.ask("POST", "/api/v1/Agents/Pocket/SendPushNotification", headers, push)
    await page.locator("#text", has_text="Live").wait_for()
    await page.click("#stop")
    await page.wait_for_selector("#send:not([disabled])")


async def test_it_holds_nothing_from_elsewhere_and_lets_nothing_in(town: Town) -> None:
    heard = await town.ask("GET", "/apiexplorer")
    policy = heard.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http://" not in heard.text.replace("http://www.w3.org", "")
    assert "https://" not in heard.text
    assert "innerHTML" not in heard.text
