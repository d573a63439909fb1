"""The inbox page in a real browser: signing in, reading, answering, what comes in live, and notifications."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
import pytest
from playwright.async_api import BrowserContext, Page, Worker, async_playwright, expect

from heliograph.config.settings import OutboundSettings, PushSettings, ServerSettings
from heliograph.core.lifecycle import State
from heliograph.core.message import PushType
from heliograph.intake.answer_links import Asked
from heliograph.intake.carriers import PocketNotificationMessage
from heliograph.testing.certificates import Authority
from heliograph.testing.running import PASSWORD, Town, a_town
from heliograph.testing.servers.webpush import WebPushServer
from heliograph.testing.waiting import until
from heliograph.testing.webpush import PRIVATE, PUBLIC

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
PHONE = {"width": 390, "height": 844}

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed"),
]

#: The browser's push service cannot be reached from a test: one of ours gives the subscription in its place.
SUBSCRIBING = """
(subscription) => {
  let current = null;
  PushManager.prototype.subscribe = async function (options) {
    if (!options.userVisibleOnly) throw new Error('the browser wants userVisibleOnly');
    current = { toJSON: () => subscription, options: {}, unsubscribe: async () => { current = null; return true; } };
    window.subscribedWith = options.applicationServerKey;
    return current;
  };
  PushManager.prototype.getSubscription = async () => current;
}
"""


#: Texts that run where they are taken for markup, an attribute, an address, a style or a template.
HOSTILE = (
    "<script>{}</script>",
    "</title><script>{}</script>",
    "<img src=x onerror={}>",
    "<svg onload={}>",
    "<svg><script>{}</script></svg>",
    "<body onload={}>",
    "<iframe srcdoc='<script>{}</script>'></iframe>",
    "<details open ontoggle={}>",
    "<input autofocus onfocus={}>",
    "<a href='javascript:{}'>x</a>",
    '" onmouseover="{}" x="',
    "' autofocus onfocus='{}' x='",
    "javascript:{}",
    " JaVaScRiPt:{}",
    "java\tscript:{}",
    "data:text/html,<script>{}</script>",
    'https://x.example/"onclick="{}',
    "--><script>{}</script>",
    "]]><script>{}</script>",
    "${{{}}}",
    "{{{{constructor.constructor('{}')()}}}}",
    "<math><mtext></form><form><mglyph><style></math><img src onerror={}>",
    "<style>@import 'javascript:{}'</style>",
    "\u202e<b onclick={}>\u0000",
)


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture
async def service(authority: Authority) -> AsyncIterator[WebPushServer]:
    async with WebPushServer(authority) as service:
        yield service


@pytest.fixture
async def town(tmp_path: Path, authority: Authority, service: WebPushServer) -> AsyncIterator[Town]:
    """A gateway that reaches browsers through that service."""
    (tmp_path / "ca.pem").write_bytes(authority.pem)
    web = {"kind": "webpush", "private_key": PRIVATE, "subject": "mailto:a@b.example", "services": ["127.0.0.1"]}
    async with a_town(
        tmp_path,
        server=ServerSettings(port=0),
        outbound=OutboundSettings(allow=["127.0.0.0/8"], ca_file=tmp_path / "ca.pem"),  # type: ignore[list-item]
        channels={"inbox": {"kind": "inbox"}, "web": web},
        push=PushSettings(routes={"WebPush": "web"}),
    ) as town:
        yield town


@pytest.fixture
async def context(town: Town) -> AsyncIterator[BrowserContext]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        context = await browser.new_context(viewport=PHONE, permissions=["notifications"])
        context.set_default_timeout(10_000)
        yield context
        await browser.close()


@pytest.fixture
async def page(town: Town, context: BrowserContext) -> AsyncIterator[Page]:
    """The page, not signed in. What the browser complains of, or asks of another host, fails the test."""
    complaints: list[str] = []
    page = await context.new_page()
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if "Content Security" in said.text else None)
    page.on("dialog", lambda dialog: complaints.append(dialog.message))
    page.on("request", lambda asked: None if asked.url.startswith(town.url) else complaints.append(asked.url))
    await page.goto(f"{town.url}/inbox")
    await page.wait_for_selector("#sign-in")
    yield page
    assert complaints == []


async def sign_in(page: Page, password: str = PASSWORD) -> None:
    await page.fill("#user", "keeper101")
    await page.fill("#password", password)
    await page.press("#password", "Enter")


async def enter(page: Page) -> None:
    await sign_in(page)
    await page.get_by_text("Live").wait_for()


async def push(town: Town, title: str, **fields: Any) -> None:
    message = PocketNotificationMessage(title=title, **fields)
    await town.app.services.call("SendPushNotification", {"associate_ids": [101], "message": message}, town.caller)


def entry(page: Page, title: str) -> Any:
    return page.locator("#items li", has_text=title)


async def test_a_wrong_password_is_told_and_the_right_one_opens_the_inbox(page: Page, town: Town) -> None:
    await push(town, "Fog")
    await town.inbox()
    await sign_in(page, "wrong")
    await expect(page.locator("#refused")).to_have_text("The user name or the password is not valid.")
    await enter(page)
    await entry(page, "Fog").wait_for()
    assert await page.title() == "(1) Inbox"
    assert await page.evaluate("document.cookie") == "", "no script reads the session"


async def test_a_message_appears_by_itself_and_is_marked_as_read(page: Page, town: Town) -> None:
    await enter(page)
    await page.get_by_text("Nothing here yet.").wait_for()
    await push(town, "The lamp is lit", message="Since 21:04")
    await entry(page, "The lamp is lit").wait_for()
    await expect(page.locator("#unread")).to_have_text("1")
    await page.get_by_role("button", name="Mark as read").click()
    await expect(page.locator("#unread")).to_be_hidden()
    [item] = await town.inbox()
    [delivery] = await town.app.store.outbox.deliveries([item.message_id])
    assert delivery.state is State.DELIVERED, "the receipt"


async def test_what_is_sent_is_only_ever_text(page: Page, town: Town) -> None:
    await enter(page)
    hostile = "<img src=x onerror=alert(1)><script>alert(2)</script>"
    await push(town, hostile, message=hostile, url="javascript:alert(3)", type=PushType.WEB_PAGE)
    await entry(page, hostile).wait_for()
    assert await page.locator("#items img, #items script, #items a").count() == 0
    await push(town, "Charts", url="https://charts.example/north?rev=12", type=PushType.WEB_PAGE)
    link = page.get_by_role("link", name="Open charts.example")
    assert await link.get_attribute("href") == "https://charts.example/north?rev=12"
    assert await link.get_attribute("rel") == "noopener noreferrer"


async def test_sixty_hostile_texts_run_nothing_wherever_they_stand(page: Page, town: Town) -> None:
    texts = [form.format(run) for form in HOSTILE for run in ("alert(1)", "parent.alert`2`", "print()")]
    assert len(texts) >= 60
    for text in texts:
        await push(town, text, message=text, url=text, extra_values={"image": text, "category": text, "sound": text})
    await town.inbox(len(texts))
    await enter(page)
    await page.wait_for_selector("#more")
    while await page.is_visible("#more"):
        before = await page.locator("#items li").count()
        await page.click("#more")
        await expect(page.locator("#items li")).not_to_have_count(before)
    shown = await page.locator("#items h2").all_inner_texts()
    assert len(shown) == len(texts)
    inside = "#items :not(li, div, h2, time, p, span, button, a)"
    assert await page.locator(inside).count() == 0, "nothing but the page's own elements"
    assert await page.evaluate(
        "[...document.querySelectorAll('#items *')].every((each) => [...each.attributes].every("
        "({name}) => ['class', 'id', 'datetime', 'title', 'href', 'target', 'rel'].includes(name)))"
    )
    links = await page.locator("#items a").evaluate_all("(all) => all.map((each) => each.protocol)")
    assert set(links) <= {"http:", "https:"}


async def test_a_question_is_answered_with_a_button_once_and_for_all(page: Page, town: Town) -> None:
    await enter(page)
    await push(town, "Can you take the watch?", type=PushType.QUESTION)
    await page.get_by_role("button", name="No", exact=True).click()
    await page.get_by_text("You answered no").wait_for()
    [item] = await town.inbox()
    [given] = await town.app.store.answers.of(item.message_id)
    assert given.value == "no"
    await page.reload()
    await entry(page, "Can you take the watch?").get_by_text("You answered no").wait_for()
    assert await page.get_by_role("button", name="No", exact=True).count() == 0


async def test_a_question_that_was_answered_elsewhere_says_so(page: Page, town: Town) -> None:
    await enter(page)
    await push(town, "Watch?", type=PushType.QUESTION)
    await entry(page, "Watch?").wait_for()
    [item] = await town.inbox()
    arguments = {"message_id": item.message_id, "delivery_id": item.delivery_id, "answer": "yes"}
    await town.app.services.call("AnswerQuestion", arguments, town.caller)
    await page.get_by_role("button", name="No", exact=True).click()
    await page.get_by_text("This question was answered already: yes.").wait_for()


async def test_older_messages_come_on_demand_and_unread_ones_can_be_seen_alone(page: Page, town: Town) -> None:
    for number in range(35):
        await push(town, f"Number {number:02}")
    await town.inbox(35)
    await enter(page)
    await expect(page.locator("#items li")).to_have_count(30)
    await page.click("#more")
    await expect(page.locator("#items li")).to_have_count(35)
    titles = await page.locator("#items h2").all_inner_texts()
    assert titles == [f"Number {number:02}" for number in reversed(range(35))]
    await entry(page, "Number 07").get_by_role("button").click()
    await page.click("#new")
    await expect(page.locator("#items li")).to_have_count(34)
    await page.click("#read-all")
    await page.get_by_text("Nothing unread.").wait_for()
    assert await town.app.inbox.unread(town.caller) == 0


class Line:
    """What lies between the browser and the gateway, to be cut and mended."""

    def __init__(self, town: Town) -> None:
        self._port = urlsplit(town.url).port
        self._ends: set[asyncio.StreamWriter] = set()
        self.down = False

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.down:
            writer.close()
            return
        there, back = await asyncio.open_connection("127.0.0.1", self._port)
        self._ends |= {writer, back}
        await asyncio.gather(self._copy(reader, back), self._copy(there, writer))

    async def _copy(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await source.read(65536):
                sink.write(data)
        sink.close()

    def cut(self) -> None:
        self.down = True
        for end in self._ends:
            end.transport.abort()
        self._ends.clear()


async def test_nothing_is_missed_while_the_line_is_down(town: Town, context: BrowserContext) -> None:
    line = Line(town)
    server = await asyncio.start_server(line.carry, "127.0.0.1", 0)
    page = await context.new_page()
    await page.goto(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/inbox")
    await enter(page)
    await push(town, "Before")
    await entry(page, "Before").wait_for()
    line.cut()
    await page.get_by_text("Reconnecting").wait_for()
    await push(town, "Meanwhile")
    await town.inbox(2)
    line.down = False
    await entry(page, "Meanwhile").wait_for()
    await page.get_by_text("Live").wait_for()
    await page.close()
    line.cut()
    server.close()


async def test_the_page_opens_without_a_network_once_it_was_there(
    page: Page, town: Town, context: BrowserContext
) -> None:
    await enter(page)
    await page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    await context.set_offline(True)
    await page.reload()
    await page.get_by_text("The gateway cannot be reached.").wait_for()


async def test_the_page_can_be_installed(page: Page, context: BrowserContext) -> None:
    devtools = await context.new_cdp_session(page)
    manifest = await devtools.send("Page.getAppManifest")
    assert manifest["errors"] == []
    assert msgspec.json.decode(manifest["data"])["start_url"] == "/inbox"
    trouble = await devtools.send("Page.getInstallabilityErrors")
    named = {each["errorId"] for each in trouble["installabilityErrors"]}
    assert named <= {"in-incognito"}, named  # a test's browser is always one


async def test_a_browser_that_was_told_to_stay_signed_in_keeps_its_cookie(page: Page, context: BrowserContext) -> None:
    await page.check("#stay")
    await enter(page)
    [cookie] = await context.cookies()
    assert 29 < (cookie["expires"] - time.time()) / 86400 <= 30
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")


async def test_signing_out_forgets_this_browser(page: Page, town: Town) -> None:
    await enter(page)
    await page.click("#menu summary")
    await page.click("#leave")
    await page.wait_for_selector("#sign-in")
    await page.reload()
    await page.wait_for_selector("#sign-in")
    assert await page.locator("#items li").count() == 0


async def test_the_session_that_was_ended_elsewhere_asks_to_sign_in_again(page: Page, town: Town) -> None:
    await enter(page)
    await push(town, "Fog")
    await expect(page.locator("#unread")).to_have_text("1")
    await town.app.directory.revoke_tickets(101)
    await page.get_by_role("button", name="Mark as read").click()
    await page.wait_for_selector("#sign-in")
    assert await page.locator("#items li").count() == 0


async def test_the_keyboard_alone_is_enough(page: Page, town: Town) -> None:
    await push(town, "Fog")
    await town.inbox()
    await page.keyboard.type("keeper101")
    await page.keyboard.press("Tab")
    await page.keyboard.type(PASSWORD)
    await page.keyboard.press("Enter")
    await entry(page, "Fog").wait_for()
    for _ in range(12):
        await page.keyboard.press("Tab")
        if await page.evaluate("document.activeElement.textContent") == "Mark as read":
            break
    await page.keyboard.press("Enter")
    await expect(page.locator("#unread")).to_be_hidden()


async def test_the_menu_closes_by_escape_and_by_a_click_elsewhere(page: Page) -> None:
    await enter(page)
    for close in (page.keyboard.press("Escape"), page.click("#items", position={"x": 1, "y": 0}, force=True)):
        await page.click("#menu summary")
        await page.get_by_role("button", name="Sign out").wait_for()
        await close
        await expect(page.get_by_role("button", name="Sign out")).to_be_hidden()


async def test_nothing_is_wider_than_a_phone(page: Page, town: Town) -> None:
    await enter(page)
    await push(town, "W" * 300, message="i" * 2000, url="https://" + "a" * 60 + ".example/" + "b" * 500)
    await entry(page, "WWW").wait_for()
    assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


# ------------------------------------------------------------------------------------- notifications


async def subscribed(page: Page, service: WebPushServer) -> str:
    """Turn notifications on; the id of the subscription at the service."""
    browser = service.subscribe(server_key=PUBLIC)
    await page.evaluate(SUBSCRIBING, browser.as_json())
    await enter(page)
    await page.get_by_role("button", name="Turn on notifications").click()
    await expect(page.locator("#offer")).to_be_hidden()
    assert await page.evaluate("window.subscribedWith") == PUBLIC
    return browser.id


async def handed_over(page: Page, context: BrowserContext, plain: bytes) -> None:
    """Give the service worker what its push service would."""
    devtools = await context.new_cdp_session(page)
    known: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def updated(event: dict[str, Any]) -> None:
        for version in event["versions"]:
            if version["status"] == "activated" and not known.done():
                known.set_result(version["registrationId"])

    devtools.on("ServiceWorker.workerVersionUpdated", updated)
    await devtools.send("ServiceWorker.enable")
    registration = await asyncio.wait_for(known, 60)
    origin = "/".join(page.url.split("/")[:3])
    pushed = {"origin": origin, "registrationId": registration, "data": plain.decode()}
    await devtools.send("ServiceWorker.deliverPushMessage", pushed)


async def delivered(page: Page, context: BrowserContext, plain: bytes) -> list[dict[str, Any]]:
    """Hand it over; the notifications that are shown then, once there are any."""
    await handed_over(page, context, plain)
    shown: list[dict[str, Any]] = await until(
        lambda: page.evaluate(
            "navigator.serviceWorker.ready.then((worker) => worker.getNotifications()).then((all) => all.map((each) => ({"
            "title: each.title, body: each.body, tag: each.tag, data: each.data, stays: each.requireInteraction,"
            "actions: each.actions.map((action) => action.action)})))"
        )
    )
    return shown


async def test_a_push_reaches_the_browser_through_its_service_and_is_shown(
    page: Page, town: Town, context: BrowserContext, service: WebPushServer
) -> None:
    id = await subscribed(page, service)
    [device] = await town.app.directory.devices([101])
    assert (device.platform, device.name) == ("WebPush", "Chrome on Linux")
    await push(town, "Fog over the sound", message="Horn on.", type=PushType.IMPORTANT)
    await until(lambda: service.received)
    [received] = service.received
    assert (received.subscription, received.urgency) == (id, "high")
    [shown] = await delivered(page, context, received.plain)
    assert (shown["title"], shown["body"], shown["stays"]) == ("Fog over the sound", "Horn on.", True)


async def test_a_question_is_shown_with_its_two_buttons_and_a_silent_push_shows_nothing(
    page: Page, context: BrowserContext, service: WebPushServer
) -> None:
    await subscribed(page, service)
    await handed_over(page, context, b'{"silent": true, "type": "RemoteAction", "data": {}}')
    question = {"title": "Watch?", "type": "YesNoQuestion", "answer_url": "https://g.example/answer/x", "data": {}}
    [shown] = await delivered(page, context, msgspec.json.encode(question))
    assert shown["actions"] == ["yes", "no"]
    assert shown["data"]["answer"] == "https://g.example/answer/x"


async def test_notifications_are_turned_off_as_they_were_turned_on(
    page: Page, town: Town, service: WebPushServer
) -> None:
    await subscribed(page, service)
    await page.click("#menu summary")
    await page.click("#quiet")
    await page.get_by_role("button", name="Turn on notifications").wait_for()
    assert await town.app.directory.devices([101]) == []


async def test_signing_out_takes_the_browser_off_the_list(page: Page, town: Town, service: WebPushServer) -> None:
    await subscribed(page, service)
    assert len(await town.app.directory.devices([101])) == 1
    await page.click("#menu summary")
    await page.click("#leave")
    await page.wait_for_selector("#sign-in")
    assert await town.app.directory.devices([101]) == []


async def worker_of(page: Page, context: BrowserContext) -> Worker:
    await page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    [worker] = context.service_workers
    return worker


async def test_a_notifications_button_answers_by_the_link_without_opening_the_page(
    page: Page, town: Town, context: BrowserContext
) -> None:
    await enter(page)
    await push(town, "Watch?", type=PushType.QUESTION)
    [item] = await town.inbox()
    link = f"{town.url}/answer/{town.app.links.token(Asked(1, 101, item.message_id, item.delivery_id))}"
    worker = await worker_of(page, context)
    await worker.evaluate("(link) => reply(link, 'yes')", link)
    [given] = await town.app.store.answers.of(item.message_id)
    assert given.value == "yes"
    assert len(context.pages) == 1


async def test_a_subscription_that_the_service_moved_is_registered_again_as_the_same_person(
    page: Page, town: Town, context: BrowserContext, service: WebPushServer
) -> None:
    await subscribed(page, service)
    [before] = await town.app.directory.devices([101])
    moved = service.subscribe(server_key=PUBLIC)
    worker = await worker_of(page, context)
    await worker.evaluate(SUBSCRIBING.replace("window.", "self."), moved.as_json())
    await worker.evaluate("(key) => moved(key)", PUBLIC)
    devices = await town.app.directory.devices([101])
    assert moved.subscription.endpoint in {device.handle.partition("#")[0] for device in devices}
    assert before.handle in {device.handle for device in devices}, "the service says when the old one is gone"
